# Granary: what can be made. `make` alone prints it.

SWIFT  ?= swift
PREFIX ?= /usr/local
# Of make fuzz.
TARGET  ?= archive
SECONDS ?= 600
BUILT  := .build/release/granary
# Debug information doubles the size of the program and the time of a build, so it is made on request: DEBUG=1
DEBUG_INFO = -debug-info-format $(if $(DEBUG),dwarf,none)
# igzip makes backups, and restores of dumps, faster. Looked for when something is built, since `deps` may have brought
# it just before.
TRAITS  = $(if $(wildcard /usr/include/isa-l/igzip_lib.h /usr/local/include/isa-l/igzip_lib.h),--traits Igzip)
# The tests are built quickly, without optimization, but not for debugging: ArgumentParser then checks its definitions
# at every start of granary, and most of a command's time goes there.
TESTS   = -c release --scratch-path .build/tests -Xswiftc -Onone -Xswiftc -enable-testing $(DEBUG_INFO) $(TRAITS)
# The db-* targets of granary.mk use the granary built here.
GRANARY := $(BUILT)

# Where install puts things, quoted for the shell.
BIN   = '$(DESTDIR)$(PREFIX)/bin'
SHARE = '$(DESTDIR)$(PREFIX)/share'
# Beside the program, and named in it, so that gdb and lldb find it.
define install_debug_information
objcopy --only-keep-debug $(BUILT) $(BIN)/granary.debug
chmod 644 $(BIN)/granary.debug
objcopy --add-gnu-debuglink=$(BIN)/granary.debug $(BIN)/granary
endef
# The script of a shell: its name, the folder, the file.
define install_completion
install -d $(SHARE)/$(2)
$(BUILT) --generate-completion-script $(1) >$(SHARE)/$(2)/$(3)
chmod 644 $(SHARE)/$(2)/$(3)
endef

.DEFAULT_GOAL := help
.PHONY: help deps deps-test build install uninstall deb demo picture test test-long test-deb test-faults test-regress test-matrix fuzz bench bench-growth format lint clean-build

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-21s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## Install the system packages that are missing (apt-get, as root or through sudo)
	@scripts/deps.sh

deps-test: ## Install what the tests need besides
	@scripts/deps.sh test

build: $(BUILT) ## Build the release binary, .build/release/granary

install: build ## Install granary, granary.mk, manual pages, completions: PREFIX=/usr/local DESTDIR= DEBUG=1
	install -d $(BIN) $(SHARE)/granary $(SHARE)/man/man1
	install -s -m 755 $(BUILT) $(BIN)/granary
	$(if $(DEBUG),$(install_debug_information))
	install -m 644 granary.mk $(SHARE)/granary/granary.mk
	$(BUILT) manual --quiet $(SHARE)/man/man1 >/dev/null
	chmod 644 $(SHARE)/man/man1/granary*.1
	$(call install_completion,bash,bash-completion/completions,granary)
	$(call install_completion,zsh,zsh/site-functions,_granary)
	$(call install_completion,fish,fish/vendor_completions.d,granary.fish)

uninstall: ## Remove what install has put there: PREFIX=/usr/local DESTDIR=
	rm -f $(BIN)/granary $(BIN)/granary.debug $(SHARE)/man/man1/granary.1 $(SHARE)/man/man1/granary-*.1
	rm -f $(SHARE)/bash-completion/completions/granary $(SHARE)/zsh/site-functions/_granary
	rm -f $(SHARE)/fish/vendor_completions.d/granary.fish $(SHARE)/granary/granary.mk
	[ ! -d $(SHARE)/granary ] || rmdir $(SHARE)/granary

deb: build ## Make a Debian package of it, .build/deb/granary_VERSION_ARCH.deb
	@scripts/deps.sh package
	@BUILT='$(BUILT)' scripts/deb.sh .build/deb

demo: deps ## Back up, verify, break and restore a database of 170,000 rows on a server of its own
	@scripts/demo.sh

picture: build ## Draw docs/quick-start.svg from a run of the quick start in README.md
	@scripts/picture.sh

test: deps-test ## Run all tests, against real PostgreSQL servers of their own; FILTER=RestoreTests runs some
	@SWIFT="$(SWIFT)" scripts/test.sh $(TESTS) $(if $(FILTER),--filter '$(FILTER)')

test-long: deps-test ## All tests with every bit and cut instead of a sample, then the other PostgreSQL versions
	@GRANARY_TEST_LONG=1 SWIFT="$(SWIFT)" scripts/test.sh $(TESTS)
	@SWIFT="$(SWIFT)" scripts/matrix.sh $(TESTS)

test-deb: deb ## Install the Debian package in a Debian without Swift, and work with it there: root, some minutes
	@scripts/test-deb.sh .build/deb

test-regress: deps build ## PostgreSQL's own regression database, backed up and restored in every way: some minutes
	@scripts/regress.sh

test-matrix: deps-test ## The tests on every PostgreSQL available here, 15 to 18, and backups of each into newer ones: long
	@SWIFT="$(SWIFT)" scripts/matrix.sh $(TESTS)

test-faults: deps-test ## Kill, cut, crash and fill the disk at random: RUNS=1000 SEED=number
	@GRANARY_FAULT_RUNS='$(or $(RUNS),1000)' GRANARY_TEST_SEED='$(or $(SEED),$(shell date +%s))' SWIFT="$(SWIFT)" scripts/test.sh $(TESTS) --filter '^FaultTests\.|HostileOwnerTests|ForeignCodeTests|DamagedStateTests'

fuzz: deps-test ## Look for input that a reader cannot bear: TARGET=archive SECONDS=600
	@SWIFT="$(SWIFT)" Fuzzing/run '$(TARGET)' '$(SECONDS)'

bench: deps build ## Measure beside pg_dump, pg_restore, psql and others, into Benchmarks/results.md
	Benchmarks/run

bench-growth: deps build ## Measure how cost grows, up to 5 GB and 10,000 tables; takes an hour and 30 GB of disk
	Benchmarks/run growth

format: ## Format the sources
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests Fuzzing

lint: ## Check the format of the sources
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests Fuzzing

clean-build: ## Remove everything that was built
	rm -rf .build

# Swift's runtime is linked in, so that the binary runs where no Swift is. What it says goes to stderr: the stdout of
# the db-* targets is granary's.
$(BUILT): Package.swift $(shell find Sources -type f)
	@echo 'building granary (release)' >&2
	$(SWIFT) build -c release --product granary --static-swift-stdlib $(DEBUG_INFO) $(TRAITS) >&2
	@touch $@

# The db-* targets below need the binary first.
db-backup db-restore db-verify db-start db-stop db-connect db-env db-seed db-seed-enhanced: $(BUILT)
db-migrate-up db-migrate-down db-migrate-goto db-migrate-status db-migrate-plan db-reset-dev: $(BUILT)
db-clean db-setup: $(BUILT)
db-tables db-counts db-schema db-backups doctor: $(BUILT)

include granary.mk
