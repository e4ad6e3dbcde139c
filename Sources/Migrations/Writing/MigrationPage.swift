internal import SQLText

/// The page about a migration in the project's documentation: `docs/migrations/000007_add_phone.md`.
package enum MigrationPage {
    /// The folder of the pages, which is beside the folder of migrations.
    package static func folder(migrations: String) -> String {
        let parts = migrations.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        return (parts + ["docs", "migrations"]).joined(separator: "/")
    }

    /// The text of a new page, for the user to complete.
    static func text(
        _ title: String,
        purpose: String,
        kind: MigrationKind,
        facts: EntryFacts,
        place: String
    ) -> String {
        let tables = facts.tables.isEmpty ? "none" : facts.tables.map { "`\($0)`" }.joined(separator: ", ")
        let needs = facts.needs.isEmpty ? "nothing" : facts.needs.map { "`\($0.name)`" }.joined(separator: ", ")
        let undo =
            kind.isRollbackSafe
            ? "The down file undoes it, and no row is lost."
            : "The down file undoes it. Data written since is lost, so make a backup first."
        return """
            # \(title)

            \(purpose).

            | | |
            | --- | --- |
            | Files | `\(place)/\(title).up.sql`, `\(title).down.sql` |
            | Tables | \(tables) |
            | Depends on | \(needs) |
            | Risk | \(facts.risk.rawValue) |

            ## Why

            What the service can do now that it could not do before.

            ## How to undo it

            \(undo)

            """
    }
}
