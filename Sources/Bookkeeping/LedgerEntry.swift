internal import PostgresClient

/// A row of `migrations`: a migration that is currently applied.
package struct LedgerEntry: Sendable, Equatable {
    package var version: Int
    package var name: String
    /// The environment whose folder its file was in; empty for the base.
    package var layer: String
    /// nil if another tool applied the migration.
    package var upSHA256: String?
    package var downSHA256: String?
    /// The text of the down file when the migration was applied.
    package var downSQL: String?
    /// False if another tool applied the migration, so that the content of its file at that time is unknown.
    package var isVerified: Bool
    /// RFC 3339 in UTC, as precise as requested: `2026-11-23T07:15:00Z`. For a row to be written, empty means the time
    /// of writing.
    package var appliedAt: String
    package var appliedBy: String
    package var milliseconds: Int?
    /// Increases with each application. The last applied migration is the first to be reverted. The server assigns it.
    package var order: Int
    /// Its dependencies in other services: `user-service/3`.
    package var requires: [String]

    package init(
        version: Int,
        name: String,
        layer: String,
        upSHA256: String?,
        downSHA256: String?,
        downSQL: String?,
        isVerified: Bool,
        appliedAt: String = "",
        appliedBy: String,
        milliseconds: Int? = nil,
        order: Int = 0,
        requires: [String] = []
    ) {
        self.version = version
        self.name = name
        self.layer = layer
        self.upSHA256 = upSHA256
        self.downSHA256 = downSHA256
        self.downSQL = downSQL
        self.isVerified = isVerified
        self.appliedAt = appliedAt
        self.appliedBy = appliedBy
        self.milliseconds = milliseconds
        self.order = order
        self.requires = requires
    }
}

/// A short description of an applied migration.
package struct AppliedVersion: Sendable {
    package var service: String
    package var version: Int
    package var layer: String
    package var requires: [String]
}

/// How precisely times are read. Reports show seconds; an archive keeps the server's precision.
package enum TimePrecision: Sendable {
    case seconds, microseconds

    /// A column of the type `timestamptz` as text, in UTC.
    func text(of column: String) -> String {
        let fraction = self == .microseconds ? ".US" : ""
        return """
            pg_catalog.to_char(\(column) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS\(fraction)"Z"') AS \(column)
            """
    }
}

// The columns of the table.
extension LedgerEntry {
    static func columns(_ times: TimePrecision) -> String {
        """
        service, version, name, layer, up_sha256, down_sha256, down_sql, verified, applied_by, duration_ms,
            applied_order, requires, \(times.text(of: "applied_at"))
        """
    }

    init(_ row: Rows.Row) {
        self.init(
            version: row.int("version"),
            name: row.text("name"),
            layer: row.text("layer"),
            upSHA256: row["up_sha256"],
            downSHA256: row["down_sha256"],
            downSQL: row["down_sql"],
            isVerified: row.bool("verified"),
            appliedAt: row.text("applied_at"),
            appliedBy: row.text("applied_by"),
            milliseconds: row["duration_ms"].flatMap { Int($0) },
            order: row.int("applied_order"),
            requires: row.texts("requires")
        )
    }

    /// The SQL that inserts a row into `migrations`; its parameters are the first 12.
    static func insertion(into table: String) -> String {
        """
        INSERT INTO \(table) (service, version, name, layer, up_sha256, down_sha256, down_sql, verified,
            applied_by, duration_ms, requires, applied_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
            coalesce($12::pg_catalog.timestamptz, pg_catalog.clock_timestamp()))
        """
    }

    func parameters(service: String) -> [String?] {
        [
            service, String(version), name, layer, upSHA256, downSHA256, downSQL, String(isVerified), appliedBy,
            milliseconds.map { String($0) }, QuotedText.array(requires), appliedAt.isEmpty ? nil : appliedAt,
        ]
    }
}
