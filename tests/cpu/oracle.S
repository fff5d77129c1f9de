/*
 * tests/cpu/oracle.S - in and out of one instruction with every register set
 *
 * Offsets are those of struct state in oracle.c. On the way out TPIDR_EL0 holds x30, the one register that is needed
 * to save the others.
 */
#define SP 248
#define NZCV 264
#define FPCR 272
#define FPSR 280
#define V 288

	.text
	.global enter, abandon, landing, _start

_start:	adrp x0, stack_end
	add sp, x0, :lo12:stack_end
	b main

	/* enter(slot): loads everything from `current`; the slot's first word loads x30 itself. */
enter:	stp x29, x30, [sp, #-96]!
	stp x19, x20, [sp, #16]
	stp x21, x22, [sp, #32]
	stp x23, x24, [sp, #48]
	stp x25, x26, [sp, #64]
	stp x27, x28, [sp, #80]
	adrp x1, harness_sp
	mov x2, sp
	str x2, [x1, :lo12:harness_sp]
	mov x30, x0
	adrp x0, current
	add x0, x0, :lo12:current
	ldr x1, [x0, #NZCV]
	msr nzcv, x1
	ldr x1, [x0, #FPCR]
	msr fpcr, x1
	ldr x1, [x0, #FPSR]
	msr fpsr, x1
	ldr x1, [x0, #SP]
	mov sp, x1
	add x1, x0, #V
	ldp q0, q1, [x1], #32
	ldp q2, q3, [x1], #32
	ldp q4, q5, [x1], #32
	ldp q6, q7, [x1], #32
	ldp q8, q9, [x1], #32
	ldp q10, q11, [x1], #32
	ldp q12, q13, [x1], #32
	ldp q14, q15, [x1], #32
	ldp q16, q17, [x1], #32
	ldp q18, q19, [x1], #32
	ldp q20, q21, [x1], #32
	ldp q22, q23, [x1], #32
	ldp q24, q25, [x1], #32
	ldp q26, q27, [x1], #32
	ldp q28, q29, [x1], #32
	ldp q30, q31, [x1], #32
	ldp x2, x3, [x0, #16]
	ldp x4, x5, [x0, #32]
	ldp x6, x7, [x0, #48]
	ldp x8, x9, [x0, #64]
	ldp x10, x11, [x0, #80]
	ldp x12, x13, [x0, #96]
	ldp x14, x15, [x0, #112]
	ldp x16, x17, [x0, #128]
	ldp x18, x19, [x0, #144]
	ldp x20, x21, [x0, #160]
	ldp x22, x23, [x0, #176]
	ldp x24, x25, [x0, #192]
	ldp x26, x27, [x0, #208]
	ldp x28, x29, [x0, #224]
	ldp x0, x1, [x0]
	br x30

	/* landing[word]: where the branches of a slot go. */
	.set word, 0
landing:
	.rept 32
	msr tpidr_el0, x30
	adrp x30, saved_x0
	str x0, [x30, :lo12:saved_x0]
	mov x0, #word
	b leave
	.set word, word + 1
	.endr

leave:	adrp x30, current
	add x30, x30, :lo12:current
	stp x2, x3, [x30, #16]
	stp x4, x5, [x30, #32]
	stp x6, x7, [x30, #48]
	stp x8, x9, [x30, #64]
	stp x10, x11, [x30, #80]
	stp x12, x13, [x30, #96]
	stp x14, x15, [x30, #112]
	stp x16, x17, [x30, #128]
	stp x18, x19, [x30, #144]
	stp x20, x21, [x30, #160]
	stp x22, x23, [x30, #176]
	stp x24, x25, [x30, #192]
	stp x26, x27, [x30, #208]
	stp x28, x29, [x30, #224]
	str x1, [x30, #8]
	add x1, x30, #V
	stp q0, q1, [x1], #32
	stp q2, q3, [x1], #32
	stp q4, q5, [x1], #32
	stp q6, q7, [x1], #32
	stp q8, q9, [x1], #32
	stp q10, q11, [x1], #32
	stp q12, q13, [x1], #32
	stp q14, q15, [x1], #32
	stp q16, q17, [x1], #32
	stp q18, q19, [x1], #32
	stp q20, q21, [x1], #32
	stp q22, q23, [x1], #32
	stp q24, q25, [x1], #32
	stp q26, q27, [x1], #32
	stp q28, q29, [x1], #32
	stp q30, q31, [x1], #32
	mov x1, sp
	str x1, [x30, #SP]
	mrs x1, nzcv
	str x1, [x30, #NZCV]
	mrs x1, fpcr
	str x1, [x30, #FPCR]
	mrs x1, fpsr
	str x1, [x30, #FPSR]
	mrs x1, tpidr_el0
	str x1, [x30, #240]
	adrp x1, landed
	str x0, [x1, :lo12:landed]
	adrp x1, saved_x0
	ldr x0, [x1, :lo12:saved_x0]
	str x0, [x30]

	/* A signal handler comes here when the instruction did not complete. */
abandon:
	msr fpcr, xzr
	adrp x1, harness_sp
	ldr x1, [x1, :lo12:harness_sp]
	mov sp, x1
	ldp x19, x20, [sp, #16]
	ldp x21, x22, [sp, #32]
	ldp x23, x24, [sp, #48]
	ldp x25, x26, [sp, #64]
	ldp x27, x28, [sp, #80]
	ldp x29, x30, [sp], #96
	ret

	.global signal_return
signal_return:
	mov x8, #139
	svc #0

	.bss
	.balign 16
	.skip 65536
stack_end:
