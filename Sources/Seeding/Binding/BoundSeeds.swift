internal import Environments
internal import PostgresClient

/// All tables of a set of seeds, held against the catalog.
package struct BoundSeeds: Sendable {
    package internal(set) var tables: [BoundTable] = []
    package internal(set) var findings: [SeedFinding] = []
    let catalog: SeedCatalog
    let schemas: [String]
    var labels: [TableName: [String: Int]] = [:]

    /// - Parameter schemas: Where tables without a schema are looked for.
    package init(
        _ set: SeedSet,
        _ catalog: SeedCatalog,
        schemas: [String]
    ) {
        self.catalog = catalog
        self.schemas = [set.schema] + schemas.filter { $0 != set.schema }
        var rows: [[SeedRow]] = []
        for seeds in set.tables {
            guard let table = catalog[seeds.name] else {
                let file = seeds.files[0].file.path
                note(
                    "unknown-table",
                    file,
                    1,
                    "there is no table \(seeds.name)",
                    hint: Self.suggestion(seeds.name.name, catalog.tables.keys.map(\.name))
                        ?? "the file's name is the table's; apply the migrations first"
                )
                continue
            }
            do {
                let key = try KeyChoice.choose(seeds, table)
                rows.append(try LayerMerge.merge(seeds.files, key: key.columns))
                tables.append(
                    BoundTable(
                        table: table,
                        files: seeds.files,
                        key: key,
                        onConflict: seeds.onConflict,
                        prunes: seeds.prunes,
                        generate: seeds.generate
                    )
                )
            } catch {
                note(error, rule: "key", file: seeds.files[0].file.path)
            }
        }
        bindLabels(rows)
        for index in tables.indices { bind(rows[index], index) }
    }

    /// The first finding that stops a run.
    package func requireFit(files: Set<String>? = nil) throws(SeedingError) {
        let stopping = findings.filter { $0.stopsRun && files?.contains($0.file) ?? true }
        guard let first = stopping.first else { return }
        let more = stopping.count > 1 ? " (and \(stopping.count - 1) more)" : ""
        throw SeedingError(.schema, "\(first.file):\(first.line): \(first.message)\(more)", hint: first.hint)
    }

    mutating func note(
        _ rule: String,
        _ file: String,
        _ line: Int,
        _ message: String,
        hint: String? = nil,
        stopsRun: Bool = true
    ) {
        findings.append(
            SeedFinding(rule: rule, file: file, line: line, message: message, hint: hint, stopsRun: stopsRun)
        )
    }

    /// An error whose message begins with its place.
    mutating func note(_ error: SeedingError, rule: String, file: String) {
        guard let match = error.message.prefixMatch(of: #/(.+?):(\d+): /#) else {
            return note(rule, file, 1, error.message.replacing("\(file): ", with: ""), hint: error.hint)
        }
        note(
            rule,
            String(match.1),
            Int(match.2) ?? 1,
            String(error.message[match.range.upperBound...]),
            hint: error.hint
        )
    }

    /// The name that was probably meant.
    static func suggestion(_ name: String, _ known: some Collection<String>) -> String? {
        Spelling.nearest(to: name, among: known).map { "is \($0) meant?" }
    }
}
