/// The page about a migration in the project's documentation: `docs/migrations/000007_add_phone.md`.
package enum MigrationPage {
    /// Beside the folder of migrations.
    package static func folder(migrations: String) -> String {
        let parts = migrations.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        return (parts + ["docs", "migrations"]).joined(separator: "/")
    }
}
