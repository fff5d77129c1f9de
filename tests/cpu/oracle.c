/*
 * tests/cpu/oracle.c - executes single instructions under qemu-aarch64 and says what became of the registers
 *
 * stdin: how many, then that many cases, each a slot of code and all registers. stdout: a result for each. The layout is
 * tests/lib/oracle.ts's. Words 2 to 15 of a slot, but for the instruction in word 8, become branches to landing[word], so
 * that a taken branch tells where it went. No libc: nothing stands between the instruction and the kernel.
 */
typedef unsigned int u32;
typedef unsigned long u64;

#define CODE 0x10000000ul
#define DATA 0x20000000ul
#define DATA_WORDS 0x8000ul
#define SLOT_WORDS 32
#define INSN_WORD 8
#define MAX_CASES 4096
#define MAX_CHANGES 16
#define NO_SIGNAL 0

struct state {
	u64 x[31], sp, pc, nzcv, fpcr, fpsr, v[64];
};

struct test {
	u32 slot[SLOT_WORDS];
	struct state state;
	u64 touches_memory;
};

struct result {
	struct state state;
	u64 signal, fault_address, changes;
	u64 change[MAX_CHANGES][2]; /* index of a 64-bit word in the data region, its new value */
};

static struct {
	u64 count;
	struct test tests[MAX_CASES];
} input;
static struct result results[MAX_CASES];
static u64 pristine[DATA_WORDS];
static char signal_stack[65536] __attribute__((aligned(16)));

struct state current; /* what the next case starts with, then what it ended with */
u64 harness_sp, saved_x0, landed;
static u64 signal_number, signal_address;

void enter(u64 slot);
void abandon(void);
void signal_return(void);
extern u32 landing[32][5];

static long call(long number, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;
	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
}

enum { SYS_READ = 63, SYS_WRITE = 64, SYS_EXIT = 93, SYS_SIGALTSTACK = 132, SYS_RT_SIGACTION = 134, SYS_MMAP = 222 };

void *memcpy(void *to, const void *from, u64 size)
{
	char *t = to;
	const char *f = from;
	while (size--)
		*t++ = *f++;
	return to;
}

/* Offsets in arm64's struct rt_sigframe: uc_mcontext is at 176 of the ucontext, fpsimd_context follows pstate. */
static void on_signal(int number, void *info, void *context)
{
	u64 *mcontext = (u64 *)((char *)context + 176);
	u32 *fpsimd = (u32 *)(mcontext + 36);

	signal_number = number;
	signal_address = *(u64 *)((char *)info + 16);
	for (int n = 0; n < 31; n++)
		current.x[n] = mcontext[1 + n];
	current.sp = mcontext[32];
	current.pc = mcontext[33];
	current.nzcv = mcontext[34] & 0xf0000000;
	current.fpsr = fpsimd[2];
	current.fpcr = fpsimd[3];
	for (int n = 0; n < 64; n++)
		current.v[n] = ((u64 *)(fpsimd + 4))[n];
	mcontext[33] = (u64)abandon;
}

static void catch_signals(void)
{
	static const int caught[] = { 4, 5, 7, 8, 11 };
	static u64 stack[3];
	static u64 action[4];

	stack[0] = (u64)signal_stack;
	stack[2] = sizeof signal_stack;
	call(SYS_SIGALTSTACK, (long)stack, 0, 0, 0, 0, 0);
	action[0] = (u64)on_signal;
	action[1] = 0x4 | 0x08000000 | 0x40000000 | 0x04000000; /* SIGINFO ONSTACK NODEFER RESTORER */
	action[2] = (u64)signal_return;
	for (unsigned i = 0; i < sizeof caught / sizeof *caught; i++)
		call(SYS_RT_SIGACTION, caught[i], (long)action, 0, 8, 0, 0);
}

static void read_all(void)
{
	char *to = (char *)&input;
	long got;
	while ((got = call(SYS_READ, 0, (long)to, sizeof input, 0, 0, 0)) > 0)
		to += got;
}

static void write_all(const char *from, u64 size)
{
	while (size) {
		long done = call(SYS_WRITE, 1, (long)from, size, 0, 0, 0);
		if (done <= 0)
			call(SYS_EXIT, 1, 0, 0, 0, 0, 0);
		from += done;
		size -= done;
	}
}

static u64 branch_to(u32 *from, void *to)
{
	return 0x14000000 | (((u64)to - (u64)from) >> 2 & 0x3ffffff);
}

static void write_slot(u32 *slot, const u32 *image)
{
	for (int i = 0; i < SLOT_WORDS; i++)
		slot[i] = i >= 2 && i < 16 && i != INSN_WORD ? branch_to(slot + i, landing[i]) : image[i];
}

static void compare_memory(struct result *result)
{
	volatile u64 *data = (u64 *)DATA;
	for (u64 i = 0; i < DATA_WORDS; i++) {
		if (data[i] == pristine[i])
			continue;
		if (result->changes < MAX_CHANGES) {
			result->change[result->changes][0] = i;
			result->change[result->changes][1] = data[i];
		}
		result->changes++;
		data[i] = pristine[i];
	}
}

static void run(struct test *test, u32 *slot, struct result *result)
{
	current = test->state;
	signal_number = NO_SIGNAL;
	enter((u64)slot);
	if (signal_number == NO_SIGNAL)
		current.pc = (u64)(slot + landed);
	result->state = current;
	result->signal = signal_number;
	result->fault_address = signal_address;
	if (test->touches_memory)
		compare_memory(result);
}

void main(void)
{
	const long anonymous_fixed = 0x32;
	u32 *code = (u32 *)CODE;

	read_all();
	call(SYS_MMAP, CODE, sizeof input.tests[0].slot * MAX_CASES, 7, anonymous_fixed, -1, 0);
	call(SYS_MMAP, DATA, DATA_WORDS * 8, 3, anonymous_fixed, -1, 0);
	for (u64 i = 0; i < DATA_WORDS; i++)
		((u64 *)DATA)[i] = pristine[i] = (i + 1) * 0x9e3779b97f4a7c15;
	catch_signals();
	for (u64 i = 0; i < input.count; i++)
		write_slot(code + i * SLOT_WORDS, input.tests[i].slot);
	for (u64 i = 0; i < input.count; i++)
		run(input.tests + i, code + i * SLOT_WORDS, results + i);
	write_all((char *)results, input.count * sizeof *results);
	call(SYS_EXIT, 0, 0, 0, 0, 0, 0);
}
