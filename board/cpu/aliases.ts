/*
 * board/cpu/aliases.ts - the names that assemblers prefer for some operands of an instruction
 *
 * Manual: Arm ARM (DDI 0487), "Alias conditions" of each instruction's page
 *
 * By the row's title; the first whose condition holds. All fields are plain numbers here.
 */

export type Numbers = Readonly<Record<string, number>>;
export type Alias = readonly [title: string, condition: (f: Numbers) => boolean, syntax: string];

const ZR = 31;
const ALWAYS = 14;
const top = (f: Numbers): number => (f.Z ? 63 : 31);
const toZr = (f: Numbers): boolean => f.d === ZR;
const fromZr = (f: Numbers): boolean => f.n === ZR;
const addZr = (f: Numbers): boolean => f.a === ZR;
const inserts = (f: Numbers): boolean => f.s! < f.r!;
const usable = (f: Numbers): boolean => f.c! < ALWAYS;
const oneSource = (f: Numbers): boolean => f.n === f.m && usable(f);
const byNothing = (f: Numbers): boolean => f.i === 0;
const discards = (f: Numbers): boolean => f.t === ZR && f.a === 0;
/** Zero in an upper half could be written as zero in the lower one, which is the one that MOV means. */
const isMove = (f: Numbers): boolean => f.i !== 0 || f.H === 0;

/** MoveWidePreferred: a bit mask that MOVZ or MOVN can make too, and then that is what MOV means. */
function movable(f: Numbers): boolean {
  const [n, r, s] = [f.m! >> 12, (f.m! >> 6) & 63, f.m! & 63];
  const w = top(f) + 1;
  if (w === 64 && n !== 1) return false;
  if (w === 32 && (n !== 0 || s >> 5 !== 0)) return false;
  if (s < 16) return (-r & 15) <= 15 - s;
  return s >= w - 15 && (r & 15) <= s - (w - 15);
}

