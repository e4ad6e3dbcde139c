internal import Archive
internal import Bookkeeping
internal import Environments
internal import PostgresClient

/// Which services' ledgers come back with their schemas.
struct LedgerReturn: Sendable {
    /// nil for an archive that has none, and for a plain dump, which brings what it brings.
    let archived: [Manifest.ServiceLedger]?
    let extent: RestoreExtent
    /// The schemas of services that are known from their files.
    let known: [String: [String]]

    /// The services whose schemas are all restored, those of which nothing was applied then too.
    func services(over target: AppliedVersions) -> [Manifest.ServiceLedger] {
        guard let archived, case .schemas(let restored) = extent else { return [] }
        return names(target).compactMap { name in
            let schemas = schemas(of: name)
            guard !schemas.isEmpty, Set(schemas).isSubset(of: restored) else { return nil }
            return archived.first { $0.service == name } ?? Manifest.ServiceLedger(service: name, schemas: schemas)
        }
    }

    /// What is applied when the restore is done; nil where that cannot be told before.
    func outcome(over target: AppliedVersions) -> AppliedVersions? {
        switch extent {
        case .rows, .tables: return target
        case .database:
            guard let archived else { return nil }
            var after = AppliedVersions()
            for service in archived where !service.migrations.isEmpty {
                after.services[service.service] = Set(service.migrations.map(\.version))
            }
            return after
        case .schemas:
            var after = target
            for service in services(over: target) {
                after.services[service.service] =
                    service.migrations.isEmpty ? nil : Set(service.migrations.map(\.version))
            }
            return after
        }
    }

    /// The services whose ledgers stay although some of their schemas do not, in sentences.
    func notes(over target: AppliedVersions) -> [String] {
        guard case .schemas(let restored) = extent else { return [] }
        return target.services.keys.sorted().compactMap { name in
            let schemas = schemas(of: name)
            let back = schemas.filter(restored.contains)
            guard !back.isEmpty else { return nil }
            if archived == nil { return "the ledger of \(name) stays as it is, because the archive has none" }
            guard back.count < schemas.count else { return nil }
            return
                "the ledger of \(name) stays as it is, because of its schemas only \(back.joined(separator: ", ")) is restored"
        }
    }

    private func names(_ target: AppliedVersions) -> [String] {
        Set((archived ?? []).map(\.service)).union(target.services.keys).sorted()
    }

    private func schemas(of service: String) -> [String] {
        archived?.first { $0.service == service }?.schemas ?? known[service] ?? [Service.usualSchema(of: service)]
    }
}

/// Writes ledgers of the archive into the target.
struct LedgerWriter {
    /// The state schema, quoted.
    private let schema: String

    init(_ stateSchema: StateSchema, _ session: borrowing Session) { schema = session.quoted(stateSchema.name) }

    /// Puts the rows of a service in place of those that are there.
    func replace(_ service: Manifest.ServiceLedger, _ session: borrowing Session) throws {
        try session.query("DELETE FROM \(schema).migrations WHERE service = $1", [service.service])
        for row in service.migrations {
            try session.query(
                """
                INSERT INTO \(schema).migrations (service, version, name, layer, up_sha256, down_sha256, down_sql,
                    verified, applied_at, applied_by, duration_ms, requires)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
                """,
                [
                    service.service, String(row.version), row.name, row.layer, row.upSHA256, row.downSHA256,
                    row.downSQL, String(row.verified), row.appliedAt, row.appliedBy,
                    row.milliseconds.map { String($0) }, QuotedText.array(row.requires),
                ]
            )
        }
    }

    /// Adds what later runs must know of the data that came back, and no longer of what was there before: which table of
    /// another tool is kept in step, and which runs have left half of a file.
    ///
    /// - Parameter whole: Whether everything came back, so that other services than these have nothing any more.
    func bringOpenEntries(
        _ services: [Manifest.ServiceLedger],
        whole: Bool,
        environment: String,
        _ session: borrowing Session
    ) throws {
        let adopted = try adoptions(session)
        let names = Set(services.map(\.service)).union(whole ? Array(adopted.keys) : [])
        for name in names.sorted() {
            let entries = services.first { $0.service == name }?.log ?? []
            let isAdopted = entries.contains { $0.event == "adopt" }
            if !isAdopted, let table = adopted[name], !table.isEmpty {
                let entry = Manifest.LogEntry(event: "adopt", actor: "", startedAt: "now", outcome: "done", note: "")
                try append(entry, service: name, environment, session)
            }
            for entry in entries where entry.event != "adopt" || entry.note != adopted[name] {
                try append(entry, service: name, environment, session)
            }
        }
    }

    /// What the log says last of the table that is kept in step, by service; empty for none.
    private func adoptions(_ session: borrowing Session) throws -> [String: String] {
        let rows = try session.query(
            """
            SELECT DISTINCT ON (service) service, note FROM \(schema).migration_log WHERE event = 'adopt'
            ORDER BY service, id DESC
            """
        )
        return Dictionary(rows.map { ($0.text("service"), $0.text("note")) }, uniquingKeysWith: { one, _ in one })
    }

    private func append(
        _ entry: Manifest.LogEntry,
        service: String,
        _ environment: String,
        _ session: borrowing Session
    ) throws {
        try session.query(
            """
            INSERT INTO \(schema).migration_log (service, version, name, event, environment, layer, sha256, actor,
                started_at, finished_at, outcome, statements_done, statements_total, wrapped, sqlstate, note)
            VALUES ($1, $2, $3, $4, $5, $6, $7, coalesce(nullif($8, ''), session_user), $9,
                CASE WHEN $10 = 'running' THEN NULL ELSE $9::pg_catalog.timestamptz END, $10, $11, $12, $13, $14, $15)
            """,
            [
                service, entry.version.map { String($0) }, entry.name, entry.event, environment, entry.layer,
                entry.sha256, entry.actor, entry.startedAt, entry.outcome, entry.statementsDone.map { String($0) },
                entry.statementsTotal.map { String($0) }, String(entry.wrapped), entry.sqlState, entry.note,
            ]
        )
    }

    /// Says in the log that something was restored.
    func logRestore(
        of name: String,
        service: String = "",
        version: Int? = nil,
        environment: String,
        note: String,
        _ session: borrowing Session
    ) throws {
        try session.query(
            """
            INSERT INTO \(schema).migration_log (service, version, name, event, environment, actor, started_at,
                finished_at, outcome, note)
            VALUES ($1, $2, $3, 'restored', $4, session_user, pg_catalog.now(), pg_catalog.clock_timestamp(), 'done', $5)
            """,
            [service, version.map { String($0) }, name, environment, note]
        )
    }
}
