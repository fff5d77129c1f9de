import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  EMPTY_SIGSET,
  first_signal,
  has_pending_signals,
  sigaddset,
  sigandnsets,
  sigdelset,
  sigismember,
  signotset,
  sigset,
  sigset_from_bytes,
  sigset_to_bytes,
  sigset_to_hex,
  without_kernel_only,
} from '../../../../kernel/signal/sigset.ts';

test('signal n is bit n-1 of the 64-bit word that user space sees', () => {
  for (const sig of [1, 9, 31, 32, 33, 34, 63, 64]) {
    const view = new DataView(new ArrayBuffer(8));
    sigset_to_bytes(view, 0, sigset(sig));
    assert.is(view.getBigUint64(0, true), 1n << BigInt(sig - 1));
    assert.equal(sigset_from_bytes(view), sigset(sig));
    assert.is(sigset_to_hex(sigset(sig)), (1n << BigInt(sig - 1)).toString(16).padStart(16, '0'));
  }
});

test('a set holds what was added and not removed', () => {
  const set = sigdelset(sigaddset(sigset(1, 32, 33, 64), 5), 33);
  assert.equal(
    Array.from({ length: 64 }, (_, i) => i + 1).filter((sig) => sigismember(set, sig)),
    [1, 5, 32, 64],
  );
});

test('the lowest number comes first', () => {
  assert.is(first_signal(sigset(64, 33, 40)), 33);
  assert.is(first_signal(sigset(32, 33)), 32);
  assert.is(first_signal(sigset(64)), 64);
  assert.is(first_signal(EMPTY_SIGSET), 0);
});

test('a blocked signal is not pending for anybody', () => {
  assert.not(has_pending_signals(sigset(10, 40), sigset(10, 40, 41)));
  assert.ok(has_pending_signals(sigset(10, 40), sigset(10)));
  assert.equal(sigandnsets(sigset(10, 40), sigset(10)), sigset(40));
});

test('~0 as a mask reads back without SIGKILL and SIGSTOP: 0xfffffffffffbfeff', () => {
  assert.is(sigset_to_hex(without_kernel_only(signotset(EMPTY_SIGSET))), 'fffffffffffbfeff');
});

test.run();
