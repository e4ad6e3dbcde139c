internal import Archive
internal import Bookkeeping
internal import Logging
internal import PostgresClient

/// What belongs to the target and not to the archive: the marker, and the log of its migrations.
struct TargetState: Sendable {
    let schema: StateSchema
    /// The environment it is, or is to be.
    let marker: String?
    /// Whether there was a target before; a new one has no history.
    let existed: Bool
    /// The log as COPY text; nil where the target has none, or keeps it.
    let log: [UInt8]?
    let applied: AppliedVersions
    /// Who works with our tables beside their owner.
    let roles: [String]

    fileprivate static let logColumns = """
        service, version, name, event, environment, layer, sha256, actor, client_host, tool_version, started_at, \
        finished_at, duration_ms, estimated_duration, outcome, statements_done, statements_total, wrapped, sqlstate, \
        message, note
        """

    /// A target that is yet to be made.
    ///
    /// - Parameter environment: What it will be marked as.
    static func new(_ schema: StateSchema, environment: String?) -> TargetState {
        TargetState(
            schema: schema,
            marker: environment,
            existed: false,
            log: nil,
            applied: AppliedVersions(),
            roles: []
        )
    }

    /// - Parameters:
    ///   - extent: What will be restored; the log is read only where it will be lost with its table.
    ///   - session: to the target as it is.
    static func read(
        _ schema: StateSchema,
        before extent: RestoreExtent,
        _ session: inout Session
    ) throws -> TargetState {
        let applied = try applied(schema, session)
        let isLost = try extent.replaces(schema.name) && schema.exists(session)
        return TargetState(
            schema: schema,
            marker: try Marker(schema).read(session).name,
            existed: true,
            log: isLost ? try readLog(schema, &session) : nil,
            applied: applied,
            roles: isLost ? try roles(schema, session) : []
        )
    }

    /// What the ledger says; nothing where it is not there, or not for us.
    static func applied(_ schema: StateSchema, _ session: borrowing Session) throws -> AppliedVersions {
        guard try schema.exists(session), try schema.mayRead(session) else { return AppliedVersions() }
        var applied = AppliedVersions()
        for row in try session.query("SELECT service, version FROM \(session.quoted(schema.name)).migrations") {
            applied.services[row.text("service"), default: []].insert(row.int("version"))
        }
        return applied
    }

    /// nil for a log without entries: of a target that never had one, the archive's is all there is.
    private static func readLog(_ schema: StateSchema, _ session: inout Session) throws -> [UInt8]? {
        var log: [UInt8] = []
        let table = "\(session.quoted(schema.name)).migration_log"
        let sql = "COPY (SELECT \(logColumns) FROM \(table) ORDER BY id) TO STDOUT"
        try session.copyOut(sql) { rows in while try rows.next({ log.append(contentsOf: $0) }) {} }
        return log.isEmpty ? nil : log
    }

    private static func roles(_ schema: StateSchema, _ session: borrowing Session) throws -> [String] {
        try session.query(
            """
            SELECT DISTINCT r.rolname
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) a JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
            WHERE n.nspname = $1 AND c.relname = 'migration_log' AND a.privilege_type = 'INSERT'
                AND a.grantee <> c.relowner
            ORDER BY 1
            """,
            [schema.name]
        ).map { $0.text("rolname") }
    }
}

/// Writes the state where the data is now, in the transaction that puts it there.
///
///     tables that came with the archive: the target's marker, with a new fingerprint, and the target's log
///     tables that stayed: the ledgers of the services whose schemas came back
///     an entry in the log, and what later runs must know of the data
struct StateReturn: Sendable {
    let ledger: LedgerReturn
    /// What was restored, for the log.
    private let file: String
    /// A plain dump, of whose ledger nothing is known but what is in it.
    private let isDump: Bool

    init(_ manifest: Manifest, _ options: RestoreOptions) {
        ledger = LedgerReturn(
            archived: manifest.ledger,
            extent: RestoreExtent(manifest, options),
            known: options.services
        )
        file = Self.name(options.file)
        isDump = false
    }

