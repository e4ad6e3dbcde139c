internal import Archive

/// How much of a database comes back, which says what happens to the ledger.
enum RestoreExtent: Sendable, Equatable {
    /// All of it: the ledger comes with it.
    case database
    /// These schemas, made anew: the ledger of their services comes with them.
    case schemas([String])
    /// Single tables.
    case tables([String])
    /// Rows alone, into what the target's own migrations have made.
    case rows

    init(_ manifest: Manifest, _ options: RestoreOptions) {
        let scope = manifest.scope
        if options.dataOnly || options.rows != nil {
            self = .rows
        } else if !options.tables.isEmpty {
            self = .tables(options.tables.map(\.table))
        } else if !options.schemas.isEmpty {
            self = .schemas(options.schemas)
        } else if scope.isWholeDatabase {
            self = .database
        } else if !scope.schemas.isEmpty {
            self = .schemas(scope.schemas)
        } else {
            self = .tables(scope.tables)
        }
    }

    /// Whether something else may be applied afterwards than before.
    var changesLedger: Bool {
        switch self {
        case .database, .schemas: true
        case .tables, .rows: false
        }
    }

    /// As the log names it.
    var name: String {
        switch self {
        case .database: "database"
        case .schemas(let names): "schemas \(names.joined(separator: ", "))"
        case .tables(let names): "tables \(names.joined(separator: ", "))"
        case .rows: "rows"
        }
    }

    /// Whether the tables of the state schema are those that were restored, if any were.
    func replaces(_ stateSchema: String) -> Bool {
        switch self {
        case .database: true
        case .schemas(let names): names.contains(stateSchema)
        case .tables, .rows: false
        }
    }
}
