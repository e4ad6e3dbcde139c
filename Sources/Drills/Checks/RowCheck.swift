internal import Archive
internal import Backup
internal import Bookkeeping
internal import Inspection
internal import PostgresClient

// The restored rows against those of the backup.
extension DrillBench {
    func checkRows() async throws {
        guard isOurs, let manifest else {
            journal.omit("digests of rows", because: "a dump has none to compare with")
            return
        }
        try await journal.phase(options.isQuick ? "count rows" : "digest rows") {
            options.isQuick ? try await countRows(manifest) : try await digestRows(manifest)
        }
    }

    // MARK: Digests

    private func digestRows(_ manifest: Manifest) async throws {
        // A pipe is never written.
        var backup = BackupOptions(output: .pipe(descriptor: -1))
        backup.jobs = options.jobs
        backup.level = 0
        backup.stateSchema = options.stateSchema
        let progress = progress
        let found = try await BackupRun(backup, server: database, logger: logger) { progress(.read($0)) }
            .digests(like: manifest.tables)
        let tables = Dictionary(found.tables.map { ($0.tableName, $0) }, uniquingKeysWith: { first, _ in first })
        let wanted = manifest.countedTables
        let rows = wanted.reduce(0) { $0 + $1.rows }
        // A restore may add columns to granary's own tables, so only their rows are counted.
        let others = manifest.tables.filter { table in
            table.kind == .ordinary && !table.dataLeftOut && !wanted.contains { $0.oid == table.oid }
        }
        let (own, beside) = (others.filter(Self.isOwn), others.filter { !Self.isOwn($0) })
        journal.check(
            .rows,
            (wanted + beside).compactMap { Self.difference($0, tables[$0.tableName]) }
                + own.compactMap { table in
                    let found = tables[table.tableName]?.rows ?? 0
                    return found == table.rows ? nil : Self.difference(table.tableName, found, table.rows)
                },
            else:
                "the digests of \(counted(wanted.count, "table")) with \(counted(rows, "row")) are those of the backup"
        )
        guard let objects = manifest.largeObjects else { return }
        let isSame = objects.digest == found.largeObjects?.digest && objects.rows == found.largeObjects?.rows
        journal.check(
            .largeObjects,
            isSame ? [] : ["the large objects differ from those of the backup"],
            else: "the digest of \(counted(objects.objects.count, "large object")) is that of the backup"
        )
    }

    /// Another table may be in a schema that holds granary's own.
    private static func isOwn(_ table: Manifest.Table) -> Bool {
        StateSchema.Table.allCases.contains { $0.description == table.name }
    }

    private static func difference(_ table: Manifest.Table, _ found: Manifest.Table?) -> String? {
        guard let found else { return "\(table.tableName) is missing" }
        guard found.rows == table.rows else { return Self.difference(table.tableName, found.rows, table.rows) }
        return found.digest == table.digest
            ? nil : "the rows of \(table.tableName) have other values than in the backup"
    }

    private static func difference(_ table: TableName, _ rows: Int, _ wanted: Int) -> String {
        "\(table) has \(counted(rows, "row")), and \(grouped(wanted)) in the backup"
    }

    // MARK: Counts

    private func countRows(_ manifest: Manifest) async throws {
        let progress = progress
        let counts = try await RowCounting(server: database, logger: logger)
            .exact(.wholeDatabase, jobs: options.jobs) { progress(.count($0)) }
        // Rows of an extension's own script are in its tables, too, and not in the backup.
        let ofExtensions = Set(manifest.tables.filter { $0.extensionName != nil }.map(\.tableName))
        let differences = CountDifference.between(counts, and: manifest, scope: .wholeDatabase)
            .filter { $0.then != nil && !ofExtensions.contains($0.table) }
        let uncounted = differences.filter { $0.now == nil && !$0.isGone || !$0.isExact }
        for table in uncounted {
            journal.omit("rows of \(table.table)", because: table.obstacle?.rawValue ?? "they could not be counted")
        }
        let isCounted = differences.filter { !uncounted.contains($0) }
        // As everywhere, granary's own tables are not among the tables that are named.
        let users = Set(manifest.countedTables.map(\.tableName))
        let count = isCounted.count { users.contains($0.table) }
        journal.check(
            .rows,
            isCounted.compactMap { difference in
                guard let then = difference.then, difference.now != then else { return nil }
                guard let now = difference.now else { return "\(difference.table) is missing" }
                return Self.difference(difference.table, now, then)
            },
            else: "\(counted(count, "table")) \(count == 1 ? "has" : "have") as many rows as in the backup"
        )
        journal.omit("digests of rows", because: "--quick compares only their numbers")
    }
}
