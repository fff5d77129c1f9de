# Makefile - everything that can be done with eret; each target installs and builds what it needs
#
#   make run ARGS='--strace'     options go through to the program
#   make userland USERCC=clang   another C compiler for the guest's programs

.DEFAULT_GOAL := help
.PHONY: help run test check fuzz bench kselftest userland syscalls checklist clean

BOOT := dist/arch/arm64/boot
SOURCES := $(shell find board kernel arch -name '*.ts')
USERLAND := $(shell find userland -type f)
TESTS := $(shell find tests -name '*.ts')

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

run: $(BOOT)/cli.code ## boot to a shell on the serial console (ctrl-a x quits)
	@node $(BOOT)/eret.js $(ARGS)

test: $(BOOT)/cli.code build/.checked ## install, build, check types and style, run every test
	@node_modules/.bin/tsx tests/run.ts $(TESTFILES)

check: build/.checked ## types, lint, format and the project's own gates

fuzz: dist/.stamp ## random instructions against qemu-aarch64, random programs in both engines: the long run
	@node_modules/.bin/tsx tests/lib/fuzz.ts $(ARGS)

bench: $(BOOT)/cli.code ## how fast it is, and the ratios to native, Linux in QEMU and, with V86=FOLDER, v86
	@node_modules/.bin/tsx tests/bench/bench.ts $(ARGS)

kselftest: dist/.stamp build/initramfs.cpio build/kselftest/.built ## Linux's own selftests, built from Debian's kernel source or KSRC=
	@[ ! -s build/kselftest/.built ] || cat build/kselftest/.built
	@[ -s build/kselftest/.built ] || node_modules/.bin/tsx tests/kselftest/run.ts build/kselftest $(ARGS)

userland: build/initramfs.cpio ## the guest's programs and their initramfs

syscalls: node_modules/.stamp ## the system calls that work, and what each lacks
	@node_modules/.bin/tsx tests/lib/syscalls-page.ts $(ARGS)

checklist: node_modules/.stamp ## 300 facts about entering and leaving the kernel, and the tests that show them
	@node_modules/.bin/tsx tests/lib/checklist-page.ts

clean: ## remove everything that was made
	rm -rf dist build node_modules

# Not `npm ci`: it refuses a lock file made where the registry lacks other platforms' builds of biome or zig.
node_modules/.stamp: package.json package-lock.json
	npm install --no-save --no-audit --no-fund --loglevel=error
	@touch $@

# The command line is one file: four hundred modules would take longer to load than the machine takes to boot. esbuild
# makes a var of every const at the top level; as a const again V8 takes its value for granted: a null call in 4/5 of the time.
dist/.stamp: node_modules/.stamp tsconfig.json $(SOURCES)
	node_modules/.bin/tsc -p .
	node dist/board/cpu/engine/build.js
	node_modules/.bin/esbuild $(BOOT)/cli.js --bundle --platform=node --format=cjs --define:import.meta.url=bundleUrl --sourcemap --outfile=$(BOOT)/cli.cjs --log-level=warning
	sed -E 's/^var ([^ ;]+ =|\{)/const \1/' $(BOOT)/cli.cjs >$(BOOT)/cli.tmp && mv $(BOOT)/cli.tmp $(BOOT)/cli.cjs
	rm -f $(BOOT)/cli.code
	cp dist/board/cpu/engine/interpreter-*.wasm $(BOOT)/interpreter.wasm
	cp dist/board/cpu/engine/counting-*.wasm $(BOOT)/counting.wasm
	@touch $@

# What V8 makes of the command line (eret.ts). It starts without, too, only later.
$(BOOT)/cli.code: dist/.stamp build/initramfs.cpio
	node $(BOOT)/precompile.js >build/precompile.log

build/initramfs.cpio: node_modules/.stamp $(USERLAND)
	@mkdir -p build
	$(MAKE) --no-print-directory -s -j2 -C userland
	@touch $@

# Holds the reason when they cannot be built here, and is empty when they were.
build/kselftest/.built: tests/kselftest/build
	@mkdir -p build/kselftest
	@tests/kselftest/build build/kselftest >build/kselftest/build.log 2>&1; \
	 case $$? in 0) : >$@ ;; 77) grep '^skipped' build/kselftest/build.log >$@ ;; *) cat build/kselftest/build.log; exit 1 ;; esac

build/.checked: dist/.stamp biome.json tests/tsconfig.json $(TESTS)
	@mkdir -p build
	node_modules/.bin/tsc -p tests
	node_modules/.bin/biome check --error-on-warnings board kernel arch tests
	@touch $@
