internal import Environments
internal import SQLText

/// What a new migration has to know of those that are there.
struct TreeFacts {
    private let migrations: [Migration]
    /// Which migration made a table, by its schema-qualified name.
    private let makers: [String: Migration]
    /// The first migration that made a schema.
    private let schemas: [String: Migration]

    init(_ folder: String, _ environments: EnvironmentsFile) throws(MigrationError) {
        migrations = try Migration.all(in: folder, environments)
        var makers: [String: Migration] = [:]
        var schemas: [String: Migration] = [:]
        for migration in migrations.sorted(by: { $0.version < $1.version }) {
            guard let text = migration.up?.text, let script = try? SQLScript(splitting: text) else { continue }
            for touch in ScriptEffects(of: script).touches where touch.action == .create && !touch.isInBody {
                switch touch.kind {
                case .table, .view, .materializedView: makers[touch.relation.description] = migration
                case .schema: schemas[touch.name] = schemas[touch.name] ?? migration
                default: break
                }
            }
        }
        self.makers = makers
        self.schemas = schemas
    }

    /// Whether each environment has a tree of its own, and there is no base.
    var hasCopies: Bool { !migrations.isEmpty && !migrations.contains { $0.layer.isEmpty } }

    /// Above all layers, in as many digits as the others have: six, where there are none.
    var nextNumber: (version: Int, digits: String) {
        let highest = migrations.max { $0.version < $1.version }
        let version = (highest?.version ?? 0) + 1
        let width = highest.map { max($0.digits.utf8.count, 1) } ?? 6
        let digits = String(version)
        return (version, String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits)
    }

    func tables(in schema: String) -> Set<String> {
        Set(makers.keys.compactMap { $0.hasPrefix("\(schema).") ? String($0.dropFirst(schema.utf8.count + 1)) : nil })
    }

    /// Who made what a script names, without those that others of them depend on anyway; or who made the schema.
    func needs(of effects: ScriptEffects) -> [Migration] {
        var found: [Int: Migration] = [:]
        for touch in effects.touches where !touch.isNew {
            if let maker = makers[touch.relation.description] { found[maker.version] = maker }
        }
        if found.isEmpty {
            for touch in effects.touches {
                if let schema = touch.schema, let maker = schemas[schema] { found[maker.version] = maker }
            }
        }
        return found.values.sorted { $0.version < $1.version }
    }
}

/// What `dependencies.json` and the page say of a new migration, as the parser sees it.
struct EntryFacts {
    var tables: [String] = []
    var risk = Risk.medium
    var needs: [Migration] = []

    init(_ up: String, _ tree: TreeFacts) {
        guard let script = try? SQLScript(splitting: up) else { return }
        let effects = ScriptEffects(of: script)
        risk = effects.risk
        needs = tree.needs(of: effects)
        var names = Set<String>()
        for touch in effects.touches where touch.kind == .table && touch.schema != nil && !touch.isInBody {
            names.insert(touch.relation.description)
        }
        tables = names.sorted()
    }
}

/// A name as SQL takes it: quoted only where it must be.
enum Identifier {
    static func written(_ name: String) -> String {
        let isPlain =
            name.utf8.first.map { (97...122).contains($0) || $0 == 95 } ?? false
            && name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
        // The parser knows best which words are reserved.
        if isPlain, (try? SQLScript("CREATE TABLE \(name) (\(name) int)")) != nil { return name }
        return "\"\(name.replacing("\"", with: "\"\""))\""
    }
}
