package import PostgresClient

/// `granary.seeds`: what was seeded. It records which rows came from seeds, not what a table holds.
package struct SeedRecord: Sendable {
    package struct Entry: Sendable, Equatable {
        package var layer: String
        package var digest: String
        package var rows: Int?
        /// JSON: the keys that seeding inserted, the first key of generated rows, and the time used as "now".
        package var details: String?

        package init(layer: String, digest: String, rows: Int? = nil, details: String? = nil) {
            self.layer = layer
            self.digest = digest
            self.rows = rows
            self.details = details
        }
    }

    private let service: String
    private let environment: String
    private let schema: StateSchema
    /// By source: the name of a file, or `table NAME`.
    package private(set) var entries: [String: Entry] = [:]

    package init(service: String, environment: String, _ schema: StateSchema) {
        self.service = service
        self.environment = environment
        self.schema = schema
    }

    package mutating func read(_ session: borrowing Session) throws {
        guard try schema.isReadable([.seeds], session) else { return }
        let rows = try session.query(
            "SELECT source, layer, sha256, rows, details FROM \(schema.quoted(.seeds, session)) WHERE service = $1 AND environment = $2",
            [service, environment]
        )
        for row in rows {
            entries[row.text("source")] = Entry(
                layer: row.text("layer"),
                digest: row.text("sha256"),
                rows: row["rows"].flatMap { Int($0) },
                details: row["details"]
            )
        }
    }

    /// Writes an entry if it differs, so that a run without changes leaves no trace.
    package mutating func write(_ source: String, _ entry: Entry, _ session: borrowing Session) throws {
        guard entries[source] != entry else { return }
        entries[source] = entry
        try session.query(
            """
            INSERT INTO \(schema.quoted(.seeds, session)) (service, environment, source, sha256, layer, rows, details)
            VALUES ($1, $2, $3, $4, $5, $6::bigint, $7)
            ON CONFLICT (service, environment, source) DO UPDATE SET sha256 = excluded.sha256, layer = excluded.layer,
                rows = excluded.rows, details = excluded.details, seeded_at = pg_catalog.now()
            """,
            [service, environment, source, entry.digest, entry.layer, entry.rows.map(String.init), entry.details]
        )
    }

    /// Takes the lock of the service's seeding until the end of the transaction, unless another run holds it.
    package func tryToLock(_ session: borrowing Session) throws -> Bool {
        try session.query(
            "SELECT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended($1, 7234301180)) AS free",
            ["granary seed \(service)"]
        )[0].bool("free")
    }

    /// Deletes the record of a service's seeds in every environment.
    package static func forget(_ service: String, _ schema: StateSchema, _ session: borrowing Session) throws {
        guard try schema.isReadable([.seeds], session) else { return }
        try session.query("DELETE FROM \(schema.quoted(.seeds, session)) WHERE service = $1", [service])
    }
}
