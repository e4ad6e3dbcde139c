package import ArgumentParser
internal import Backup
internal import Inspection
internal import PostgresClient
internal import Storage

/// `granary schema`.
package struct SchemaCommand: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Describe the tables: columns, keys, indexes, triggers, policies; or compare them with a file.",
        discussion: """
            The same schema gives the same text, so it can be committed. Foreign keys without an index and invalid \
            indexes are listed. The format sql is pg_dump's, which locks the tables as any reader does; the others \
            lock nothing.

            Example:
              granary schema --format md > docs/schema.md
              granary schema --check docs/schema.md
              granary schema orders

            \(variablesHelp)
            """
    )
    package static let onlyReads = true

    package enum Format: String, ExpressibleByArgument, CaseIterable, Sendable {
        case text, sql, md, mermaid, json
    }

    @Option(name: .long, help: ArgumentHelp("The output format.", valueName: "text|sql|md|mermaid|json"))
    package var format: Format?

    @Option(
        name: .long,
        help: ArgumentHelp("Compare the schema with this file; exit with 2 if it differs.", valueName: "file"),
        completion: .file()
    )
    package var check: String?

    @OptionGroup package var named: NamedTables
    @OptionGroup package var common: InspectOptions

    package var speech: OutputOptions { common.speech }
    package init() {}

    package func run(on console: Console) async throws {
        let expected = try check.map { (path: $0, text: try Self.read($0)) }
        let inspect = try await InspectSession.open(common, named: named.choice, on: console)
        let isText = (format ?? .text) == .text && !console.settings.isJSON && expected == nil
        let format = format ?? expected.map { Self.format(of: $0.path) } ?? (console.settings.isJSON ? .json : .text)
        let text = try await text(format, inspect, columns: isText ? StandardOutput.columns : nil, on: console)
        guard let expected else {
            if console.settings.isJSON, format != .json {
                return try console.result(.object(["format": .string(format.rawValue), "schema": .string(text)]))
            }
            var result = text
            if result.hasSuffix("\n") { result.removeLast() }
            return try format == .sql ? console.result(exactly: result) : console.result(result)
        }
        let difference = LineDifference(expected: expected.text, found: text)
        try console.result(
            LineDifference.result.document((expected.path, difference)),
            else: difference.lines(file: expected.path, found: inspect.connected.name)
        )
        if !difference.isEmpty { throw ExitCode(ExitStatus.findings.rawValue) }
    }

    /// - Parameter columns: The width of the terminal, if the text is shown on one.
    private func text(
        _ format: Format,
        _ inspect: InspectSession,
        columns: Int?,
        on console: Console
    ) async throws -> String {
        if format == .sql {
            let tables = named.tables.isEmpty ? [] : try await report(inspect, on: console).tables.map(\.name)
            return try await SchemaOnlyDump(
                server: inspect.connected.address,
                schemas: inspect.schemas,
                tables: tables,
                postgresBin: common.database.programs.postgresBin,
                lockTimeout: .seconds(2),
                logger: console.logger
            ).text()
        }
        let report = try await report(inspect, on: console)
        if report.tables.isEmpty, format == .text { console.note(inspect.nothingFound) }
        for table in report.tables {
            guard let held = table.held else { continue }
            console.note("\(table.name) is locked by process \(held.processID): its expressions could not be read")
        }
        return switch format {
        case .md: SchemaMarkdown(report).text
        case .mermaid: SchemaMermaid(report).text
        case .json: SchemaDocument.result.document(report).indented
        default: columns.map { SchemaListing(report).text(columns: $0) } ?? SchemaListing(report).text
        }
    }

    private func report(_ inspect: InspectSession, on console: Console) async throws -> SchemaReport {
        let scope = inspect.scope
        var report = try await withSession(inspect.connected.address, logger: console.logger) {
            try SchemaReading(scope).read(&$0)
        }
        try named.choice.require(in: report.tables.map(\.name))
        report.tables = named.choice.chosen(from: report.tables, by: \.name)
        return report
    }

    /// The format by the file's extension, if `--format` is not given.
    package static func format(of path: String) -> Format {
        let ending = path.split(separator: "/").last?.split(separator: ".").dropFirst().last ?? ""
        return switch ending.lowercased() {
        case "sql": .sql
        case "md", "markdown": .md
        case "mmd", "mermaid": .mermaid
        case "json": .json
        default: .text
        }
    }

    private static func read(_ path: String) throws -> String {
        guard let text = try? Files.text(of: path) else {
            throw CommandError(.file, "\(path) cannot be read", hint: "write it with granary schema > \(path)")
        }
        return text
    }
}
