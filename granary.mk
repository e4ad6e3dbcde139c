# The db-* targets of Granary, to be included by any Makefile:
#
#     include granary.mk
#
# GRANARY names the command; ARGS="…" passes further options: make db-backup ARGS="--jobs 4".

GRANARY ?= granary

# One argument of the shell, whatever is in it.
granary_word = '$(subst ','\'',$(1))'
# Stops with a usage line unless the variable has a value.
granary_needs = $(if $($(1)),,$(error $@ needs $(1)=…, such as: make $@ $(1)=$(2)))

.PHONY: db-backup db-restore db-verify db-start db-stop db-connect db-env
.PHONY: db-seed db-seed-enhanced db-setup
.PHONY: db-migrate-up db-migrate-down db-migrate-goto db-migrate-status db-migrate-plan db-reset-dev
.PHONY: db-migration-generate db-migration-deps db-validate
.PHONY: db-clean
.PHONY: db-tables db-counts db-schema db-backups doctor

db-backup: ## Back up the database into backups/
	@$(GRANARY) backup $(ARGS)

db-restore: ## Restore a backup, completely or not at all: FILE=name
	$(call granary_needs,FILE,backups/NAME.zip)
	@$(GRANARY) restore $(call granary_word,$(FILE)) $(ARGS)

db-verify: ## Read every byte of a backup and check it: FILE=name
	$(call granary_needs,FILE,backups/NAME.zip)
	@$(GRANARY) verify $(call granary_word,$(FILE)) $(ARGS)

db-migrate-up: ## Apply all pending migrations; N=1 applies one
	@$(GRANARY) migrate up $(N) $(ARGS)

db-migrate-down: ## Revert the last migration; N=2 reverts two
	@$(GRANARY) migrate down $(N) $(ARGS)

db-migrate-goto: ## Migrate up or down to a version: VERSION=number
	$(call granary_needs,VERSION,000003)
	@$(GRANARY) migrate goto $(call granary_word,$(VERSION)) $(ARGS)

db-migrate-status: ## List the migrations and their states
	@$(GRANARY) migrate status $(ARGS)

db-migrate-plan: ## Show what db-migrate-up would do
	@$(GRANARY) migrate plan $(ARGS)

db-migration-generate: ## Begin a migration: NAME=add_user_preferences TYPE=table
	$(call granary_needs,NAME,add_user_preferences TYPE=table)
	$(call granary_needs,TYPE,table)
	@$(GRANARY) migrate generate $(call granary_word,$(NAME)) --type $(call granary_word,$(TYPE)) $(ARGS)

db-migration-deps: ## Draw the dependencies of migrations
	@$(GRANARY) migrate deps $(ARGS)

db-validate: ## Check migrations, both JSON files and seeds; BASE=origin/main compares them with a branch
	@$(GRANARY) validate $(if $(BASE),--base $(call granary_word,$(BASE))) $(ARGS)

db-reset-dev: ## Drop the service's schemas, migrate them up again and seed, in development
	@$(GRANARY) reset --env development $(ARGS)

db-seed: ## Load the seeds that all environments share
	@$(GRANARY) seed --common $(ARGS)

db-seed-enhanced: ## Seed an environment, all its layers: ENV=development
	$(call granary_needs,ENV,development)
	@$(GRANARY) seed --env $(call granary_word,$(ENV)) $(ARGS)

db-setup: ## Migrate up and seed; may be repeated
	@$(GRANARY) migrate up $(ARGS)
	@$(GRANARY) seed $(ARGS)

db-clean: ## Empty the tables of the service, with a backup to undo it: CONFIRM=database
	@$(GRANARY) clean $(if $(CONFIRM),--confirm $(call granary_word,$(CONFIRM))) $(ARGS)

db-tables: ## List the tables with their rows, by estimate, and their sizes
	@$(GRANARY) tables $(ARGS)

db-counts: ## Count the rows; SINCE=backup shows what has changed
	@$(GRANARY) counts $(if $(SINCE),--since $(call granary_word,$(SINCE))) $(ARGS)

db-schema: ## Describe the tables; FORMAT=md, sql, mermaid or json
	@$(GRANARY) schema $(if $(FORMAT),--format $(call granary_word,$(FORMAT))) $(ARGS)

db-backups: ## List the backups; FILE=name looks into one
	@$(GRANARY) backups $(if $(FILE),show $(call granary_word,$(FILE)),list) $(ARGS)

doctor: ## Check programs, database, rights, folders and disk
	@$(GRANARY) doctor $(ARGS)

db-env: ## Show the environment and the database's marker
	@$(GRANARY) env show $(ARGS)

db-start: ## Start the local PostgreSQL server of this project
	@$(GRANARY) server start $(ARGS)

db-stop: ## Stop it
	@$(GRANARY) server stop $(ARGS)

db-connect: ## Open psql on it
	@$(GRANARY) server psql $(ARGS)
