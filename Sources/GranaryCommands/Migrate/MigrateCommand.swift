package import ArgumentParser

/// `granary migrate`.
package struct MigrateCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Apply and revert migrations, which a ledger in the database records.",
        discussion: """
            Example:
              granary migrate status
              granary migrate plan
              granary migrate up
              granary migrate down
              granary migrate generate add_user_preferences --type table
            """,
        subcommands: [
            MigrateUp.self, MigrateDown.self, MigrateGoto.self, MigrateRedo.self, MigrateStatus.self, MigratePlan.self,
            MigrateApprove.self, MigrateRepair.self, MigrateAdopt.self, MigrateBaseline.self, MigrateGenerate.self,
            MigrateDeps.self, MigrateRenumber.self, MigrateImport.self,
        ]
    )

    package init() {}
}
