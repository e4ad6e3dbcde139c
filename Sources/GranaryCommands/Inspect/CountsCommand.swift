internal import AgeEncryption
internal import Archive
package import ArgumentParser
internal import Backup
internal import Inspection
internal import PostgresClient
internal import Storage

/// `granary counts`.
package struct CountsCommand: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "counts",
        abstract: "Count the rows of the tables; large tables are estimated unless --exact.",
        discussion: """
            Estimates are marked with ~. With --exact all tables are counted in one snapshot, several at a time. \
            With --since all are counted, too, and the numbers of rows are compared with those of a backup, not the \
            rows themselves; --digests compares those, too. Granary's own tables are not counted.

            Example:
              granary counts
              granary counts orders 'ref_*'
              granary counts --since backups/shop-20261123T071500Z.zip

            \(variablesHelp)
            """
    )
    package static let onlyReads = true

    @Flag(name: .long, help: "Count every table, in one snapshot.") package var exact = false

    @Option(
        name: .long,
        help: ArgumentHelp("Show the difference to this backup; sought in --backups too.", valueName: "file"),
        completion: .backup(".zip", ".zip.age")
    )
    package var since: String?

    @Flag(name: .long, help: "With --since: read all rows, and compare them with the digests of the backup.")
    package var digests = false

    @Option(name: .long, help: ArgumentHelp("The folder of backups.", valueName: "folder"), completion: .directory)
    package var backups = "backups"

    @OptionGroup package var named: NamedTables
    @OptionGroup package var keys: KeyOptions
    @OptionGroup(title: "Buckets") package var store: StoreOptions
    @OptionGroup package var workers: JobsOption
    @OptionGroup package var common: InspectOptions

    package var speech: OutputOptions { common.speech }
    package init() {}

    package mutating func validate() throws {
        if digests, since == nil { throw ValidationError("--digests requires --since") }
    }

    package func run(on console: Console) async throws {
        let stores = store.stores(on: console)
        let path = try since.map { try BackupFile.found($0, backups: backups, in: stores) }
        let keyring = try keys.keyring(on: console)
        let manifest = try path.map { try ArchiveReader(try BackupSource(path: $0, keyring, in: stores)).manifest }
        let inspect = try await InspectSession.open(common, named: named.choice, on: console)
        let choice = named.choice
        let counting = RowCounting(server: inspect.connected.address, logger: console.logger) { tables in
            inspect.chosen(choice, from: tables, by: \.name)
        }
        // A difference to an estimate would say nothing.
        let counts =
            exact || since != nil
            ? try await counted(counting, inspect.scope, on: console) : try await counting.quick(inspect.scope)
        defer { Self.tellOfRowSecurity(counts, on: console) }
        guard let manifest, let path else {
            try named.choice.require(in: counts.tables.map(\.name))
            return try tell(
                CountListing.result.document(CountListing(counts)),
                CountListing(counts).lines(width: StandardOutput.columns),
                inspect,
                isEmpty: counts.tables.isEmpty,
                on: console
            )
        }
        var differences = try differences(counts, manifest, inspect)
        if digests { try await compare(&differences, manifest, inspect, on: console) }
        let listing = DifferenceListing(
            differences,
            file: path,
            createdAt: manifest.createdAt
        )
        try tell(
            DifferenceListing.result.document(listing),
            listing.lines(width: StandardOutput.columns),
            inspect,
            isEmpty: listing.isEmpty,
            on: console
        )
    }

    private func differences(
        _ counts: RowCounts,
        _ manifest: Manifest,
        _ inspect: InspectSession
    ) throws -> [CountDifference] {
        let all = CountDifference.between(counts, and: manifest, scope: inspect.scope)
        try named.choice.require(in: all.map(\.table))
        return inspect.chosen(named.choice, from: all, by: \.table)
    }

    private func compare(
        _ differences: inout [CountDifference],
        _ manifest: Manifest,
        _ inspect: InspectSession,
        on console: Console
    ) async throws {
        let there = differences.filter { !$0.isGone && $0.then != nil }
        guard !there.isEmpty else { return }
        // A pipe is never written.
        var options = BackupOptions(output: .pipe(descriptor: -1))
        options.schemas = inspect.schemas
        if !named.tables.isEmpty { (options.schemas, options.tables) = ([], there.map(\.table.quoted)) }
        options.jobs = try inspect.connected.workers(workers, on: console)
        options.level = 0
        options.stateSchema = common.service.state.stateSchema
        let settled = options
        let tables = try await ProgressRenderer.drawing(on: console) { renderer in
            try await BackupRun(settled, server: inspect.connected.address, logger: console.logger) {
                renderer.receive(ProgressEvent($0))
            }.digests(like: manifest.tables).tables
        }
        for index in differences.indices { differences[index].compare(tables, with: manifest) }
    }

    /// A table with rows hidden by a policy cannot be counted in any way.
    private static func tellOfRowSecurity(_ counts: RowCounts, on console: Console) {
        let hidden = counts.tables.filter { $0.obstacle == .rowSecurity }.map(\.name.description)
        guard !hidden.isEmpty else { return }
        console.note("not counted, because row security hides some of their rows: \(hidden.joined(separator: ", "))")
        console.note(
            "to count them, connect as a role with BYPASSRLS, or as the owner after ALTER TABLE … NO FORCE ROW LEVEL SECURITY"
        )
    }

    private func counted(
        _ counting: RowCounting,
        _ scope: InspectionScope,
        on console: Console
    ) async throws -> RowCounts {
        let jobs = workers.count
        return try await ProgressRenderer.drawing(on: console) { renderer in
            renderer.receive(.phase("counting rows"))
            return try await counting.exact(scope, jobs: jobs) {
                for event in ProgressEvent.events($0) { renderer.receive(event) }
            }
        }
    }

    private func tell(
        _ document: JSONDocument,
        _ lines: [String],
        _ inspect: InspectSession,
        isEmpty: Bool,
        on console: Console
    ) throws {
        if console.settings.isJSON { return try console.result(document) }
        if isEmpty { return console.note(inspect.nothingFound) }
        for line in lines { try console.result(line: line) }
    }
}

extension ProgressEvent {
    /// A counted table is also finished.
    static func events(_ event: RowCounts.Progress) -> [ProgressEvent] {
        switch event {
        case .planned(let tables, let bytes): [.planned(tables: tables, bytes: bytes)]
        case .counted(let table, let rows, let bytes):
            [
                .advanced(table: table, rows: rows, bytes: bytes, share: bytes),
                .finished(table: table, rows: rows, bytes: bytes),
            ]
        }
    }
}
