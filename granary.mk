# The db-* targets of Granary, to be included by any Makefile:
#
#     include granary.mk
#
# The include may be anywhere, because this file sets no default goal. `make db-help` lists the targets.
# GRANARY names the command; ARGS="…" passes further options: make db-backup ARGS="--jobs 4".
# A variable on make's command line that the target does not take is an error: otherwise `make db-migrate-up VERSION=2`
# would apply all migrations. Variables of your own Makefile are named before the include: GRANARY_VARIABLES = STAGE
# Variables of the environment are not taken, and CONFIRM only from make's command line, since it answers a question.
# Targets of your own that depend on db-* targets are not checked, because the variables may be for them.

GRANARY ?= granary

granary_goal := $(.DEFAULT_GOAL)
granary_file := $(lastword $(MAKEFILE_LIST))

# One argument of the shell, whatever is in it.
granary_word = '$(subst ','\'',$(1))'
# The value of a variable, unless it comes from the environment.
granary_value = $(if $(filter $(or $(granary_origins_$(1)),command file override),$(firstword $(origin $(1)))),$($(1)))
granary_origins_CONFIRM := command
# granary itself reads ENV from the environment.
granary_origins_ENV := command file override environment
# An option with the value of a variable, if it has one.
granary_option = $(if $(call granary_value,$(1)),$(2) $(call granary_word,$(call granary_value,$(1))))
# Stops with a usage line unless the variable has a value.
granary_needs = $(if $(call granary_value,$(1)),,$(error $@ needs $(1)=…, such as: make $@ $(1)=$(2)))

granary_targets := \
  db-help db-backup db-restore db-verify db-drill db-backups db-start db-stop db-connect db-env db-status doctor \
  db-seed db-seed-enhanced db-setup db-clean db-reset-dev db-tables db-counts db-schema \
  db-migrate-up db-migrate-down db-migrate-goto db-migrate-status db-migrate-plan \
  db-migration-generate db-migration-deps db-validate

# The variables of each target, beside ARGS, ENV and those that granary itself reads.
granary_of_db-restore := FILE CONFIRM
granary_of_db-verify := FILE
granary_of_db-drill := FILE
granary_of_db-backups := FILE
granary_of_db-migrate-up := N CONFIRM
granary_of_db-migrate-down := N CONFIRM
granary_of_db-migrate-goto := VERSION CONFIRM
granary_of_db-migration-generate := NAME TYPE
granary_of_db-validate := BASE
granary_of_db-reset-dev := CONFIRM
granary_of_db-seed := CONFIRM
granary_of_db-seed-enhanced := CONFIRM
granary_of_db-setup := CONFIRM
granary_of_db-clean := CONFIRM
granary_of_db-counts := SINCE
granary_of_db-schema := FORMAT
# All variables of a target. db-reset-dev names its environment itself.
granary_takes = ARGS $(granary_of_$(1)) $(if $(filter db-reset-dev,$(1)),,ENV)
granary_names := FILE CONFIRM N VERSION NAME TYPE BASE SINCE FORMAT

# The check is made before any target runs. Beside a target of another file only the names above are checked, since
# others may be for that target.
granary_goals := $(filter $(granary_targets),$(MAKECMDGOALS))
ifneq ($(granary_goals),)
granary_given := $(foreach name,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $(name)))),$(name)))
ifneq ($(filter-out $(granary_targets),$(MAKECMDGOALS)),)
granary_given := $(filter $(granary_names),$(granary_given))
endif
granary_taken := $(sort $(filter-out $(if $(filter db-reset-dev,$(granary_goals)),ENV), \
  $(foreach goal,$(granary_goals),$(call granary_takes,$(goal)))))
granary_stray := $(sort $(filter-out $(granary_taken) $(GRANARY_VARIABLES) \
  GRANARY GRANARY_% DATABASE_% PG% APP_ENV SERVICE_NAME NO_COLOR COLUMNS PATH HOME TMPDIR TZ LANG LC_% SHELL MAKE%, \
  $(granary_given)))
ifneq ($(granary_stray),)
$(error $(granary_goals) takes no $(granary_stray), so nothing was done; it takes $(granary_taken), and `make db-help` lists the targets)
endif
endif

# A misspelled environment is then an error, as with --env. Without this, granary would ignore ENV, which has another
# purpose in a POSIX shell.
ifeq ($(origin ENV),command line)
ifneq ($(ENV),)
$(granary_targets): export GRANARY_ENV = $(ENV)
endif
endif

# Hints of granary then name variables of make instead of options.
$(granary_targets): export GRANARY_MAKE_VARIABLES = $(call granary_takes,$@)

.PHONY: $(granary_targets)

db-help: ## List the targets of granary.mk
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-21s %s\n", $$1, $$2 }' $(granary_file)

db-backup: ## Back up the database into backups/
	@$(GRANARY) backup $(call granary_value,ARGS)

