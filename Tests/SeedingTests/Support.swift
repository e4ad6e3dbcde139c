import Logging
import PostgresClient
import Project
import Seeding
import TestSupport
import Testing

/// A node as a short text: the text of scalars, `~` for null, and quotes around quoted texts.
func told(_ node: SeedNode) -> String {
    let tag = node.tag.map { "!\($0) " } ?? ""
    switch node.value {
    case .null: return "\(tag)~"
    case .scalar(let text, let isPlain): return tag + (isPlain ? text : "'\(text)'")
    case .list(let elements): return "\(tag)[\(elements.map(told).joined(separator: ", "))]"
    case .mapping(let members):
        return "\(tag){\(members.map { "\($0.key): \(told($0.value))" }.joined(separator: ", "))}"
    }
}

/// The error that `body` throws. If it throws none, records an issue and returns nil.
func failure(
    sourceLocation: SourceLocation = #_sourceLocation,
    of body: () async throws -> some Any
) async -> SeedingError? { await thrownError(sourceLocation: sourceLocation, by: body) }

extension TableFile {
    /// A file with this name in the layer `common`, or in the layer before a slash.
    static func read(_ name: String, _ text: String) throws -> TableFile {
        let parts = name.split(separator: "/").map(String.init)
        let file = SeedFile(layer: parts.count > 1 ? parts[0] : "common", file: parts[parts.count - 1], folder: "seeds")
        return try TableFile(try #require(file), bytes: Array(text.utf8))
    }

    var told: [String] {
        rows.map { row in
            let cells = row.cells.map { "\($0.key)=\(SeedingTests.told($0.value))" }.joined(separator: " ")
            return "\(row.label.map { "\($0): " } ?? "")\(cells) @\(row.line)"
        }
    }
}

extension TestProject {
    /// Passes a project to `body`. Its database has the schema `shop` with these tables.
    ///
    /// - Parameter seeds: Texts by their paths in `seeds/`.
    static func withShop(
        _ tables: String,
        _ seeds: KeyValuePairs<String, String> = [:],
        _ body: (TestProject) async throws -> Void
    ) async throws {
        let schema = "CREATE SCHEMA shop; SET search_path = shop; \(tables)"
        try await with(schema, files: ["seeds/common/.keep": ""]) { project in
            for (name, text) in seeds { try project.writeSeed(text, to: name) }
            try await body(project)
        }
    }

    func writeSeed(_ text: String, to name: String) throws { try folder.write(text, to: "seeds/\(name)") }

    func seeder(_ environment: String = "development", _ change: (inout SeedOptions) -> Void = { _ in }) -> Seeder {
        var options = SeedOptions(
            service: "shop",
            schemas: ["shop"],
            rules: EnvironmentPolicy(name: environment),
            now: 1_795_000_000
        )
        options.folder = folder.file("seeds")
        change(&options)
        return Seeder(options, server: ServerAddress(url), logger: quietLogger)
    }

    @discardableResult
    func seed(
        _ environment: String = "development",
        _ change: (inout SeedOptions) -> Void = { _ in }
    ) async throws -> SeedReport {
        try await seeder(environment, change).run()
    }

    /// The result of a run, such as `users +2 ~1 =3 -0`.
    func told(
        _ environment: String = "development",
        _ change: (inout SeedOptions) -> Void = { _ in }
    ) async throws -> String {
        try await seed(environment, change).tables.map {
            "\($0.table.name) +\($0.inserted) ~\($0.updated) =\($0.unchanged) -\($0.deleted)"
        }.joined(separator: ", ")
    }

    /// The message of a failing run, without the scratch folder.
    func problem(
        _ environment: String = "development",
        sourceLocation: SourceLocation = #_sourceLocation,
        _ change: (inout SeedOptions) -> Void = { _ in }
    ) async -> String {
        let seeder = seeder(environment, change)
        let error = await failure(sourceLocation: sourceLocation) { try await seeder.run() }
        return error?.description.replacing(folder.file(""), with: "") ?? ""
    }

    /// The rows of a query, with columns separated by `|` and rows by a blank.
    func rows(_ sql: String) async throws -> String {
        try await psql(url, "SET search_path = shop; \(sql)").split(separator: "\n").joined(separator: " ")
    }
}
