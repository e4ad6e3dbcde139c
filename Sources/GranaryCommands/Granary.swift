internal import Archive
package import ArgumentParser

// The commands. Console: writes results to standard output, and everything else to standard error. Screen: standard
// error with lines that are redrawn. Gate: the guard before a command writes. Result: the outcome of a command,
// described once for JSON and for lists.
//
//     arguments → completed by variables → parsed → one command runs on a console → exit code
//     a command: options → database → gate → plan → question → run, with progress → result
//
// Output, Running, Database, Progress, Prompts and Notices serve all commands. Each command has a folder, which uses
// those six and no other command's, except that `status` shows what `migrate` and `doctor` know. Only this file knows
// all commands.

/// `granary`, the root of the commands.
package struct Granary: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "granary",
        abstract: "Migrate, seed, back up, restore and inspect a PostgreSQL database.",
        discussion: """
            Example:
              granary server start
              granary backup
              granary verify backups/granary-20261123T071500Z.zip
              granary restore backups/granary-20261123T071500Z.zip

            The database is --database-url, else DATABASE_URL, else DATABASE_HOST, DATABASE_PORT, DATABASE_USER, \
            DATABASE_PASSWORD, DATABASE_NAME and DATABASE_SSL_MODE, else libpq's own variables (PGHOST, PGDATABASE, \
            PGSERVICE), else the local server of this folder.

            \(variablesHelp)

            Exit codes: 0 done, 1 failed, 2 findings, 3 refused, 4 no connection or no database given, 5 busy (try \
            again), 64 usage, 130 interrupted.
            """,
        version: granaryVersion,
        subcommands: [ManualCommand.self],
        groupedSubcommands: [
            CommandGroup(
                name: "Backups",
                subcommands: [
                    BackupCommand.self, VerifyCommand.self, RestoreCommand.self, DrillCommand.self,
                    BackupsCommand.self, ConvertCommand.self, KeyCommand.self, ScheduleCommand.self,
                ]
            ),
            CommandGroup(name: "Schema", subcommands: [MigrateCommand.self, ValidateCommand.self, ResetCommand.self]),
            CommandGroup(name: "Rows", subcommands: [SeedCommand.self, CleanCommand.self]),
            CommandGroup(
                name: "Looking",
                subcommands: [StatusCommand.self, TablesCommand.self, CountsCommand.self, SchemaCommand.self]
            ),
            CommandGroup(
                name: "Projects",
                subcommands: [EnvCommand.self, InitCommand.self, ServerCommand.self, DoctorCommand.self]
            ),
        ]
    )

    package init() {}
}
