import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Cpu } from '../../../../../board/cpu/cpu.ts';
import { thread_of } from '../../../../../arch/arm64/include/asm/processor.ts';
import { SigFrameBuffer } from '../../../../../arch/arm64/include/asm/sigcontext.ts';
import { FpSimd } from '../../../../../arch/arm64/kernel/fpsimd.ts';
import { ORIG_X0, PSR_I_BIT, type PtRegs } from '../../../../../arch/arm64/include/asm/ptrace.ts';
import { arch_do_signal_or_restart, arch_untagged_si_addr } from '../../../../../arch/arm64/kernel/signal.ts';
import { rt_sigreturn } from '../../../../../arch/arm64/kernel/sigreturn.ts';
import { TIF_RESTORE_SIGMASK, TIF_SINGLESTEP, type Task } from '../../../../../kernel/include/linux/sched.ts';
import type { Mm } from '../../../../../kernel/include/linux/mm_types.ts';
import type { UserPtr } from '../../../../../kernel/include/linux/types.ts';
import {
  SA_NODEFER,
  SA_ONSTACK,
  SA_RESETHAND,
  SA_RESTART,
  SA_RESTORER,
  SA_SIGINFO,
  SIGSEGV,
  SIGUSR1,
  SIGUSR2,
} from '../../../../../kernel/include/uapi/signal.ts';
import { do_sigaction } from '../../../../../kernel/signal/action.ts';
import { force_sig_fault } from '../../../../../kernel/signal/force.ts';
import { send_sig } from '../../../../../kernel/signal/kill.ts';
import { task_sigpending } from '../../../../../kernel/signal/pending.ts';
import { EMPTY_SIGSET, sigismember, sigset } from '../../../../../kernel/signal/sigset.ts';
import { now, testKernel, testTask } from '../../../../lib/kernel.ts';
import { UserMemory } from '../../../../lib/user-memory.ts';

/* Sizes, offsets and outcomes: real arm64 Linux 6.12 and 7.2, as recorded in the project's specification of the entry path. */
const STACK = 0x7fff_0000_0000;
const SIZE = 0x4000;
const SP = STACK + SIZE - 0x128; // 8 modulo 16
const HANDLER = 0x40_1000;
const SIGTRAMP = 0x7000_0324;

function setup(flags = 0, sa_mask = EMPTY_SIGSET) {
  const memory = new UserMemory(STACK, SIZE);
  const kernel = testKernel({
    ...memory.arch,
    vdso: { sigtramp: () => SIGTRAMP },
    sigframe: new SigFrameBuffer(),
    fpsimd: new FpSimd({} as Cpu), // nobody's registers are in it: they are in memory
    rt_sigreturn,
    user_stack_pointer: (r: PtRegs) => r.sp,
  } as never);
  const task = testTask(kernel, testTask(kernel));
  task.mm = { mmap: [] } as unknown as Mm;
  kernel.sched.current = task;
  for (const sig of [SIGUSR1, SIGUSR2, SIGSEGV]) {
    do_sigaction(task, sig, {
      ...{ sa_handler: HANDLER as UserPtr, sa_flags: flags, sa_restorer: 0x1234 as UserPtr, sa_mask },
    });
  }
  const regs = task.regs as PtRegs;
  for (let n = 0; n < 31; n++) regs.put(n, 0x100 + n);
  regs.pc = 0x40_2000;
  regs.sp = SP;
  regs.pstate = 0x6000_0000;
  regs.syscallno = -1;
  return { memory, kernel, task, regs };
}

const deliver = (task: Task): void => now(arch_do_signal_or_restart(task));

test('the handler finds siginfo at sp, ucontext at +128, its frame record 4688 above, sp aligned to 16', () => {
  const { memory, task, regs } = setup(SA_SIGINFO);
  send_sig(SIGUSR1, task, true);
  deliver(task);
  const frame = regs.sp;
  assert.is(frame % 16, 0);
  assert.is(SP - 8 - frame, 4704);
  assert.is(regs.pc, HANDLER);
  assert.equal(
    [0, 1, 2].map((n) => regs.signedValue(n)),
    [SIGUSR1, frame, frame + 128],
  );
  assert.is(regs.signedValue(30), SIGTRAMP);
  assert.is(regs.signedValue(29), frame + 4688);
  assert.is(memory.u64(frame + 4688), 0x11dn); // x29 and x30 of the interrupted function
  assert.is(memory.u64(frame + 4696), 0x11en);

  assert.is(memory.u32(frame), SIGUSR1);
  assert.is(memory.u32(frame + 8), 0x80);
  assert.is(memory.u64(frame + 312 + 8 * 7), 0x107n);
  assert.equal(
    [560, 568, 576].map((at) => memory.u64(frame + at)),
    [BigInt(SP), 0x40_2000n, 0x6000_0000n],
  );
  assert.is(memory.u32(frame + 592), 0x4650_8001);
  assert.is(memory.u32(frame + 596), 0x210);
  assert.equal(
    [592 + 528, 592 + 532].map((at) => memory.u32(frame + at)),
    [0, 0],
  );
  assert.is(regs.signedValue(19), 0x100 + 19);
});

