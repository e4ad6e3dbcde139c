/// `granary.mk`, which `granary init` writes: the file at the top of the repository, word for word.
package enum GranaryMakefile {
    package static let text = #"""
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

        .PHONY: db-backup db-restore db-verify db-env db-start db-stop db-connect

        db-backup: ## Back up the database into backups/
        	@$(GRANARY) backup $(ARGS)

        db-restore: ## Restore a backup, whole or not at all: FILE=name
        	$(call granary_needs,FILE,backups/NAME.zip)
        	@$(GRANARY) restore $(call granary_word,$(FILE)) $(ARGS)

        db-verify: ## Read every byte of a backup and check it: FILE=name
        	$(call granary_needs,FILE,backups/NAME.zip)
        	@$(GRANARY) verify $(call granary_word,$(FILE)) $(ARGS)

        db-env: ## Tell which environment is meant, and the database's marker
        	@$(GRANARY) env $(ARGS)

        db-start: ## Start the local PostgreSQL server of this project
        	@$(GRANARY) server start $(ARGS)

        db-stop: ## Stop it
        	@$(GRANARY) server stop $(ARGS)

        db-connect: ## Open psql on it
        	@$(GRANARY) server psql $(ARGS)

        """#
}