    init(dump options: RestoreOptions) {
        ledger = LedgerReturn(archived: nil, extent: .database, known: [:])
        file = Self.name(options.file)
        isDump = true
    }

    var extent: RestoreExtent { ledger.extent }

    private static func name(_ file: String) -> String { file.split(separator: "/").last.map(String.init) ?? file }

    /// - Returns: The services of which something else is applied now; for a new target none.
    /// - Throws: `RestoreError` with `.preflight` for a role that may not write the ledger; `PostgresError`.
    func write(_ state: TargetState, _ session: inout Session) throws -> [ServiceRewind] {
        let returning = ledger.services(over: state.applied)
        if extent.replaces(state.schema.name) {
            try carry(state, &session)
        } else {
            try write(returning, state, &session)
        }
        guard state.existed else { return [] }
        let rewinds = state.applied.rewinds(to: try TargetState.applied(state.schema, session))
        try log(returning, rewinds, state, session)
        return rewinds
    }

    private func carry(_ state: TargetState, _ session: inout Session) throws {
        guard state.marker != nil || state.log != nil else { return }
        guard try !isDamaged(state, session) else { return }
        let isMissing = try !state.schema.exists(session)
        try state.schema.ensure(&session)
        if isMissing, !state.roles.isEmpty { try state.schema.grant(to: state.roles, &session) }
        if let marker = state.marker { try Marker(state.schema).write(marker, &session) }
        guard let log = state.log else { return }
        let table = "\(session.quoted(state.schema.name)).migration_log"
        try session.execute("DELETE FROM \(table)")
        _ = try session.copyIn("COPY \(table) (\(TargetState.logColumns)) FROM STDIN") { rows in
            try log.withUnsafeBytes { try rows.write($0) }
        }
    }

    private func write(
        _ returning: [Manifest.ServiceLedger],
        _ state: TargetState,
        _ session: inout Session
    ) throws {
        if let marker = state.marker, !state.existed { try Marker(state.schema).write(marker, &session) }
        let changed = returning.filter { service in
            !service.migrations.isEmpty || !service.log.isEmpty || state.applied.services[service.service] != nil
        }
        guard let first = changed.first, try !isDamaged(state, session) else { return }
        try state.schema.ensure(&session)
        guard try state.schema.mayWrite(session) else {
            throw RestoreError(
                .preflight,
                "the role \(session.user) may not write the ledger, and that of \(first.service) comes back with its schemas",
                hint:
                    "let the owner of the schema \(state.schema.name) run `granary init --grant \(QuotedText.shellWord(session.user))`"
            )
        }
        let writer = LedgerWriter(state.schema, session)
        for service in changed { try writer.replace(service, session) }
        guard !state.existed else { return }
        try writer.bringOpenEntries(changed, whole: false, environment: state.marker ?? "", session)
    }

    /// What is restored counts, and not what we have to say of it.
    private func isDamaged(_ state: TargetState, _ session: borrowing Session) throws -> Bool {
        guard try state.schema.isDamaged(session) else { return false }
        session.logger.warning(
            "granary's own tables in \(state.schema.name) are damaged and were left as they are; `granary doctor` says what is wrong"
        )
        return true
    }

    private func log(
        _ returning: [Manifest.ServiceLedger],
        _ rewinds: [ServiceRewind],
        _ state: TargetState,
        _ session: borrowing Session
    ) throws {
        guard try state.schema.exists(session), try state.schema.mayLog(session) else { return }
        let writer = LedgerWriter(state.schema, session)
        let environment = state.marker ?? ""
        if returning.isEmpty {
            try writer.logRestore(of: extent.name, environment: environment, note: file, session)
        }
        for service in returning {
            let rewind = rewinds.first { $0.service == service.service }
            try writer.logRestore(
                of: extent.name,
                service: service.service,
                version: service.version,
                environment: environment,
                note: rewind.map { "\(file): \($0.change)" } ?? file,
                session
            )
        }
        if extent == .database, !isDump, let archived = ledger.archived {
            try writer.bringOpenEntries(archived, whole: true, environment: environment, session)
        } else {
            try writer.bringOpenEntries(returning, whole: false, environment: environment, session)
        }
    }
}