test('x1 and x2 keep their values without SA_SIGINFO; SA_RESTORER decides where the handler returns to', () => {
  const { task, regs } = setup(SA_RESTORER);
  send_sig(SIGUSR1, task, true);
  deliver(task);
  assert.equal(
    [1, 2, 30].map((n) => regs.signedValue(n)),
    [0x101, 0x102, 0x1234],
  );
});

test('a fault adds its syndrome: an ESR record of 16 bytes, and FAR in fault_address', () => {
  const { memory, task, regs } = setup(SA_SIGINFO);
  thread_of(task).fault_address = 0xdead_0000n;
  thread_of(task).fault_code = 0x9200_0046;
  force_sig_fault(SIGSEGV, 1, 0xdead_0000n, task);
  deliver(task);
  const records = regs.sp + 592 + 528;
  assert.equal(
    [0, 4, 8].map((at) => memory.u32(records + at)),
    [0x4553_5201, 16, 0x9200_0046],
  );
  assert.equal(
    [16, 20].map((at) => memory.u32(records + at)),
    [0, 0],
  );
  assert.is(memory.u64(regs.sp + 304), 0xdead_0000n);
  assert.is(memory.u64(regs.sp + 16), 0xdead_0000n);
});

test('during the handler its signal and sa_mask are blocked; the frame keeps the mask of before', () => {
  const { memory, task, regs } = setup(0, sigset(40));
  task.blocked = sigset(3);
  send_sig(SIGUSR1, task, true);
  deliver(task);
  assert.equal(task.blocked, sigset(3, SIGUSR1, 40));
  assert.is(memory.u64(regs.sp + 168), 4n);

  const other = setup(SA_NODEFER | SA_RESETHAND);
  send_sig(SIGUSR1, other.task, true);
  deliver(other.task);
  assert.equal(other.task.blocked, EMPTY_SIGSET);
  assert.is(other.task.sighand.action[SIGUSR1 - 1]!.sa_handler, 0);
});

test('after sigsuspend the frame keeps the mask of before the call', () => {
  const { memory, task, regs } = setup();
  task.saved_sigmask = sigset(5);
  task.thread_info.flags |= TIF_RESTORE_SIGMASK;
  send_sig(SIGUSR1, task, true);
  deliver(task);
  assert.is(memory.u64(regs.sp + 168), 16n);
  assert.not(task.thread_info.flags & TIF_RESTORE_SIGMASK);
});

test('SA_ONSTACK goes to the top of the alternate stack, once', () => {
  const { task, regs } = setup(SA_ONSTACK);
  task.sas_ss_sp = STACK as UserPtr;
  task.sas_ss_size = 0x3010;
  task.sas_ss_flags = 0;
  send_sig(SIGUSR1, task, true);
  deliver(task);
  assert.is(regs.sp, STACK + 0x3010 - 4704);
  const first = regs.sp;
  send_sig(SIGUSR2, task, true);
  deliver(task);
  assert.ok(regs.sp < first && regs.sp >= first - 4704 - 16); // already on it
});

test('a stack that cannot take the frame is a SIGSEGV, and a SIGSEGV that cannot be delivered is the end', () => {
  const { task, regs } = setup();
  regs.sp = 0x1000;
  send_sig(SIGUSR1, task, true);
  deliver(task);
  assert.is(regs.sp, 0x1000);
  assert.ok(sigismember(task.pending.signal, SIGSEGV));
  deliver(task);
  assert.is(task.sighand.action[SIGSEGV - 1]!.sa_handler, 0);
  assert.ok(sigismember(task.pending.signal, SIGSEGV));
});

test('sigreturn puts back registers, mask and alternate stack', () => {
  const { task, regs } = setup(SA_SIGINFO);
  task.blocked = sigset(3);
  const before = regs.regs.slice(0, 34);
  send_sig(SIGUSR1, task, true);
  deliver(task);
  regs.syscallno = 139;
  assert.is(rt_sigreturn(task), 0x100n);
  assert.equal(regs.regs.slice(0, 34), before);
  assert.equal(task.blocked, sigset(3));
  assert.is(regs.syscallno, -1);
});

/* Edits of the frame in the handler: [offset from the records or registers, value], and whether the kernel takes it. */
const edits: [string, (memory: UserMemory, frame: number) => void, boolean][] = [
  ['PSTATE.I', (m, f) => m.view.setUint32(f - STACK + 576, PSR_I_BIT, true), false],
  ['EL1h', (m, f) => m.view.setUint32(f - STACK + 576, 5, true), false],
  ['AArch32', (m, f) => m.view.setUint32(f - STACK + 576, 0x10, true), false],
  ['PSTATE.SS, IL and bit 40', (m, f) => m.view.setBigUint64(f - STACK + 576, 0x100_0030_0000n, true), true],
  ['an unknown record', (m, f) => m.view.setUint32(f - STACK + 592, 0x1234_5678, true), false],
  ['no FPSIMD record', (m, f) => m.view.setBigUint64(f - STACK + 592, 0n, true), false],
  ['FPSIMD of a wrong size', (m, f) => m.view.setUint32(f - STACK + 596, 0x200, true), false],
  [
    'FPSIMD twice',
    (m, f) => {
      m.view.setUint32(f - STACK + 592 + 528, 0x4650_8001, true);
      m.view.setUint32(f - STACK + 592 + 532, 0x210, true);
    },
    false,
  ],
  ['a terminator with a size', (m, f) => m.view.setUint32(f - STACK + 592 + 532, 16, true), false],
  ['flags that sigaltstack() would refuse', (m, f) => m.view.setUint32(f - STACK + 152, 77, true), true],
];

