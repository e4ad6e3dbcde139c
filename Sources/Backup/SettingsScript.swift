internal import Archive
internal import PostgresClient

/// The settings of a script that psql runs: what COPY text needs while rows are read, and otherwise what the database
/// that was backed up has set for the code that runs while it is restored.
///
/// Where the database that is restored into has a setting of its own (ALTER DATABASE), that one stays.
struct SettingsScript: Sendable {
    private let settings: [UserCodeSettings.Setting]

    /// - Parameter withCustom: Settings with a dot in their names, too. They belong to applications and may hold secrets.
    init(_ database: Manifest.Database, withCustom: Bool) {
        settings = database.settings.filter { setting in
            setting.role == nil && UserCodeSettings.areRead(setting.name)
                && (withCustom || !setting.name.contains("."))
                // The script itself is written under `on`.
                && setting.name.lowercased() != "standard_conforming_strings"
        }.map { ($0.name, $0.value) }
    }

    /// After statements of pg_dump, which are read under settings of their own (`SchemaText`), and before code of the
    /// database runs. A text search configuration that a setting names may be part of the schema.
    var forUserCode: String { UserCodeSettings.ofScripts.map { "RESET \($0.name);\n" }.joined() + own }

    /// Before and after the rows of a table whose text needs something else; both are empty for most tables.
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

    /// As it is read with `standard_conforming_strings = on`.
    private static func literal(_ text: String) -> String {
        "'\(text.unicodeScalars.map { $0 == "'" ? "''" : String($0) }.joined())'"
    }
}
