# SPDX-License-Identifier: GPL-2.0-or-later
# Short names for what meson and ninja do; "make help" lists them.
BUILD ?= build
ASAN_BUILD ?= build-asan
TSAN_BUILD ?= build-tsan
JOBS ?= $(shell nproc)
SUITE ?=
HOST ?=
BENCH ?=
GUEST ?=
NESTED ?=

.PHONY: all boot build-sanitized check asan-check tsan-check check-kvm-nested bench soak cross install clean distclean help \
	setup-build setup-test setup-boot setup-cross

all: setup-build
	@[ -e $(BUILD)/build.ninja ] || ./configure --build-dir=$(BUILD)
	@ninja -C $(BUILD) -j$(JOBS)

# Each installs with apt what is missing (as root), or says what to type.
setup-build setup-test setup-boot setup-cross:
	@scripts/setup.sh $(@:setup-%=%)

boot: setup-boot all
	@scripts/boot-installer $(BUILD)/valletta

check: setup-test all build-sanitized
	@scripts/run-tests $(BUILD) $(ASAN_BUILD) $(SUITE)

asan-check: setup-test build-sanitized
	@scripts/run-tests - $(ASAN_BUILD) $(SUITE)

# The thread that makes regions, under the thread sanitizer; any report fails.
tsan-check: setup-build
	@[ -e $(TSAN_BUILD)/build.ninja ] || meson setup $(TSAN_BUILD) -Db_sanitize=thread -Db_lundef=false \
		-Doptimization=1 -Ddebug=true
	@ninja -C $(TSAN_BUILD) -j$(JOBS) tests/random/engine-random
	@tests/tsan/run $(TSAN_BUILD)

build-sanitized: setup-build
	@[ -e $(ASAN_BUILD)/build.ninja ] || ./configure --build-dir=$(ASAN_BUILD) --enable-sanitizers
	@ninja -C $(ASAN_BUILD) -j$(JOBS)

# For another machine: build-mipsel/valletta and the like.
cross: setup-cross
	@JOBS=$(JOBS) scripts/cross.sh $(HOST)

# The real KVM of a MIPS kernel that itself runs on an emulated Malta. NESTED=--quick: the quick part.
check-kvm-nested: setup-cross setup-test all
	@JOBS=$(JOBS) scripts/cross.sh mipsel
	@tests/kvm/nested/run.py $(BUILD)/valletta $(BUILD)/nested $(NESTED)

bench: setup-test all
	@[ -x tests/bench/run ] || { echo "make bench: tests/bench/run is not there" >&2; exit 1; }
	@tests/bench/run $(BUILD)/valletta $(if $(GUEST),--guest $(GUEST)) $(BENCH)

# The benchmark guest twice, with each workload's output compared with the host's; GUEST: its folder.
soak: setup-test all
	@tests/bench/soak $(BUILD)/valletta $(if $(GUEST),--guest $(GUEST))

install: all
	@meson install -C $(BUILD)

clean:
	@[ ! -e $(BUILD)/build.ninja ] || ninja -C $(BUILD) -t clean

distclean:
	rm -rf $(BUILD) $(ASAN_BUILD) $(TSAN_BUILD) build-mipsel build-mips64el

help:
	@echo "make              build into $(BUILD)/"
	@echo "make boot         boot Debian's installer for Malta on this terminal"
	@echo "make check        run all tests, and those of code built with sanitizers too (SUITE=unit: one suite)"
	@echo "make asan-check   only what runs with the sanitizers"
	@echo "make tsan-check   random programs with the thread sanitizer (a minute)"
	@echo "make check-kvm-nested  the real KVM of a MIPS kernel, on an emulated Malta (NESTED=--quick: less)"
	@echo "make cross HOST=mipsel  a binary for MIPS hosts, in build-mipsel/ (also: HOST=mips64el)"
	@echo "make bench        compare speed with what else is installed (BENCH=--peer-sid and other options)"
	@echo "make soak         a guest with many programs, their outputs compared with the host's (GUEST=DIR)"
	@echo "make install      install (DESTDIR= and ./configure --prefix= count)"
	@echo "make clean, make distclean"