for (const [what, edit, taken] of edits) {
  test(`sigreturn ${taken ? 'ignores' : 'refuses'} ${what}`, () => {
    const { memory, task, regs } = setup();
    send_sig(SIGUSR1, task, true);
    deliver(task);
    edit(memory, regs.sp);
    rt_sigreturn(task);
    assert.is(sigismember(task.pending.signal, SIGSEGV), !taken);
    assert.is(regs.pstate & ~0xf000_0000, 0);
  });
}

test('sigreturn with a stack pointer that is odd or nowhere is a SIGSEGV at that address', () => {
  for (const sp of [STACK + 8, 0x1000]) {
    const { task, regs } = setup();
    regs.sp = sp;
    rt_sigreturn(task);
    const info = task.pending.list[0]!.info;
    assert.equal([info.si_signo, info.si_code, info.si_addr], [SIGSEGV, 1, BigInt(sp)]);
  }
});

test('PSTATE.SS follows single-stepping, not the frame', () => {
  const { task, regs } = setup();
  send_sig(SIGUSR1, task, true);
  deliver(task);
  task.thread_info.flags |= TIF_SINGLESTEP;
  rt_sigreturn(task);
  assert.is(regs.pstate & 0x20_0000, 0x20_0000);
});

/* [code, flags of the handler or none, x0 afterwards, again?, x8 afterwards] */
const AGAIN = 0x1234;
const restarts: [number, number | null, number, boolean, number][] = [
  [-512, null, AGAIN, true, 63],
  [-512, SA_RESTART, AGAIN, true, 63],
  [-512, 0, -4, false, 63],
  [-513, null, AGAIN, true, 63],
  [-513, SA_RESTART, AGAIN, true, 63],
  [-513, 0, AGAIN, true, 63],
  [-514, null, AGAIN, true, 63],
  [-514, SA_RESTART, -4, false, 63],
  [-514, 0, -4, false, 63],
  [-516, null, AGAIN, true, 128],
  [-516, SA_RESTART, -4, false, 63],
  [-516, 0, -4, false, 63],
  [-515, 0, -515, false, 63],
  [-4, null, -4, false, 63],
];

for (const [code, flags, x0, again, x8] of restarts) {
  const how = flags === null ? 'no handler' : flags ? 'SA_RESTART' : 'a handler';
  test(`${code} with ${how}: x0 is ${x0}, the call is ${again ? '' : 'not '}made again`, () => {
    const { memory, task, regs } = setup(flags ?? 0);
    regs.syscallno = 63;
    regs.put(8, 63);
    regs.put(0, code);
    regs.put(ORIG_X0, AGAIN);
    if (flags !== null) send_sig(SIGUSR1, task, true);
    deliver(task);
    const interrupted = flags === null ? regs.regs : null;
    const get = (n: number): bigint =>
      BigInt.asIntN(64, interrupted ? interrupted[n]! : memory.u64(regs.sp + 312 + 8 * n));
    assert.is(get(0), BigInt(x0));
    assert.is(get(32), again ? 0x40_1ffcn : 0x40_2000n);
    assert.is(get(8), BigInt(x8));
    assert.is(regs.syscallno, -1);
  });
}

test('outside a system call x0 may look like a restart code', () => {
  const { task, regs } = setup();
  regs.put(0, -512);
  deliver(task);
  assert.is(regs.signedValue(0), -512);
  assert.is(regs.pc, 0x40_2000);
});

test('without a handler the saved mask comes back', () => {
  const { task } = setup();
  task.saved_sigmask = sigset(5);
  task.blocked = EMPTY_SIGSET;
  task.thread_info.flags |= TIF_RESTORE_SIGMASK;
  deliver(task);
  assert.equal(task.blocked, sigset(5));
  assert.not(task_sigpending(task));
});

test('the tag of a user address is hidden; a kernel address and that of a watchpoint stay as they are', () => {
  assert.is(arch_untagged_si_addr(0xab00_1234_5678_9abcn, SIGSEGV, 1), 0x0000_1234_5678_9abcn);
  assert.is(arch_untagged_si_addr(0x12ff_ffff_ffff_fff0n, SIGSEGV, 1), 0x12ff_ffff_ffff_fff0n);
  assert.is(arch_untagged_si_addr(0xab00_1234_5678_9abcn, 5, 4), 0xab00_1234_5678_9abcn);
});

test.run();
