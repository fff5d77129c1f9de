/*
 * tests/gates/sleeps.test.ts - a function that may sleep is never called without yield*
 *
 * The one hole in "may sleep is in the type": a call statement whose generator nobody runs compiles and does nothing. Names
 * of generator functions are collected over all files; a statement that is just a call of one of them is an error.
 */

import { parseSync } from 'oxc-parser';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { read, sourceFiles } from './source.ts';

type Node = { readonly type: string; readonly start: number; readonly [key: string]: unknown };

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value;

function walk(node: unknown, visit: (node: Node) => void): void {
  if (Array.isArray(node)) for (const child of node) walk(child, visit);
  if (!isNode(node)) return;
  visit(node);
  for (const child of Object.values(node)) walk(child, visit);
}

const programs = sourceFiles(['kernel', 'arch']).map((file) => ({ file, source: read(file) }));
const trees = programs.map(({ file, source }) => ({
  file,
  source,
  program: parseSync(file, source).program as unknown,
}));

function nameOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === 'Identifier') return node.name as string;
  return node.type === 'MemberExpression' ? nameOf(node.property) : undefined;
}

function generatorNames(): Set<string> {
  const names = new Set<string>();
  for (const { program } of trees)
    walk(program, (node) => {
      if (node.type === 'FunctionDeclaration' && node.generator) names.add(nameOf(node.id)!);
      const value = node.value;
      if (node.type === 'MethodDefinition' && isNode(value) && value.generator)
        names.add(nameOf(node.key) ?? '');
    });
  return names;
}

test('a sleeping function is called with yield*', () => {
  const sleeping = generatorNames();
  const lost: string[] = [];
  for (const { file, source, program } of trees)
    walk(program, (node) => {
      const call = node.expression;
      if (node.type !== 'ExpressionStatement' || !isNode(call) || call.type !== 'CallExpression') return;
      const name = nameOf(call.callee);
      if (name && sleeping.has(name))
        lost.push(`${file}:${source.slice(0, node.start).split('\n').length} ${name}()`);
    });
  assert.equal(lost, []);
});

test.run();
