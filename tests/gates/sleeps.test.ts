/*
 * tests/gates/sleeps.test.ts - a function that may sleep is never called without yield*
 *
 * The one hole in "may sleep is in the type": a call statement whose generator nobody runs compiles and does nothing. A
 * statement that is just a call of a generator function - of this file, or imported from the one that declares it, or of
 * a method that is a generator wherever it is defined - is an error.
 */

import { dirname, join } from 'node:path';
import { parseSync } from 'oxc-parser';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { read, sourceFiles } from './source.ts';

type Node = { readonly type: string; readonly start: number; readonly [key: string]: unknown };

interface Source {
  readonly file: string;
  readonly text: string;
  readonly program: unknown;
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value;

function walk(node: unknown, visit: (node: Node) => void): void {
  if (Array.isArray(node)) for (const child of node) walk(child, visit);
  if (!isNode(node)) return;
  visit(node);
  for (const child of Object.values(node)) walk(child, visit);
}

const nameOf = (node: unknown): string => (isNode(node) ? String(node.name ?? '') : '');

function parse(file: string): Source {
  const text = read(file);
  return { file, text, program: parseSync(file, text).program };
}

/** Does it say that it returns Sleeps<...>? */
function returnsGenerator(node: Node): boolean {
  const annotation = isNode(node.returnType) ? node.returnType.typeAnnotation : null;
  return isNode(annotation) && nameOf(annotation.typeName) === 'Sleeps';
}

/** Functions of a file that are generators or return one, as `file name`. */
function functions({ file, program }: Source): string[] {
  const found: string[] = [];
  walk(program, (node) => {
    if (node.type === 'FunctionDeclaration' && (node.generator || returnsGenerator(node)))
      found.push(`${file} ${nameOf(node.id)}`);
  });
  return found;
}

/** Names of methods that are generators in every class that has one so named. */
function methods(sources: readonly Source[]): Set<string> {
  const kinds = new Map<string, Set<boolean>>();
  for (const { program } of sources)
    walk(program, (node) => {
      if (node.type !== 'MethodDefinition' || !isNode(node.value)) return;
      const name = nameOf(node.key);
      kinds.set(name, (kinds.get(name) ?? new Set()).add(node.value.generator === true));
    });
  return new Set([...kinds].filter(([, kind]) => kind.size === 1 && kind.has(true)).map(([name]) => name));
}

/** Where a name of this file comes from: `file name`, for what is imported and for what is its own. */
function origins({ file, program }: Source): Map<string, string> {
  const map = new Map<string, string>();
  walk(program, (node) => {
    if (node.type !== 'ImportDeclaration' || !isNode(node.source)) return;
    const from = join(dirname(file), String(node.source.value));
    for (const specifier of node.specifiers as Node[])
      map.set(nameOf(specifier.local), `${from} ${nameOf(specifier.imported)}`);
  });
  return map;
}

function lostCalls(
  source: Source,
  sleeping: ReadonlySet<string>,
  sleepingMethods: ReadonlySet<string>,
): string[] {
  const imported = origins(source);
  const sleeps = (callee: unknown): boolean => {
    if (!isNode(callee)) return false;
    if (callee.type === 'MemberExpression') return sleepingMethods.has(nameOf(callee.property));
    return sleeping.has(imported.get(nameOf(callee)) ?? `${source.file} ${nameOf(callee)}`);
  };
  const lost: string[] = [];
  walk(source.program, (node) => {
    const call = node.expression;
    if (
      node.type !== 'ExpressionStatement' ||
      !isNode(call) ||
      call.type !== 'CallExpression' ||
      !sleeps(call.callee)
    )
      return;
    lost.push(`${source.file}:${source.text.slice(0, node.start).split('\n').length}`);
  });
  return lost;
}

test('a sleeping function is called with yield*', () => {
  const sources = sourceFiles(['kernel', 'arch']).map(parse);
  const sleeping = new Set(sources.flatMap(functions));
  assert.ok(sleeping.size > 50, 'the gate does not see the generators');
  assert.equal(
    sources.flatMap((source) => lostCalls(source, sleeping, methods(sources))),
    [],
  );
});

test.run();
