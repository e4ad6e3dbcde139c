package import ArgumentParser
internal import Inspection
internal import PostgresClient

/// `granary tables`.
package struct TablesCommand: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "tables",
        abstract: "List the tables with their estimated rows and their sizes.",
        discussion: """
            Partitions are added to their parent. Granary's own tables are left out. It locks no table and waits for \
            no lock.

            Example:
              granary tables
              granary tables orders 'ref_*'
              granary tables --all --json

            \(variablesHelp)
            """
    )
    package static let onlyReads = true

    @OptionGroup package var named: NamedTables
    @OptionGroup package var common: InspectOptions

    package var speech: OutputOptions { common.speech }
    package init() {}

    package func run(on console: Console) async throws {
        let inspect = try await InspectSession.open(common, named: named.choice, on: console)
        let scope = inspect.scope
        var report = try await withSession(inspect.connected.address, logger: console.logger) {
            try TableReport.read(scope, $0)
        }
        try named.choice.require(in: report.tables.map(\.name))
        report.tables = inspect.chosen(named.choice, from: report.tables, by: \.name)
        let rendered = TableListing(report)
        if console.settings.isJSON { return try console.result(TableListing.result.document(rendered)) }
        if report.tables.isEmpty { return console.note(inspect.nothingFound) }
        for line in rendered.lines(width: StandardOutput.columns) { try console.result(line: line) }
        for note in rendered.notes { console.note(note) }
    }
}
