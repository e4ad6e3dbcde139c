internal import Archive
internal import Bookkeeping
internal import Logging
internal import PostgresClient

/// State of the target that does not come from the archive: the marker, and the log of migrations.
struct TargetState: Sendable {
    let schema: StateSchema
    /// The environment of the target, now or later.
    let marker: String?
    /// The rules beside its marker.
    var policy: MarkerPolicy?
    /// Whether the target existed before; a new one has no history.
    let existed: Bool
    /// The log as COPY text; nil if the target has none, or keeps its table.
    let log: [UInt8]?
    let applied: AppliedVersions
    /// Roles with privileges on granary's tables, besides their owner.
    let roles: [String]

    /// The state for a target that does not exist yet.
    ///
    /// - Parameter environment: The environment it will be marked with.
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

    /// - Parameters: - extent: What will be restored; the log is read only if its table will be lost. - session: On the
    ///   present target.
    static func read(
        _ schema: StateSchema,
        before extent: RestoreExtent,
        _ session: inout Session
    ) throws -> TargetState {
        let examined = try schema.examined(session)
        let applied = try applied(examined, session)
        let isLost = try extent.replaces(schema.name) && examined.exists(session)
        return TargetState(
            schema: schema,
            marker: try Marker(examined).read(session).name,
            policy: try Marker(examined).policy(session),
            existed: true,
            log: isLost ? try MigrationLog(schema, session).copy(&session) : nil,
            applied: applied,
            roles: isLost ? try schema.writers(of: .log, session) : []
        )
    }

    /// The content of the ledger; empty if it does not exist or cannot be read.
    static func applied(_ schema: StateSchema, _ session: borrowing Session) throws -> AppliedVersions {
        guard try schema.exists(session), try schema.mayRead(session) else { return AppliedVersions() }
        var applied = AppliedVersions()
        for row in try Ledger.applied(schema, session) {
            applied.services[row.service, default: []].insert(row.version)
        }
        return applied
    }
}

/// Writes the state into the database that now has the data, in the same transaction.
///
///     tables that came with the archive: the target's marker, with a new fingerprint, and the target's log
///     tables that stayed: the ledgers of the services whose schemas came back
///     an entry in the log, and what later runs must know of the data
struct StateReturn: Sendable {
    let ledger: LedgerReturn
    /// The restored file, for the log.
    private let file: String
    /// A plain dump, of whose ledger only the content is known.
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

    /// - Returns: The services whose applied migrations have changed; none for a new target.
    /// - Throws: `RestoreError` with `.preflight` if the role may not write the ledger; `PostgresError`.
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
        if let marker = state.marker { try Marker(state.schema).write(marker, policy: state.policy, &session) }
        guard let log = state.log else { return }
        try MigrationLog(state.schema, session).replace(with: log, &session)
    }

    private func write(
        _ returning: [Manifest.ServiceLedger],
        _ state: TargetState,
        _ session: inout Session
    ) throws {
        if let marker = state.marker, !state.existed {
            try Marker(state.schema).write(marker, policy: state.policy, &session)
        }
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
        for service in changed {
            let rows = service.migrations.map { LedgerEntry($0) }
            try Ledger(service: service.service, state.schema, session).replace(with: rows, session)
        }
        guard !state.existed else { return }
        try bringEntries(of: changed, state, session)
    }

    /// The restored data matter more than granary's records about them.
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
        let log = MigrationLog(state.schema, session)
        for service in returning.isEmpty ? [nil] : returning.map(Optional.some) {
            let rewind = rewinds.first { $0.service == service?.service }
            var entry = LogEntry(
                "restored",
                version: service?.version,
                note: rewind.map { "\(file): \($0.change)" } ?? file,
                RunContext(environment: state.marker ?? "")
            )
            entry.name = extent.name
            entry.time = .transaction
            try log.append(entry, service: service?.service ?? "", session)
        }
        if extent == .database, !isDump, let archived = ledger.archived {
            try bringEntries(of: archived, isAll: true, state, session)
        } else {
            try bringEntries(of: returning, state, session)
        }
    }

    /// Adds the log entries that later runs need for the restored data, in place of those for the earlier data: the
    /// adopted table of another tool, and runs that left half of a file.
    ///
    /// - Parameter isAll: Whether everything was restored, so that other services no longer have anything.
    private func bringEntries(
        of services: [Manifest.ServiceLedger],
        isAll: Bool = false,
        _ state: TargetState,
        _ session: borrowing Session
    ) throws {
        let log = MigrationLog(state.schema, session)
        let environment = state.marker ?? ""
        let adopted = try log.adoptions(session)
        let names = Set(services.map(\.service)).union(isAll ? Array(adopted.keys) : [])
        for name in names.sorted() {
            let entries = services.first { $0.service == name }?.log ?? []
            let isAdopted = entries.contains { $0.event == "adopt" }
            if !isAdopted, let table = adopted[name], !table.isEmpty {
                var entry = LogEntry("adopt", note: "", RunContext(environment: environment))
                entry.time = .at("now")
                try log.append(entry, service: name, session)
            }
            for entry in entries where entry.event != "adopt" || entry.note != adopted[name] {
                try log.append(LogEntry(entry, environment: environment), service: name, session)
            }
        }
    }
}
