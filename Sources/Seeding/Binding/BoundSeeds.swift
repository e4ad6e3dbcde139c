internal import PostgresClient
internal import Project

/// All tables of a set of seeds, checked against the catalog.
package struct BoundSeeds: Sendable {
    package internal(set) var tables: [BoundTable] = []
    package internal(set) var findings: [Finding] = []
    let catalog: SeedCatalog
    let schemas: [String]
    var labels: [TableName: [String: Int]] = [:]

    /// - Parameter schemas: Where to look for tables without a schema.
    package init(
        _ set: SeedSet,
        _ catalog: SeedCatalog,
        schemas: [String]
    ) {
        self.catalog = catalog
        self.schemas = [set.schema] + schemas.filter { $0 != set.schema }
        var rows: [MergedRows] = []
        for seeds in set.tables {
            guard let table = catalog[seeds.name] else {
                let file = seeds.files[0].file.path
                note(
                    "unknown-table",
                    file,
                    1,
                    "there is no table \(seeds.name)",
                    hint: Self.suggestion(seeds.name.name, catalog.tables.keys.map(\.name))
                        ?? "the file has the name of its table; apply the migrations first"
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

    /// Throws the first finding that stops a run.
    package func requireFit(files: Set<String>? = nil) throws(SeedingError) {
        let stopping = findings.filter { $0.severity == .error && files?.contains($0.file) ?? true }
        guard let first = stopping.first else { return }
        let more = stopping.count > 1 ? " (and \(stopping.count - 1) more)" : ""
        throw SeedingError(
            .schema,
            at: FilePlace(first.file, line: first.line),
            "\(first.message)\(more)",
            hint: first.hint
        )
    }

    /// - Parameters:
    ///   - rule: `unknown-table`, `unknown-column`, `missing-column`, `wrong-type`, `unknown-label`, `key`,
    ///     `reference`, `policy`.
    ///   - stopsRun: Whether the run cannot continue. If not, the server decides.
    mutating func note(
        _ rule: String,
        _ file: String,
        _ line: Int,
        _ message: String,
        hint: String? = nil,
        stopsRun: Bool = true
    ) {
        findings.append(
            Finding(
                rule: "seed-\(rule)",
                severity: stopsRun ? .error : .warning,
                file: file,
                line: line,
                message: message,
                hint: hint
            )
        )
    }

    mutating func note(_ error: SeedingError, rule: String, file: String) {
        note(rule, error.place?.file ?? file, error.place?.line ?? 1, error.message, hint: error.hint)
    }

    /// A question with the known name that is most similar; nil if no name is similar.
    static func suggestion(_ name: String, _ known: some Collection<String>) -> String? {
        Spelling.nearest(to: name, among: known).map { "is \($0) meant?" }
    }
}
