internal import Archive
internal import Environments
internal import Glibc
internal import PostgresClient

/// What belongs to the target and not to the data that comes back: its marker, and the log of its migrations.
///
/// It is read from the target before anything is lost, and written where the data is when that is all there, the
/// marker with the fingerprint of the database it is in now.
struct TargetState: Sendable {
    /// The environment that the target is marked with; a copy's is none.
    var environment: String?
    /// The rows of `migration_log` as a JSON array; nil where there are none.
    var log: String?
    /// Roles that work with our tables, beside the one that restores.
    var roles: [String] = []
    /// What the ledger says of each service.
    var ledger: [String: ServiceState] = [:]

    struct ServiceState: Sendable, Equatable {
        var highest: Int
        var count: Int
    }

    init() {}

    init(_ session: borrowing Session, in schema: StateSchema) throws {
        let tables = try schema.tables(session)
        guard !tables.isEmpty else { return }
        environment = try MarkerState(of: session, in: schema).environment
        if tables.contains(.migrationLog) {
            log = try session.query(
                "SELECT pg_catalog.json_agg(l ORDER BY l.id)::text AS rows FROM \(session.quoted(schema.migrationLog)) l"
            )[0]["rows"]
        }
        ledger = try Self.ledger(session, in: schema, tables)
        roles = try Self.roles(session, in: schema)
    }

    static func ledger(
        _ session: borrowing Session,
        in schema: StateSchema,
        _ tables: Set<StateSchema.Table>
    ) throws -> [String: ServiceState] {
        guard tables.contains(.migrations) else { return [:] }
        let rows = try session.query(
            """
            SELECT service, max(version) AS highest, count(*) AS count FROM \(session.quoted(schema.migrations))
            GROUP BY service
            """
        )
        return Dictionary(
            rows.map { ($0.text("service"), ServiceState(highest: $0.int("highest"), count: $0.int("count"))) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    private static func roles(_ session: borrowing Session, in schema: StateSchema) throws -> [String] {
        try session.query(
            """
            SELECT DISTINCT pg_catalog.pg_get_userbyid(a.grantee) AS role
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner))) a
            WHERE n.nspname = $1 AND c.relkind = 'r' AND a.privilege_type = 'INSERT' AND a.grantee <> 0
                AND pg_catalog.pg_get_userbyid(a.grantee) <> CURRENT_USER
            ORDER BY 1
            """,
            [schema.name]
        ).map { $0.text("role") }
    }
}

/// Writes a target's state to where its data is now, and the entry that tells of the restore.
struct StateCarrier: Sendable {
    let schema: StateSchema
    /// The file that is restored.
    let file: String
    /// The environment of a target that is new; nil when nobody said.
    let environment: String?
    /// The environment that the archive was made in, for a new target that gets no other.
    let archivedEnvironment: String?
    let began: ContinuousClock.Instant

    init(_ options: RestoreOptions, archivedEnvironment: String?, began: ContinuousClock.Instant) {
        schema = options.stateSchema
        file = options.file
        environment = options.environment
        self.archivedEnvironment = archivedEnvironment
        self.began = began
    }

    /// - Parameters:
    ///   - state: nil for a target that is new.
    ///   - replaces: Whether the data that came back may have brought our tables along, or taken them away.
    /// - Returns: what a person should know.
    func write(_ state: TargetState?, replaces: Bool, _ session: inout Session) throws -> [String] {
        if replaces { try replace(state ?? TargetState(), isNew: state == nil, &session) }
        let tables = try schema.tables(session)
        let before = state?.ledger ?? [:]
        let now = try TargetState.ledger(session, in: schema, tables)
        if tables.contains(.migrationLog) { try log(before, now, session) }
        return Set(before.keys).intersection(now.keys).sorted().compactMap { service in
            guard let old = before[service], let new = now[service], old != new else { return nil }
            return "\(Self.change(from: old, to: new)): the ledger of the service \(service) is that of the backup"
        }
    }

    private func replace(_ state: TargetState, isNew: Bool, _ session: inout Session) throws {
        let name = state.environment ?? (isNew ? environment : nil)
        if name != nil || state.log != nil {
            let isMissing = try schema.tables(session).isEmpty
            try schema.ensure(&session)
            if isMissing { try schema.grant(to: state.roles, &session) }
        }
        let tables = try schema.tables(session)
        if tables.contains(.environment) {
            try session.execute("DELETE FROM \(session.quoted(schema.environment))")
            if let name {
                try Marker.write(name, &session, in: schema)
            } else if isNew, let archivedEnvironment {
                try Marker.writeCopy(of: archivedEnvironment, session, in: schema)
            }
        }
        if let rows = state.log { try replaceLog(with: rows, session) }
    }

    /// Of a target without a log the archive's stays: then it is all that is known.
    private func replaceLog(with rows: String, _ session: borrowing Session) throws {
        let table = session.quoted(schema.migrationLog)
        // Two versions of granary may have made the two tables: what both have is carried.
        let columns = try session.query(
            """
            SELECT a.attname FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = pg_catalog.to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
                AND a.attname IN (SELECT pg_catalog.json_object_keys(r) FROM pg_catalog.json_array_elements($2::json) r)
            """,
            [table, rows]
        ).map { $0.text("attname") }
        let names = session.quoted(columns)
        try session.execute("DELETE FROM \(table)")
        try session.query(
            """
            INSERT INTO \(table) (\(names)) OVERRIDING SYSTEM VALUE
            SELECT \(names) FROM pg_catalog.json_populate_recordset(NULL::\(table), $1::json)
            """,
            [rows]
        )
        try session.query(
            """
            SELECT pg_catalog.setval(pg_catalog.pg_get_serial_sequence($1, 'id')::regclass, max(id)) FROM \(table)
            """,
            [table]
        )
    }
}

// The entry in the log.
extension StateCarrier {
    private func log(
        _ before: [String: TargetState.ServiceState],
        _ now: [String: TargetState.ServiceState],
        _ session: borrowing Session
    ) throws {
        let services = Set(before.keys).union(now.keys).sorted()
        let environment = try MarkerState(of: session, in: schema).environment
        let milliseconds = Int((.now - began) / .milliseconds(1))
        // Without a ledger the entry is about the database alone.
        for service in services.isEmpty ? [""] : services {
            try session.query(
                """
                INSERT INTO \(session.quoted(schema.migrationLog))
                    (service, version, event, environment, client_host, tool_version, started_at, finished_at,
                     duration_ms, outcome, message, note)
                VALUES ($1, $2, 'restored', $3, $4, $5,
                        pg_catalog.clock_timestamp() - $6::bigint * interval '1 millisecond',
                        pg_catalog.clock_timestamp(), $6, 'done', $7, $8)
                """,
                [
                    service, now[service].map { String($0.highest) }, environment, Self.hostName, granaryVersion,
                    String(milliseconds), String(file.split(separator: "/").last ?? ""),
                    Self.change(from: before[service], to: now[service]),
                ]
            )
        }
    }

    private static func change(from old: TargetState.ServiceState?, to new: TargetState.ServiceState?) -> String {
        func text(_ state: TargetState.ServiceState?) -> String {
            state.map { "version \($0.highest) (\($0.count) applied)" } ?? "nothing applied"
        }
        return old == new ? "unchanged, \(text(new))" : "from \(text(old)) to \(text(new))"
    }

    private static var hostName: String? {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return nil }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
