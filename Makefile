# SPDX-License-Identifier: GPL-2.0-or-later
# Short names for what meson and ninja do; "make help" lists them.
BUILD ?= build
ASAN_BUILD ?= build-asan
JOBS ?= $(shell nproc)
SUITE ?=

.PHONY: all boot check asan-check bench install clean distclean help setup-build setup-test setup-boot

all: setup-build
	@[ -e $(BUILD)/build.ninja ] || ./configure --build-dir=$(BUILD)
	@ninja -C $(BUILD) -j$(JOBS)

# Each installs with apt what is missing (as root), or says what to type.
setup-build setup-test setup-boot:
	@scripts/setup.sh $(@:setup-%=%)

boot: setup-boot all
	@scripts/boot-installer $(BUILD)/valletta

check: setup-test all
	@scripts/run-tests $(BUILD) $(SUITE)

asan-check: setup-test
	@[ -e $(ASAN_BUILD)/build.ninja ] || ./configure --build-dir=$(ASAN_BUILD) --enable-sanitizers
	@ninja -C $(ASAN_BUILD) -j$(JOBS)
	@ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
		scripts/run-tests $(ASAN_BUILD) $(SUITE)

bench: setup-test all
	@[ -x tests/bench/run ] || { echo "make bench: tests/bench/run is not there" >&2; exit 1; }
	@tests/bench/run $(BUILD)/valletta

install: all
	@meson install -C $(BUILD)

clean:
	@[ ! -e $(BUILD)/build.ninja ] || ninja -C $(BUILD) -t clean

distclean:
	rm -rf $(BUILD) $(ASAN_BUILD)

help:
	@echo "make              build into $(BUILD)/"
	@echo "make boot         boot Debian's installer for Malta on this terminal"
	@echo "make check        run all tests (SUITE=unit: one suite of them)"
	@echo "make asan-check   the same, built with the sanitizers"
	@echo "make bench        compare speed with what else is installed"
	@echo "make install      install (DESTDIR= and ./configure --prefix= count)"
	@echo "make clean, make distclean"
