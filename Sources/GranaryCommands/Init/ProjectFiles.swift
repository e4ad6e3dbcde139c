internal import Migrations

/// The files that `granary init` writes.
enum ProjectFiles {
    static func all(service: String, schemas: [String], migrations: String) -> [(path: String, text: String)] {
        [
            ("\(migrations)/dependencies.json", dependencies),
            ("\(migrations)/environments.json", environments(service, schemas)),
            ("seeds/common/.gitkeep", ""), ("backups/.gitignore", onlyItself), ("granary.mk", makefile),
        ] + MigrationTemplates.files.map { ("\(migrations)/templates/\($0.name)", $0.text) }
    }

    private static var makefile: String { String(decoding: PackageResources.granary_mk, as: UTF8.self) }

    private static let dependencies = """
        {
          "migrations": {},
          "global_config": {
            "max_parallel_migrations": 1,
            "require_approval_for_high_risk": false,
            "auto_backup_before_destructive": true,
            "validate_after_migration": true
          }
        }

        """

    /// Backups hold all rows, and belong into no repository.
    private static let onlyItself = "*\n!.gitignore\n"

    private static func environments(_ service: String, _ schemas: [String]) -> String {
        let name = JSONDocument.string(service).text
        let list = schemas.map { JSONDocument.string($0).text }.joined(separator: ", ")
        let line = schemas.isEmpty ? "" : "\n  \"schemas\": [\(list)],"
        return """
            {
              "service": \(name),\(line)
              "environments": {
                "development": {
                  "description": "A developer's own machine",
                  "config": { "allow_destructive_operations": true }
                },
                "staging": {
                  "description": "The rehearsal",
                  "config": { "allow_destructive_operations": false, "backup_required": true }
                },
                "production": {
                  "description": "The real one",
                  "config": { "allow_destructive_operations": false, "require_approval": true, "backup_required": true }
                }
              },
              "migration_locking": { "enabled": true, "timeout_seconds": 300, "max_concurrent_migrations": 1 }
            }

            """
    }
}
