internal import Archive
internal import Bookkeeping
internal import Databases
internal import Logging
internal import PostgresClient

// What would happen, and what would prevent it.
extension ArchiveRestore {
    /// Examines the archive and the target. Changes nothing.
    ///
    /// - Parameter listsCode: Whether to list the code of a trusted archive too.
    func plan(listsCode: Bool) async throws -> RestorePlanReport {
        let looksInside = isInPlace && target.exists
        var (findings, _) = try await withSession(
            looksInside ? target.address : target.maintenance,
            logger: logger
        ) { try inspect($0) }
        let inside = try await lookInside()
        findings.notes += Preflight(manifest: manifest, options: options, target: target)
            .grantsWithoutRole(findings.roles)
        findings.notes += undistributed(inside.distributed)
        let created = findings.created?.names ?? []
        if !created.isEmpty { findings.notes.append("create the roles \(created.listed(atMost: 20))") }
        findings.obstacles += inside.obstacles
        var report = RestoreOutlook(restore: self, findings: findings, rewinds: inside.rewinds).report()
        report.environment = manifest.environment
        let isSealed = try isSealed()
        report.isSealed = archive.isOurs ? isSealed : nil
        report.isRepacked = archive.repacked != nil
        if listsCode || !isSealed { report.code = try CodeReader(manifest, options).inventory }
        return report
    }

    /// Facts that only the target can tell; empty if it does not exist.
    private struct Inside: Sendable {
        var obstacles: [Preflight.Obstacle] = []
        /// Tables that Citus distributes.
        var distributed: [TableName] = []
        /// The services whose applied version would change.
        var rewinds: [ServiceRewind] = []
    }

    /// A target that will be replaced need not permit a connection.
    private func lookInside() async throws -> Inside {
        guard target.exists else { return Inside() }
        let cluster = isInPlace ? nil : ClusterCheck(target: target)
        do {
            return try await withSession(target.address, logger: logger) { session in
                var inside = try lookInside(session)
                inside.obstacles += try cluster?.obstacle(session).map { [$0] } ?? []
                return inside
            }
        } catch let error as PostgresError where error.code == .connection && !isInPlace {
            return Inside()
        }
    }

    private func lookInside(_ session: borrowing Session) throws -> Inside {
        var inside = Inside()
        if !options.dataOnly, options.rows == nil { inside.distributed = try session.distributedTables() }
        if isInPlace {
            if !options.tables.isEmpty { inside.obstacles += try TableObstacles.tables(manifest, options, session) }
            let locks = LockNeed(manifest: manifest, selection: selection, options: options)
            inside.obstacles += try locks.obstacle(session).map { [$0] } ?? []
        }
        if options.ifEmpty {
            let there = try TableObstacles.there(selection.leavingOutExtensions.tablesWithRows, session)
            inside.obstacles += try TableObstacles.rows(in: there, session).map { [$0] } ?? []
        }
        let returning = state.ledger
        if returning.extent.changesLedger {
            let before = try TargetState.applied(StateSchema(options.stateSchema), session)
            inside.rewinds = returning.outcome(over: before).map(before.rewinds) ?? []
        }
        return inside
    }

    /// A note about tables that would no longer be distributed.
    private func undistributed(_ present: [TableName]) -> [String] {
        let known = Set((manifest.distribution == nil ? [] : manifest.distributed ?? []).map(TableName.init))
        let tables = present.filter { !known.contains($0) }
        guard !tables.isEmpty else { return [] }
        return [
            "Citus distributes \(tables.map(\.spelling).listed()) of \(target.name): what is made anew is not distributed"
        ]
    }
}

/// The plan of a restore, in sentences.
struct RestoreOutlook {
    let restore: ArchiveRestore
    let findings: Preflight.Findings
    let rewinds: [ServiceRewind]

    private var manifest: Manifest { restore.manifest }
    private var options: RestoreOptions { restore.options }
    private var target: TargetDatabase { restore.target }
    private var selection: Selection { restore.selection }

    func report() -> RestorePlanReport {
        RestorePlanReport(
            database: target.name,
            steps: steps,
            tables: selection.countedTables.count,
            rows: restore.archive.tellsRows ? selection.rows : nil,
            rawBytes: selection.rawBytes,
            obstacles: findings.obstacles.map { "\($0.message) (\($0.hint))" },
            rewinds: rewinds
        )
    }

    private var steps: [String] {
        let content = [
            counted(selection.items.count, "object"), counted(selection.countedTables.count, "table"),
            restore.archive.tellsRows ? counted(selection.rows, "row") : nil,
        ].compactMap(\.self).joined(separator: ", ")
        guard !restore.isInPlace else {
            return [inPlaceStep, "make or load \(content), in one transaction in \(target.name)"]
                + rewinds.map(\.sentence) + findings.notes
        }
        let steps = [
            "make a new database beside \(target.name)", "fill it with \(content)",
            options.lastStep(for: target.name, exists: findings.existing != nil),
        ]
        return steps + rewinds.map(\.sentence) + findings.notes
    }

    private var inPlaceStep: String {
        if options.ifEmpty { return "leave everything as it is if one of the tables holds a row" }
        if options.dataOnly || options.rows == .replace { return "empty the tables that come back" }
        if options.rows == .missing { return "leave the rows that are there" }
        if !options.tables.isEmpty { return "leave the other tables alone" }
        let schemas = options.schemas.isEmpty ? manifest.scope.schemas : options.schemas
        return "drop \(schemas.isEmpty ? "every schema" : "the schemas " + schemas.joined(separator: ", "))"
    }
}
