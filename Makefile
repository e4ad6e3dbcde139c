# Granary: what can be made. `make` alone prints it.

SWIFT  ?= swift
PREFIX ?= /usr/local
BUILT  := .build/release/granary
# igzip makes backups faster. Looked for when something is built, since `deps` may have brought it just before.
TRAITS  = $(if $(wildcard /usr/include/isa-l/igzip_lib.h /usr/local/include/isa-l/igzip_lib.h),--traits Igzip)
# The db-* targets of granary.mk use the granary built here.
GRANARY := $(BUILT)

.DEFAULT_GOAL := help
.PHONY: help deps build install demo test bench format lint clean-build

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## Install the system packages that are missing (apt-get, as root or through sudo)
	@scripts/deps.sh

build: $(BUILT) ## Build the release binary, .build/release/granary

install: build ## Install granary and granary.mk: PREFIX=/usr/local DESTDIR=
	install -d '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(PREFIX)/share/granary'
	install -m 755 $(BUILT) '$(DESTDIR)$(PREFIX)/bin/granary'
	install -m 644 granary.mk '$(DESTDIR)$(PREFIX)/share/granary/granary.mk'

demo: deps ## Back up, verify, break and restore a database of 170,000 rows on a server of its own
	@scripts/demo.sh

test: ## Run all tests, against real PostgreSQL servers of their own
	@scripts/deps.sh test
	@SWIFT="$(SWIFT)" scripts/test.sh $(TRAITS)

bench: deps build ## Measure beside pg_dump, pg_restore, psql and others, into Benchmarks/results.md
	Benchmarks/run

format: ## Format the sources
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests

lint: ## Check the format of the sources
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests

clean-build: ## Remove everything that was built
	rm -rf .build

# Swift's runtime is linked in, so that the binary runs where no Swift is. What it says goes to stderr: the stdout of
# the db-* targets is granary's.
$(BUILT): Package.swift $(shell find Sources -type f)
	@echo 'building granary (release)' >&2
	$(SWIFT) build -c release --product granary --static-swift-stdlib $(TRAITS) >&2
	@touch $@

# The db-* targets below need the binary first.
db-backup db-restore db-verify db-start db-stop db-connect db-env db-seed db-seed-enhanced: $(BUILT)
db-migrate-up db-migrate-down db-migrate-goto db-migrate-status db-migrate-plan db-reset-dev: $(BUILT)
db-clean db-setup: $(BUILT)
db-tables db-counts db-schema db-backups doctor: $(BUILT)

include granary.mk