db-restore: ## Restore a backup, completely or not at all: FILE=name CONFIRM=database
	$(call granary_needs,FILE,backups/NAME.zip)
	@$(GRANARY) restore $(call granary_word,$(call granary_value,FILE)) $(call granary_option,CONFIRM,--confirm) $(call granary_value,ARGS)

db-verify: ## Read every byte of a backup and check it: FILE=name
	$(call granary_needs,FILE,backups/NAME.zip)
	@$(GRANARY) verify $(call granary_word,$(call granary_value,FILE)) $(call granary_value,ARGS)

db-drill: ## Rehearse a restore of the newest backup, and check all of it; FILE=name takes another one
	@$(GRANARY) drill $(if $(FILE),$(call granary_word,$(FILE))) $(ARGS)

db-migrate-up: ## Apply all pending migrations; N=1 applies one
	@$(GRANARY) migrate up $(call granary_option,N) $(call granary_option,CONFIRM,--confirm) $(call granary_value,ARGS)

db-migrate-down: ## Revert the last migration; N=2 reverts two; CONFIRM=database
	@$(GRANARY) migrate down $(call granary_option,N) $(call granary_option,CONFIRM,--confirm) $(call granary_value,ARGS)

db-migrate-goto: ## Migrate up or down to a version: VERSION=number; CONFIRM=database
	$(call granary_needs,VERSION,000003)
	@$(GRANARY) migrate goto $(call granary_word,$(call granary_value,VERSION)) $(call granary_option,CONFIRM,--confirm) $(call granary_value,ARGS)

db-migrate-status: ## List the migrations and their states
	@$(GRANARY) migrate status $(call granary_value,ARGS)

db-migrate-plan: ## Show what db-migrate-up would do
	@$(GRANARY) migrate plan $(call granary_value,ARGS)

db-migration-generate: ## Begin a migration: NAME=add_user_preferences TYPE=table
	$(call granary_needs,NAME,add_user_preferences TYPE=table)
	@$(GRANARY) migrate generate $(call granary_word,$(call granary_value,NAME)) $(call granary_option,TYPE,--type) $(call granary_value,ARGS)

db-migration-deps: ## Draw the dependencies of migrations
	@$(GRANARY) migrate deps $(call granary_value,ARGS)

db-validate: ## Check migrations, both JSON files and seeds; BASE=origin/main compares them with a branch
	@$(GRANARY) validate $(call granary_option,BASE,--base) $(call granary_value,ARGS)

db-reset-dev: ## Drop the service's schemas, migrate them up again and seed, in development: CONFIRM=database
	@$(GRANARY) reset --env development $(call granary_option,CONFIRM,--confirm) $(call granary_value,ARGS)

db-seed: ## Load the seeds that all environments share
	@$(GRANARY) seed --common $(call granary_option,CONFIRM,--confirm) $(call granary_value,ARGS)

db-seed-enhanced: ## Seed an environment, all its layers: ENV=development
	$(call granary_needs,ENV,development)
	@$(GRANARY) seed --env $(call granary_word,$(call granary_value,ENV)) $(call granary_option,CONFIRM,--confirm) $(call granary_value,ARGS)

db-setup: ## Migrate up and seed; may be repeated
	@$(GRANARY) migrate up $(call granary_option,CONFIRM,--confirm) $(call granary_value,ARGS)
	@$(GRANARY) seed $(call granary_option,CONFIRM,--confirm) $(call granary_value,ARGS)

db-clean: ## Empty the tables of the service, with a backup to undo it: CONFIRM=database
	@$(GRANARY) clean $(call granary_option,CONFIRM,--confirm) $(call granary_value,ARGS)

db-tables: ## List the tables with their rows, by estimate, and their sizes
	@$(GRANARY) tables $(call granary_value,ARGS)

db-counts: ## Count the rows; SINCE=backup shows what has changed
	@$(GRANARY) counts $(call granary_option,SINCE,--since) $(call granary_value,ARGS)

db-schema: ## Describe the tables; FORMAT=md, sql, mermaid or json
	@$(GRANARY) schema $(call granary_option,FORMAT,--format) $(call granary_value,ARGS)

db-backups: ## List the backups; FILE=name looks into one
	@$(GRANARY) backups $(if $(call granary_value,FILE),show $(call granary_word,$(call granary_value,FILE)),list) $(call granary_value,ARGS)

doctor: ## Check programs, database, rights, folders and disk
	@$(GRANARY) doctor $(call granary_value,ARGS)

db-status: ## Show database, environment, migrations, last backup and findings on one screen
	@$(GRANARY) status $(call granary_value,ARGS)

db-env: ## Show the environment and the database's marker
	@$(GRANARY) env show $(call granary_value,ARGS)

db-start: ## Start the local PostgreSQL server of this project
	@$(GRANARY) server start $(call granary_value,ARGS)

db-stop: ## Stop it
	@$(GRANARY) server stop $(call granary_value,ARGS)

db-connect: ## Open psql on it
	@$(GRANARY) server psql $(call granary_value,ARGS)

# The first target of the Makefile that includes this file stays its default goal.
.DEFAULT_GOAL := $(granary_goal)
