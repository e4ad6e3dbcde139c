internal import Archive
internal import PostgresClient

/// The settings in a script for psql: those that COPY text needs while rows are read, and otherwise those of the
/// original database for code that runs during the restore.
///
/// A setting of the new database itself (ALTER DATABASE) takes precedence.
struct SettingsScript: Sendable {
    private let settings: [UserCodeSettings.Setting]

    /// - Parameter withCustom: Also settings with a dot in their names, which belong to applications and may be
    ///   secrets.
    init(_ database: Manifest.Database, withCustom: Bool) {
        settings = database.settings.filter { setting in
            setting.role == nil && UserCodeSettings.areRead(setting.name)
                && (withCustom || !setting.name.contains("."))
                // The script is written for `on`.
                && setting.name.lowercased() != "standard_conforming_strings"
        }.map { ($0.name, $0.value) }
    }

    /// After pg_dump's statements, which are read under their own settings (`SchemaText`), and before code of the
    /// database runs. A setting may name a text search configuration that is part of the schema.
    var forUserCode: String { UserCodeSettings.ofScripts.map { "RESET \($0.name);\n" }.joined() + own }

    /// Statements before and after the rows of a table whose text needs other settings; empty for most tables.
    func forRows(of table: Manifest.Table) -> (before: String, after: String) {
        let needed = UserCodeSettings.forText(of: table.columns.map(\.type))
        guard !needed.isEmpty else { return ("", "") }
        return (
            needed.map { "SET \($0.name) = \(Self.literal($0.value));\n" }.joined(),
            needed.map { "RESET \($0.name);\n" }.joined() + own
        )
    }

    private var own: String {
        guard !settings.isEmpty else { return "" }
        let values = settings.map { "(\(Self.literal($0.name)), \(Self.literal($0.value)))" }
        return """
            SELECT pg_catalog.set_config(v.name, v.value, false) FROM (VALUES \(values.joined(separator: ", "))) AS v (name, value)
            WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_db_role_setting r
                              JOIN pg_catalog.pg_database d ON d.oid = r.setdatabase
                              CROSS JOIN LATERAL pg_catalog.unnest(r.setconfig) AS c
                              WHERE r.setrole = 0 AND d.datname = pg_catalog.current_database()
                                  AND pg_catalog.lower(pg_catalog.split_part(c, '=', 1)) = pg_catalog.lower(v.name))
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_settings s
                                WHERE pg_catalog.lower(s.name) = pg_catalog.lower(v.name) AND s.context <> 'user');

            """
    }

    /// In the syntax for `standard_conforming_strings = on`.
    private static func literal(_ text: String) -> String {
        "'\(text.unicodeScalars.map { $0 == "'" ? "''" : String($0) }.joined())'"
    }
}
