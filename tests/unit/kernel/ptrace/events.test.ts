import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { JOBCTL_TRAP_STOP } from '../../../../kernel/include/linux/jobctl.ts';
import {
  PT_EVENT_FLAG,
  PT_PTRACED,
  PT_SEIZED,
  PT_TRACESYSGOOD,
} from '../../../../kernel/include/linux/ptrace.ts';
import {
  PTRACE_EVENT_CLONE,
  PTRACE_EVENT_EXEC,
  PTRACE_EVENT_EXIT,
  PTRACE_EVENT_FORK,
  PTRACE_EVENT_VFORK,
  PTRACE_EVENTMSG_SYSCALL_ENTRY,
} from '../../../../kernel/include/uapi/ptrace.ts';
import { CLONE_THREAD, CLONE_UNTRACED, CLONE_VFORK } from '../../../../kernel/include/uapi/sched.ts';
import { SIGCHLD, SIGKILL, SIGSTOP, SIGTRAP, SIGUSR1 } from '../../../../kernel/include/uapi/signal.ts';
import {
  ptrace_clone_event,
  ptrace_event,
  ptrace_init_task,
  ptrace_report_syscall,
} from '../../../../kernel/ptrace/events.ts';
import { send_sig } from '../../../../kernel/signal/kill.ts';
import { sigismember } from '../../../../kernel/signal/sigset.ts';
import { now, testTask } from '../../../lib/kernel.ts';
import { codes, ends, family } from '../../../lib/traced.ts';

const FORKS = [PTRACE_EVENT_FORK, PTRACE_EVENT_VFORK, PTRACE_EVENT_CLONE].reduce(
  (bits, event) => bits | PT_EVENT_FLAG(event),
  PT_PTRACED,
);

/** From the stop on: with that signal. */
function resumeWith(child: { exit_code: number }, sig: number): void {
  child.exit_code = sig;
}

test('checks 18, 19: a call`s stop has bit 7 with SYSGOOD, and is a SIGTRAP without', () => {
  for (const [flags, code] of [
    [PT_PTRACED | PT_TRACESYSGOOD, SIGTRAP | 0x80],
    [PT_PTRACED, SIGTRAP],
  ] as const) {
    const { child } = family(flags);
    ptrace_report_syscall(child, PTRACE_EVENTMSG_SYSCALL_ENTRY).next();
    assert.is(child.exit_code, code);
    assert.is(child.last_siginfo!.si_code, code);
    assert.is(child.ptrace_message, PTRACE_EVENTMSG_SYSCALL_ENTRY);
  }
});

test('a signal that the tracer gives at a call is sent to the tracee', () => {
  const { child } = family();
  const life = ptrace_report_syscall(child, PTRACE_EVENTMSG_SYSCALL_ENTRY);
  life.next();
  resumeWith(child, SIGUSR1);
  assert.is(ends(life), false);
  assert.ok(sigismember(child.pending.signal, SIGUSR1));
});

test('a stop with SYSGOOD that nobody has waited for leaves no signal behind', () => {
  const { child } = family(PT_PTRACED | PT_TRACESYSGOOD);
  const life = ptrace_report_syscall(child, PTRACE_EVENTMSG_SYSCALL_ENTRY);
  life.next();
  assert.is(child.exit_code, SIGTRAP | 0x80); // as the tracer left it when it died
  ends(life);
  assert.equal(codes(child), []);
});

test('check 55: who is killed in the stop is not to make the call', () => {
  const { child } = family();
  const life = ptrace_report_syscall(child, PTRACE_EVENTMSG_SYSCALL_ENTRY);
  life.next();
  send_sig(SIGKILL, child, true);
  assert.is(ends(life), true);
});

test('who is not traced, or is to die, does not stop', () => {
  const { init, child } = family();
  assert.is(now(ptrace_report_syscall(init, PTRACE_EVENTMSG_SYSCALL_ENTRY)), false);
  send_sig(SIGKILL, child, true);
  assert.is(now(ptrace_report_syscall(child, PTRACE_EVENTMSG_SYSCALL_ENTRY)), true);
});

test('an event stops who was asked to, with its message', () => {
  const { child } = family(PT_PTRACED | PT_EVENT_FLAG(PTRACE_EVENT_EXIT));
  const life = ptrace_event(child, PTRACE_EVENT_EXIT, 768);
  life.next();
  assert.is(child.exit_code, (PTRACE_EVENT_EXIT << 8) | SIGTRAP);
  assert.is(child.ptrace_message, 768);
  resumeWith(child, SIGUSR1); // means nothing here
  ends(life);
  assert.equal(codes(child), []);
  now(ptrace_event(child, PTRACE_EVENT_FORK, 1));
});

test('check 137: a new program is a SIGTRAP to a tracer that attached without TRACEEXEC', () => {
  const attached = family().child;
  now(ptrace_event(attached, PTRACE_EVENT_EXEC, attached.pid));
  assert.ok(sigismember(attached.pending.signal, SIGTRAP));
  const seized = family(PT_PTRACED | PT_SEIZED).child;
  now(ptrace_event(seized, PTRACE_EVENT_EXEC, seized.pid));
  assert.not(sigismember(seized.pending.signal, SIGTRAP));
  const { init } = family();
  now(ptrace_event(init, PTRACE_EVENT_EXEC, init.pid));
  assert.not(sigismember(init.pending.signal, SIGTRAP));
});

test('which event a clone is: ptrace(2), PTRACE_O_TRACECLONE, TRACEFORK and TRACEVFORK', () => {
  const { child } = family(FORKS);
  assert.is(ptrace_clone_event(child, 0, SIGCHLD), PTRACE_EVENT_FORK);
  assert.is(ptrace_clone_event(child, CLONE_VFORK, SIGCHLD), PTRACE_EVENT_VFORK);
  assert.is(ptrace_clone_event(child, CLONE_VFORK, 0), PTRACE_EVENT_VFORK);
  assert.is(ptrace_clone_event(child, CLONE_THREAD, 0), PTRACE_EVENT_CLONE);
  assert.is(ptrace_clone_event(child, 0, SIGUSR1), PTRACE_EVENT_CLONE);
  assert.is(ptrace_clone_event(child, CLONE_UNTRACED, SIGCHLD), 0);
  assert.is(ptrace_clone_event(family().child, 0, SIGCHLD), 0);
});

test('check 132: what a tracee makes starts with SIGSTOP when it was attached, with a trap when it was seized', () => {
  for (const seized of [false, true]) {
    const { kernel, tracer, child } = family(FORKS | (seized ? PT_SEIZED : 0));
    const made = testTask(kernel, child);
    ptrace_init_task(made, child, true);
    assert.is(made.ptrace, child.ptrace);
    assert.ok(tracer.ptraced.has(made));
    assert.is((made.jobctl & JOBCTL_TRAP_STOP) !== 0, seized);
    assert.is(sigismember(made.pending.signal, SIGSTOP), !seized);
  }
});

test('without an event it starts untraced', () => {
  const { kernel, child } = family();
  const made = testTask(kernel, child);
  ptrace_init_task(made, child, false);
  assert.is(made.ptrace, 0);
  assert.is(made.parent, child);
});

test.run();