// biome-ignore format: columns teach
export const ALIASES: readonly Alias[] = [
  ['ADD (immediate)', (f) => f.S === 0 && f.i === 0 && (f.d === ZR || f.n === ZR), 'mov {RS:d}, {RS:n}'],
  ['ADDS (immediate)', toZr, 'cmn {RS:n}, {#x:i}{lsl12}'],
  ['SUBS (immediate)', toZr, 'cmp {RS:n}, {#x:i}{lsl12}'],
  ['ORR (immediate)', (f) => f.n === ZR && (f.d === ZR || !movable(f)), 'mov {RS:d}, {bitmask}'],
  ['ANDS (immediate)', toZr, 'tst {R:n}, {bitmask}'],
  ['MOVN', (f) => isMove(f) && !(f.Z === 0 && f.i === 0xffff), 'mov {R:d}, {movn}'],
  ['MOVZ', isMove, 'mov {R:d}, {movz}'],
  ['SBFM', (f) => f.s === top(f), 'asr {R:d}, {R:n}, {#:r}'],
  ['SBFM', (f) => f.r === 0 && f.s === 7, 'sxtb {R:d}, {W:n}'],
  ['SBFM', (f) => f.r === 0 && f.s === 15, 'sxth {R:d}, {W:n}'],
  ['SBFM', (f) => f.r === 0 && f.s === 31, 'sxtw {X:d}, {W:n}'],
  ['SBFM', inserts, 'sbfiz {R:d}, {R:n}, {position}, {width}'],
  ['SBFM', () => true, 'sbfx {R:d}, {R:n}, {#:r}, {extracted}'],
  ['BFM', (f) => inserts(f) && fromZr(f), 'bfc {R:d}, {position}, {width}'],
  ['BFM', inserts, 'bfi {R:d}, {R:n}, {position}, {width}'],
  ['BFM', () => true, 'bfxil {R:d}, {R:n}, {#:r}, {extracted}'],
  ['UBFM', (f) => f.s !== top(f) && f.s! + 1 === f.r, 'lsl {R:d}, {R:n}, {position}'],
  ['UBFM', (f) => f.s === top(f), 'lsr {R:d}, {R:n}, {#:r}'],
  ['UBFM', (f) => f.Z === 0 && f.r === 0 && f.s === 7, 'uxtb {W:d}, {W:n}'],
  ['UBFM', (f) => f.Z === 0 && f.r === 0 && f.s === 15, 'uxth {W:d}, {W:n}'],
  ['UBFM', inserts, 'ubfiz {R:d}, {R:n}, {position}, {width}'],
  ['UBFM', () => true, 'ubfx {R:d}, {R:n}, {#:r}, {extracted}'],
  ['EXTR', (f) => f.n === f.m, 'ror {R:d}, {R:n}, {#:s}'],
  ['ORR (shifted register)', (f) => f.n === ZR && f.H === 0 && f.s === 0, 'mov {R:d}, {R:m}'],
  ['ORN (shifted register)', fromZr, 'mvn {R:d}, {R:m}{shift}'],
  ['ANDS (shifted register)', toZr, 'tst {R:n}, {R:m}{shift}'],
  ['ADDS (shifted register)', toZr, 'cmn {R:n}, {R:m}{shift}'],
  ['SUB (shifted register)', fromZr, 'neg {R:d}, {R:m}{shift}'],
  ['SUBS (shifted register)', toZr, 'cmp {R:n}, {R:m}{shift}'],
  ['SUBS (shifted register)', fromZr, 'negs {R:d}, {R:m}{shift}'],
  ['ADDS (extended register)', toZr, 'cmn {RS:n}, {extended}'],
  ['SUBS (extended register)', toZr, 'cmp {RS:n}, {extended}'],
  ['SBC', fromZr, 'ngc {R:d}, {R:m}'],
  ['SBCS', fromZr, 'ngcs {R:d}, {R:m}'],
  ['CSINC', (f) => f.n === ZR && f.m === ZR && usable(f), 'cset {R:d}, {inverted}'],
  ['CSINC', oneSource, 'cinc {R:d}, {R:n}, {inverted}'],
  ['CSINV', (f) => f.n === ZR && f.m === ZR && usable(f), 'csetm {R:d}, {inverted}'],
  ['CSINV', oneSource, 'cinv {R:d}, {R:n}, {inverted}'],
  ['CSNEG', oneSource, 'cneg {R:d}, {R:n}, {inverted}'],
  ['MADD', addZr, 'mul {R:d}, {R:n}, {R:m}'],
  ['MSUB', addZr, 'mneg {R:d}, {R:n}, {R:m}'],
  ['SMADDL', addZr, 'smull {X:d}, {W:n}, {W:m}'],
  ['SMSUBL', addZr, 'smnegl {X:d}, {W:n}, {W:m}'],
  ['UMADDL', addZr, 'umull {X:d}, {W:n}, {W:m}'],
  ['UMSUBL', addZr, 'umnegl {X:d}, {W:n}, {W:m}'],
  ['ORR (vector, register)', (f) => f.n === f.m, 'mov {Vb:d}, {Vb:n}'],
  ['SSHLL, B', byNothing, 'sxtl{2} {Vbw:d}, {Vb:n}'],
  ['SSHLL, H', byNothing, 'sxtl{2} {Vhw:d}, {Vh:n}'],
  ['SSHLL, S', byNothing, 'sxtl{2} {Vsw:d}, {Vs:n}'],
  ['USHLL, B', byNothing, 'uxtl{2} {Vbw:d}, {Vb:n}'],
  ['USHLL, H', byNothing, 'uxtl{2} {Vhw:d}, {Vh:n}'],
  ['USHLL, S', byNothing, 'uxtl{2} {Vsw:d}, {Vs:n}'],
  ['LDADD', discards, 'stadd{l:r}{size} {T:s}, [{XS:n}]'],
  ['LDCLR', discards, 'stclr{l:r}{size} {T:s}, [{XS:n}]'],
  ['LDEOR', discards, 'steor{l:r}{size} {T:s}, [{XS:n}]'],
  ['LDSET', discards, 'stset{l:r}{size} {T:s}, [{XS:n}]'],
  ['LDSMAX', discards, 'stsmax{l:r}{size} {T:s}, [{XS:n}]'],
  ['LDSMIN', discards, 'stsmin{l:r}{size} {T:s}, [{XS:n}]'],
  ['LDUMAX', discards, 'stumax{l:r}{size} {T:s}, [{XS:n}]'],
  ['LDUMIN', discards, 'stumin{l:r}{size} {T:s}, [{XS:n}]'],
];
