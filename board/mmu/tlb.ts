/*
 * board/mmu/tlb.ts - the translation lookaside buffer that generated code reads inline
 *
 * Manual: Arm ARM, "Translation Lookaside Buffers"; "TLB maintenance instructions"; "Global and process-specific
 *         translation table entries"
 * Guest:  arch/arm64/mm/context.ts gives ASIDs out, and invalidates after a table has changed
 *
 *   EL1      one bank: a kernel's own translations are global, and survive a change of address space
 *   EL0 [8]  a bank for each of the ASIDs that were current last: who is switched to finds his translations again
 *
 * So a change of exception level or of address space costs a word in STATE. An entry does not say whose it is: the
 * bank does. One of EL0 that is global stands only in the bank that was current when it was filled, and whoever
 * invalidates its address looks there too. Holding less than the architecture allows is always right.
 */

import { STATE, TLB_BANK, TLB_USERS } from '../cpu/state.ts';
import { CODE, DATA, GLOBAL, Side, WITHHELD } from './tlb-side.ts';
import { PERM_EXEC, PERM_WRITE } from './walk.ts';

class Bank {
  readonly offset: number;
  readonly data: Side;
  readonly code: Side;
  /** Whose it is, in the banks of EL0; and when it last became current. */
  asid = 0;
  stamp = 0;

  constructor(words: Uint32Array, offset: number) {
    this.offset = offset;
    this.data = new Side(words, offset, DATA);
    this.code = new Side(words, offset, CODE);
  }

  get hasGlobals(): boolean {
    return this.data.hasGlobals || this.code.hasGlobals;
  }

  flushPage(vaHi: number, vaLo: number): void {
    this.data.flushPage(vaHi, vaLo);
    this.code.flushPage(vaHi, vaLo);
  }

  flushLocals(): void {
    this.data.flushLocals();
    this.code.flushLocals();
  }

  flushAll(): void {
    this.data.flushAll();
    this.code.flushAll();
  }
}

export class Tlb {
  private readonly words: Uint32Array;
  private readonly kernel: Bank;
  private readonly users: Bank[] = [];
  private user: Bank;
  private clock = 0;

  constructor(memory: WebAssembly.Memory) {
    this.words = new Uint32Array(memory.buffer);
    this.kernel = new Bank(this.words, STATE.TLB_EL1);
    this.user = this.newBank();
  }

  get asid(): number {
    return this.user.asid;
  }

  /** The address space with this number becomes the current one. */
  setAsid(asid: number): void {
    if (asid === this.user.asid) return;
    this.kernel.flushLocals();
    this.user = this.bankOf(asid) ?? this.takeBank(asid);
    this.user.stamp = ++this.clock;
    this.words[STATE.TLB_USER >>> 2] = this.user.offset;
    if (this.words[STATE.EL >>> 2] === 0) this.words[STATE.TLB >>> 2] = this.user.offset;
  }

  /* ---- Filling: as exception level `el` sees the current address space ---- */

  /** The page at host pointer `host` may be read and written with `perms` (PERM_*); `watched`: who writes asks first. */
  fillData(
    el: 0 | 1,
    vaHi: number,
    vaLo: number,
    host: number,
    perms: number,
    level: number,
    global: boolean,
    watched: boolean,
  ): void {
    const withheld = watched && (perms & PERM_WRITE) !== 0;
    const note = level | (global ? GLOBAL : 0) | (withheld ? WITHHELD : 0);
    this.bank(el).data.fill(vaHi, vaLo, host, perms, note);
  }

  fillCode(el: 0 | 1, vaHi: number, vaLo: number, host: number, level: number, global: boolean): void {
    this.bank(el).code.fill(vaHi, vaLo, host, PERM_EXEC, level | (global ? GLOBAL : 0));
  }

  /** Whether an address can be fetched from, and then its host pointer. */
  hasCode(el: 0 | 1, vaHi: number, vaLo: number): boolean {
    return this.bank(el).code.has(vaHi, vaLo);
  }

  codeHost(el: 0 | 1, vaLo: number): number {
    return this.bank(el).code.host(vaLo);
  }

  /** From now on who writes to the page at this host pointer asks. */
  withholdWrites(host: number): void {
    this.kernel.data.withhold(host);
    for (const { data } of this.users) data.withhold(host);
  }

  /** Host pointer to an address that may be written, as only who asks may know; 0: it is not known to be such. */
  withheldHost(el: 0 | 1, vaHi: number, vaLo: number): number {
    const { data } = this.bank(el);
    return data.withholds(vaHi, vaLo) ? data.host(vaLo) : 0;
  }

  /** An address that was withheld may be written without being asked for. */
  grantWrites(el: 0 | 1, vaHi: number, vaLo: number): void {
    this.bank(el).data.grant(vaHi, vaLo);
  }

  /** A page of code is to be asked for again. */
  dropCode(el: 0 | 1, vaLo: number): void {
    this.bank(el).code.drop(vaLo);
  }

  /* ---- Maintenance ---- */

  /** What maps this page in every address space. */
  flushPage(vaHi: number, vaLo: number): void {
    this.kernel.flushPage(vaHi, vaLo);
    for (const bank of this.users) bank.flushPage(vaHi, vaLo);
  }

  /** What maps this page in one address space: its own entries, and global ones wherever they are. */
  flushPageOf(asid: number, vaHi: number, vaLo: number): void {
    this.kernel.flushPage(vaHi, vaLo);
    for (const bank of this.users) if (bank.asid === asid || bank.hasGlobals) bank.flushPage(vaHi, vaLo);
  }

  /** An address space, but for what is global. */
  flushAsid(asid: number): void {
    if (asid === this.user.asid) this.kernel.flushLocals();
    this.bankOf(asid)?.flushLocals();
  }

  flushAll(): void {
    this.kernel.flushAll();
    for (const bank of this.users) bank.flushAll();
  }

  private bank(el: 0 | 1): Bank {
    return el === 0 ? this.user : this.kernel;
  }

  private bankOf(asid: number): Bank | undefined {
    for (const bank of this.users) if (bank.asid === asid) return bank;
    return undefined;
  }

  /** A bank that was never used, or the one that has not been current for longest. */
  private takeBank(asid: number): Bank {
    const bank = this.users.length < TLB_USERS ? this.newBank() : this.oldest();
    bank.flushAll();
    bank.asid = asid;
    return bank;
  }

  private newBank(): Bank {
    const bank = new Bank(this.words, STATE.TLB_EL0 + this.users.length * TLB_BANK);
    this.users.push(bank);
    return bank;
  }

  private oldest(): Bank {
    let oldest = this.users[0]!;
    for (const bank of this.users) if (bank.stamp < oldest.stamp) oldest = bank;
    return oldest;
  }
}
