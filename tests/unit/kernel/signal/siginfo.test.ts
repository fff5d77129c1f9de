import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { KernelSigInfo } from '../../../../kernel/include/linux/signal.ts';
import { siginfo_layout, siginfo_to_bytes, si_fromuser } from '../../../../kernel/signal/siginfo.ts';

/* Offsets: include/uapi/asm-generic/siginfo.h on a 64-bit machine; checked with offsetof() by aarch64-linux-gnu-gcc. */
const bytesOf = (info: KernelSigInfo): DataView => {
  const view = new DataView(new ArrayBuffer(128));
  siginfo_to_bytes(view, 0, info);
  return view;
};

test('the layout follows from signal and code', () => {
  const rows: [number, number, string][] = [
    [10, 0, 'kill'], //     kill()
    [10, -1, 'rt'], //      sigqueue()
    [10, -6, 'rt'], //      tgkill(): pid and uid are at the same place
    [14, -2, 'timer'],
    [29, 1, 'poll'],
    [10, 2, 'poll'], //     F_SETSIG
    [11, 1, 'fault'],
    [11, 0x80, 'kill'], //  forced by the kernel
    [7, 4, 'mceerr'],
    [5, 4, 'fault'],
    [17, 1, 'chld'],
    [31, 1, 'sys'],
    [31, 3, 'poll'], //     beyond what SIGSYS knows
    [29, -5, 'poll'],
  ];
  for (const [sig, code, layout] of rows) assert.is(siginfo_layout(sig, code), layout, `${sig} ${code}`);
});

test('a fault says where, SIGCHLD who and how, SIGSYS which call', () => {
  const fault = bytesOf({ si_signo: 11, si_errno: 0, si_code: 1, si_addr: 0xff00_0000_dead_beefn });
  assert.is(fault.getInt32(0, true), 11);
  assert.is(fault.getInt32(8, true), 1);
  assert.is(fault.getBigUint64(16, true), 0xff00_0000_dead_beefn);

  const child = bytesOf({
    ...{ si_signo: 17, si_errno: 0, si_code: 2, si_pid: 42, si_uid: 1000, si_status: 9 },
    ...{ si_utime: 7, si_stime: 2 ** 33 },
  });
  assert.equal(
    [16, 20, 24].map((at) => child.getInt32(at, true)),
    [42, 1000, 9],
  );
  assert.equal(
    [32, 40].map((at) => child.getBigInt64(at, true)),
    [7n, 2n ** 33n],
  );

  const sys = bytesOf({
    ...{ si_signo: 31, si_errno: 5, si_code: 1 },
    ...{ si_call_addr: 0x40_0123_4568, si_syscall: -1, si_arch: 0xc000_00b7 },
  });
  assert.is(sys.getInt32(4, true), 5);
  assert.is(sys.getBigUint64(16, true), 0x40_0123_4568n);
  assert.is(sys.getInt32(24, true), -1);
  assert.is(sys.getUint32(28, true), 0xc000_00b7);
});

test('what user space queued arrives byte for byte', () => {
  const raw = Uint8Array.from({ length: 48 }, (_, i) => i + 1);
  const view = bytesOf({ si_signo: 10, si_errno: 0, si_code: -1, raw });
  assert.equal(new Uint8Array(view.buffer, 0, 48), raw);
  assert.ok(new Uint8Array(view.buffer, 48).every((byte) => byte === 0));
});

test('only codes up to zero come from user space', () => {
  const code = (si_code: number) => ({ si_signo: 10, si_errno: 0, si_code });
  assert.ok(si_fromuser(code(0)));
  assert.ok(si_fromuser(code(-6)));
  assert.not(si_fromuser(code(0x80)));
  assert.not(si_fromuser(1));
  assert.ok(si_fromuser(0));
});

test.run();
