internal import Archive
internal import PostgresClient

// Names and patterns are compared with the content of the archive.
extension RestoreOptions {
    /// The same options, with names of the archive instead of patterns.
    ///
    /// - Throws: `RestoreError.selection` for a pattern that matches nothing.
    func chosen(in manifest: Manifest) throws -> RestoreOptions {
        var options = self
        options.schemas = try schemas.flatMap { try Self.match(schema: $0, manifest) }
        options.excludedSchemas = try excludedSchemas.flatMap { try Self.match(schema: $0, manifest) }
        options.tables = try tables.flatMap { selection in
            let found = try Self.match(selection.table, manifest)
            guard selection.newName == nil || found.count == 1 else {
                throw RestoreError(
                    .selection,
                    "\(selection.table) fits \(counted(found.count, "table")), and a new name is for one",
                    hint: "write it as schema.table"
                )
            }
            return found.map { TableSelection(table: $0.spelling, newName: selection.newName) }
        }
        options.excludedTables = try excludedTables.flatMap { try Self.match($0, manifest) }.map(\.spelling)
        options.tablesWithoutData = try tablesWithoutData.flatMap { try Self.match($0, manifest) }.map(\.spelling)
        return options
    }

    private static func match(schema text: String, _ manifest: Manifest) throws -> [String] {
        let found = TablePattern.names(text, among: manifest.schemas)
        guard found.isEmpty else { return found }
        throw RestoreError(
            .selection,
            "the archive has no schema \(text)",
            hint: "it has \(manifest.schemas.joined(separator: ", "))"
        )
    }

    private static func match(_ text: String, _ manifest: Manifest) throws -> [TableName] {
        let names = manifest.tables.map(\.tableName)
        let choice = TablePattern.choice(text, in: names) { $0 }
        guard !choice.tables.isEmpty else {
            throw RestoreError(
                .selection,
                "the archive has no table \(text)",
                hint: TablePattern.advice(text, among: names) ?? "granary backups show lists its tables"
            )
        }
        guard !choice.isExact || choice.tables.count == 1 else {
            throw RestoreError(
                .selection,
                "\(text) could be \(choice.tables.map(\.spelling).joined(separator: " or "))",
                hint: "write it as schema.table"
            )
        }
        return choice.tables
    }
}

/// The objects that are excluded, and those that cannot be created without them.
struct ExcludedPart: Sendable {
    /// The items of the schema, by number.
    private(set) var items: Set<Int> = []
    /// All excluded tables: also those of excluded schemas, and those that need something excluded.
    private(set) var tables: Set<TableName> = []
    /// The names of objects that were not excluded by an option, but are left out.
    private(set) var dependents: [String] = []

    /// - Parameters:
    ///   - excluded: The tables that an option names, with their children.
    ///   - itemsOfTables: The items that belong to these tables.
    init(_ manifest: Manifest, schemas: Set<ExactText>, excluded: Set<TableName>, itemsOfTables: Set<Int>) {
        items = itemsOfTables
        tables = excluded.union(manifest.tables.filter { schemas.contains($0.schema) }.map(\.tableName))
        for item in manifest.schema where item.schema.map(schemas.contains) == true || item.isAbout(schemas) {
            items.insert(item.id)
        }
        guard !items.isEmpty else { return }
        addDependents(manifest)
    }

    /// An item usually follows the items that it needs. Only items that need each other do not.
    private mutating func addDependents(_ manifest: Manifest) {
        let remarks: Set<String> = [
            "ACL", "COMMENT", "SECURITY LABEL", "INDEX ATTACH", "SEQUENCE OWNED BY", "DEFAULT ACL",
        ]
        var count = -1
        while count != items.count {
            count = items.count
            for item in manifest.schema where !items.contains(item.id) && item.dependsOn.contains(where: items.contains)
            {
                items.insert(item.id)
                if item.kind == "TABLE" { tables.insert(TableName(schema: item.schema ?? "", name: item.name)) }
                if !remarks.contains(item.kind) { dependents.append(item.title) }
            }
        }
    }

    /// Sentences for the plan and the report.
    var notes: [String] {
        dependents.isEmpty
            ? [] : ["left out, too, because they need what is excluded: \(dependents.listed(atMost: 20))"]
    }
}
