# SPDX-License-Identifier: GPL-2.0-or-later
# Short names for what meson and ninja do; "make help" lists them.
BUILD ?= build
ASAN_BUILD ?= build-asan
JOBS ?= $(shell nproc)
SUITE ?=

.PHONY: all boot build-sanitized check asan-check bench install clean distclean help setup-build setup-test setup-boot

all: setup-build
	@[ -e $(BUILD)/build.ninja ] || ./configure --build-dir=$(BUILD)
	@ninja -C $(BUILD) -j$(JOBS)

# Each installs with apt what is missing (as root), or says what to type.
setup-build setup-test setup-boot:
	@scripts/setup.sh $(@:setup-%=%)

boot: setup-boot all
	@scripts/boot-installer $(BUILD)/valletta

check: setup-test all build-sanitized
	@scripts/run-tests $(BUILD) $(ASAN_BUILD) $(SUITE)

asan-check: setup-test build-sanitized
	@scripts/run-tests - $(ASAN_BUILD) $(SUITE)

build-sanitized: setup-build
	@[ -e $(ASAN_BUILD)/build.ninja ] || ./configure --build-dir=$(ASAN_BUILD) --enable-sanitizers
	@ninja -C $(ASAN_BUILD) -j$(JOBS)

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
	@echo "make check        run all tests, and those of code built with sanitizers too (SUITE=unit: one suite)"
	@echo "make asan-check   only what runs with the sanitizers"
	@echo "make bench        compare speed with what else is installed"
	@echo "make install      install (DESTDIR= and ./configure --prefix= count)"
	@echo "make clean, make distclean"
