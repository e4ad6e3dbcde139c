internal import Archive
internal import Bookkeeping
internal import Project

/// The services whose ledgers are restored with their schemas.
struct LedgerReturn: Sendable {
    /// nil if the archive holds no ledger; plain dumps never do.
    let archived: [Manifest.ServiceLedger]?
    let extent: RestoreExtent
    /// The schemas of services that files declare.
    let known: [String: [String]]

    /// The services whose schemas are all restored, including those without applied migrations at that time.
    func services(over target: AppliedVersions) -> [Manifest.ServiceLedger] {
        guard let archived, case .schemas(let restored) = extent else { return [] }
        return names(target).compactMap { name in
            let schemas = schemas(of: name)
            guard !schemas.isEmpty, Set(schemas).isSubset(of: restored) else { return nil }
            return archived.first { $0.service == name } ?? Manifest.ServiceLedger(service: name, schemas: schemas)
        }
    }

    /// What is applied after the restore; nil if that is unknown before it.
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

    /// Sentences about services whose ledgers are kept although some of their schemas are restored.
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

extension LedgerEntry {
    init(_ row: Manifest.AppliedMigration) {
        self.init(
            version: row.version,
            name: row.name,
            layer: row.layer,
            upSHA256: row.upSHA256,
            downSHA256: row.downSHA256,
            downSQL: row.downSQL,
            isVerified: row.verified,
            appliedAt: row.appliedAt,
            appliedBy: row.appliedBy,
            milliseconds: row.milliseconds,
            requires: row.requires
        )
    }
}

extension LogEntry {
    /// - Parameter environment: The target's, because the entry goes into its log.
    init(_ entry: Manifest.LogEntry, environment: String) {
        self.init(
            entry.event,
            version: entry.version,
            note: entry.note,
            RunContext(environment: environment, actor: entry.actor)
        )
        name = entry.name
        layer = entry.layer
        sha256 = entry.sha256
        outcome = entry.outcome
        statementsDone = entry.statementsDone
        statementsTotal = entry.statementsTotal
        isWrapped = entry.wrapped
        sqlState = entry.sqlState
        time = .at(entry.startedAt)
    }
}
