# SPDX-License-Identifier: Apache-2.0
# make demo | test | bench | soak | lint | check-exports | install PREFIX=/usr/local | wheel | clean
# Each does all the set-up that it needs on a fresh Debian or Ubuntu with a Swift toolchain.

VERSION := 0.1.0
SONAME := libaskel_s4.so.0
PREFIX ?= /usr/local
DESTDIR ?=

BUILD := .build
SHIPPED := $(BUILD)/shipped
DIST := $(BUILD)/dist
LIBRARY := $(DIST)/lib/libaskel_s4.so.$(VERSION)
VENV := $(BUILD)/venv
PYTHON := $(VENV)/bin/python

SOURCES := Package.swift $(shell find Sources include -type f)

# A static Swift runtime: the host needs no Swift, and gets no signal handlers. lld: gold leaves Swift's names in
# .dynsym. icf: equal functions once, 2 % of the size. Relative relocations packed: 5 % of it (glibc 2.36 on, which is
# older than the libcurl that is needed). nodelete: an unloaded library could not take its fork and exit handlers with
# it.
SHIP_FLAGS := -c release --scratch-path $(SHIPPED) --product askel_s4 \
  -Xswiftc -static-stdlib -Xswiftc -use-ld=lld -Xlinker --version-script=$(SHIPPED).map \
  -Xlinker -soname=$(SONAME) -Xlinker --gc-sections -Xlinker --icf=all \
  -Xlinker -z -Xlinker pack-relative-relocs -Xlinker -z -Xlinker defs -Xlinker -z -Xlinker nodelete

# What the commands below hand to tests, examples and benches.
export ASKEL_S4_LIBRARY := $(CURDIR)/$(LIBRARY)
RUN_PATHS := PYTHONPATH=$(CURDIR)/bindings/python:$(CURDIR)/Tests/Sandbox \
  PKG_CONFIG_PATH=$(CURDIR)/$(DIST)/lib/pkgconfig LD_LIBRARY_PATH=$(CURDIR)/$(DIST)/lib

.NOTPARALLEL:
.PHONY: demo test bench soak lint check-exports library install wheel clean setup-demo setup-test

demo: setup-demo library
	@$(RUN_PATHS) $(PYTHON) bindings/python/examples/demo.py

test: setup-test library
	@$(RUN_PATHS) $(PYTHON) Tests/Scripts/run_tests.py

bench: setup-test library
	@$(RUN_PATHS) $(PYTHON) Tests/Bench/bench.py

soak: setup-test library
	@$(RUN_PATHS) $(PYTHON) Tests/Scripts/run_tests.py --soak

lint: setup-test
	@$(RUN_PATHS) $(PYTHON) Tests/Scripts/run_tests.py lint

check-exports: library
	@python3 Tests/Scripts/check_exports.py include/askel_s4.h $(LIBRARY)

library: $(LIBRARY)

$(LIBRARY): $(SOURCES) Makefile
	@sh Tests/Scripts/setup.sh build
	@mkdir -p $(SHIPPED) $(DIST)/lib/pkgconfig $(DIST)/include
	@printf 'ASKEL_S4_0 { global: askel_s4_*; local: *; };\n' > $(SHIPPED).map
	@echo "building the library, about a minute ..."
	@swift build --quiet $(SHIP_FLAGS)
	@strip --strip-unneeded -o $@ $(SHIPPED)/release/libaskel_s4.so
	@patchelf --remove-rpath $@
	@ln -sf libaskel_s4.so.$(VERSION) $(DIST)/lib/$(SONAME)
	@ln -sf $(SONAME) $(DIST)/lib/libaskel_s4.so
	@cp include/askel_s4.h $(DIST)/include/
	@$(call pkgconfig,$(CURDIR)/$(DIST)) > $(DIST)/lib/pkgconfig/askel_s4.pc
	@touch $@

define pkgconfig
printf '%s\n' 'prefix=$(1)' 'libdir=$${prefix}/lib' 'includedir=$${prefix}/include' '' 'Name: askel_s4' \
  'Description: Connects a product to SAP S/4HANA Cloud tenants' 'Version: $(VERSION)' \
  'Cflags: -I$${includedir}' 'Libs: -L$${libdir} -laskel_s4'
endef

setup-demo:
	@sh Tests/Scripts/setup.sh build demo

setup-test:
	@sh Tests/Scripts/setup.sh build demo test

install: library
	@install -d $(DESTDIR)$(PREFIX)/include $(DESTDIR)$(PREFIX)/lib/pkgconfig
	@install -m 644 include/askel_s4.h $(DESTDIR)$(PREFIX)/include/
	@install -m 755 $(LIBRARY) $(DESTDIR)$(PREFIX)/lib/
	@ln -sf libaskel_s4.so.$(VERSION) $(DESTDIR)$(PREFIX)/lib/$(SONAME)
	@ln -sf $(SONAME) $(DESTDIR)$(PREFIX)/lib/libaskel_s4.so
	@$(call pkgconfig,$(PREFIX)) > $(DESTDIR)$(PREFIX)/lib/pkgconfig/askel_s4.pc
	@echo "installed below $(DESTDIR)$(PREFIX); run ldconfig where that is a system directory"

# The Python wheel that carries the library: .build/wheel/*.whl
wheel: setup-test library
	sh Tests/Scripts/wheel.sh $(BUILD)/wheel

clean:
	rm -rf $(BUILD) $(SHIPPED).map
