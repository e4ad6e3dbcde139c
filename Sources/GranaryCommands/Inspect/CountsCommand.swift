internal import Archive
package import ArgumentParser
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
            With --since the rows are compared with those of a backup.

            Example:
              granary counts
              granary counts --exact --since backups/shop-20261123T071500Z.zip

            \(variablesHelp)
            """
    )

    @Flag(name: .long, help: "Count every table, in one snapshot.") package var exact = false

    @Option(
        name: .long,
        help: ArgumentHelp("Show the difference to this backup; sought in --backups too.", valueName: "file"),
        completion: .backup(".zip")
    )
    package var since: String?

    @Option(name: .long, help: ArgumentHelp("The folder of backups.", valueName: "folder"), completion: .directory)
    package var backups = "backups"

    @OptionGroup package var workers: JobsOption
    @OptionGroup package var common: InspectOptions

    package var speech: OutputOptions { common.speech }
    package init() {}

    package func run(on console: Console) async throws {
        let path = try since.map { try BackupFile.found($0, backups: backups) }
        let manifest = try path.map { try ArchiveReader(try FileSource(path: $0)).manifest }
        let inspect = try await InspectSession.open(common, on: console)
        let counting = RowCounting(server: inspect.connected.address, logger: console.logger)
        let counts =
            exact ? try await counted(counting, inspect.scope, on: console) : try await counting.quick(inspect.scope)
        defer { Self.tellOfRowSecurity(counts, on: console) }
        guard let manifest, let path else {
            return try tell(
                CountListing.result.document(CountListing(counts)),
                CountListing(counts).lines(width: StandardOutput.columns),
                inspect,
                isEmpty: counts.tables.isEmpty,
                on: console
            )
        }
        let listing = DifferenceListing(
            CountDifference.between(counts, and: manifest, scope: inspect.scope),
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

    /// If a policy hides rows of a table, it cannot be counted in any way.
    private static func tellOfRowSecurity(_ counts: RowCounts, on console: Console) {
        let hidden = counts.tables.filter { $0.obstacle == .rowSecurity }.map(\.name.description)
        guard !hidden.isEmpty else { return }
        console.note("not counted, because row security hides some of their rows:  \(hidden.joined(separator: ", "))")
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
