internal import Project
internal import SQLText

/// The facts about the existing migrations that are needed to write a new one.
struct TreeFacts {
    private let migrations: [Migration]
    /// The highest number in `dependencies.json`, which may keep the entry of a migration that was deleted.
    private let highestEntry: Int
    /// The migration that created a table, by its schema-qualified name.
    private let makers: [String: Migration]
    /// The migration that added a column to an existing table, by `schema.table.column`.
    private let adders: [String: Migration]
    /// The first migration that created a schema.
    private let schemas: [String: Migration]
    private let namedSchemas: Set<String>

    /// - Parameter layer: The layer of the new migration. Objects of other environments do not exist for it.
    init(_ folder: String, _ environments: EnvironmentsFile, layer: String) throws(MigrationError) {
        migrations = try Migration.all(in: folder, environments)
        highestEntry = Self.highestEntry(of: folder)
        var makers: [String: Migration] = [:]
        var adders: [String: Migration] = [:]
        var schemas: [String: Migration] = [:]
        var namedSchemas: Set<String> = ["public"]
        for migration in migrations.sorted(by: { $0.version < $1.version })
        where migration.layer.isEmpty || migration.layer == layer {
            guard let text = migration.up?.text, let script = try? SQLScript(splitting: text) else { continue }
            for touch in ScriptEffects(of: script).touches {
                namedSchemas.insert(touch.kind == .schema ? touch.name : touch.schema ?? "public")
                guard touch.action == .create, !touch.isInBody else { continue }
                switch touch.kind {
                case .table, .view, .materializedView: makers[touch.relation.description] = migration
                case .schema: schemas[touch.name] = schemas[touch.name] ?? migration
                default: break
                }
            }
            for column in Self.addedColumns(script) { adders[column] = migration }
        }
        self.makers = makers
        self.adders = adders
        self.schemas = schemas
        self.namedSchemas = namedSchemas
    }

    /// 0 if the file is missing or cannot be read; editing it will tell.
    private static func highestEntry(of folder: String) -> Int {
        guard let text = try? JSONText.read("\(folder)/dependencies.json") else { return 0 }
        let entries = (try? text.root["migrations"]?.members()) ?? []
        return entries.compactMap { Migration.version(spelled: $0.key) }.max() ?? 0
    }

    private static func addedColumns(_ script: SQLScript) -> [String] {
        script.statements.compactMap(\.tree).filter { $0.isKind("AlterTableStmt") }.flatMap { tree -> [String] in
            let relation = tree["relation"]
            let table = [relation["schemaname"].string, relation["relname"].string].compactMap(\.self)
            return tree["cmds"].items.filter { $0["subtype"].string == "AT_AddColumn" }
                .compactMap { $0["def"]["colname"].string }.map { (table + [$0]).joined(separator: ".") }
        }
    }

    /// Whether no migration names a schema, so that the new one must create it.
    func isNew(schema: String) -> Bool { !namedSchemas.contains(schema) }

    /// Whether each environment has a full set of files, without a base.
    var hasCopies: Bool { !migrations.isEmpty && !migrations.contains { $0.layer.isEmpty } }

    /// One more than the highest number of all layers and of `dependencies.json`, with as many digits as the files
    /// have; six digits if there are no migrations.
    var nextNumber: (version: Int, digits: String) {
        let highest = migrations.max { $0.version < $1.version }
        let version = min(max(highest?.version ?? 0, highestEntry), .max - 1) + 1
        let width = highest.map { max($0.digits.utf8.count, 1) } ?? 6
        let digits = String(version)
        return (version, String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits)
    }

    func tables(in schema: String) -> Set<String> {
        Set(makers.keys.compactMap { $0.hasPrefix("\(schema).") ? String($0.dropFirst(schema.utf8.count + 1)) : nil })
    }

    /// The migrations that created the objects that a script names, except those that other found migrations depend on.
    /// If there are none, the migration that created the schema.
    ///
    /// - Parameter column: The column of the new migration, `schema.table.column`.
    func needs(of effects: ScriptEffects, column: String) -> [Migration] {
        var found: [Int: Migration] = [:]
        let adder = adders[column]
        if let adder { found[adder.version] = adder }
        for touch in effects.touches where !touch.isNew {
            let table = touch.relation.description
            // The migration that added the column depends on the one that created the table.
            guard let maker = makers[table], adder == nil || !column.hasPrefix("\(table).") else { continue }
            found[maker.version] = maker
        }
        if found.isEmpty {
            for touch in effects.touches {
                if let schema = touch.schema, let maker = schemas[schema] { found[maker.version] = maker }
            }
        }
        return found.values.sorted { $0.version < $1.version }
    }
}

/// The parsed facts for a new migration's entry in `dependencies.json` and for its page.
struct EntryFacts {
    var tables: [String] = []
    var risk = Risk.medium
    var needs: [Migration] = []

    init(_ up: String, column: String, _ tree: TreeFacts) {
        guard let script = try? SQLScript(splitting: up) else { return }
        let effects = ScriptEffects(of: script)
        risk = effects.risk
        needs = tree.needs(of: effects, column: column)
        var names = Set<String>()
        for touch in effects.touches where touch.kind == .table && touch.schema != nil && !touch.isInBody {
            names.insert(touch.relation.description)
        }
        tables = names.sorted()
    }
}

/// A name for SQL, quoted only if necessary.
enum Identifier {
    static func written(_ name: String) -> String {
        let isPlain =
            name.utf8.first.map { (97...122).contains($0) || $0 == 95 } ?? false
            && name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
        // The parser knows which words are reserved.
        if isPlain, (try? SQLScript("CREATE TABLE \(name) (\(name) int)")) != nil { return name }
        return "\"\(name.replacing("\"", with: "\"\""))\""
    }
}
