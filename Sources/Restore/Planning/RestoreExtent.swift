internal import Archive

/// How much of a database is restored. The ledger depends on it.
enum RestoreExtent: Sendable, Equatable {
    /// All of it, including the ledger.
    case database
    /// These schemas, recreated, with the ledger of their services.
    case schemas([String])
    /// Single tables.
    case tables([String])
    /// Only rows, into tables that the target's own migrations created.
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

    /// Whether other migrations may be applied afterwards than before.
    var changesLedger: Bool {
        switch self {
        case .database, .schemas: true
        case .tables, .rows: false
        }
    }

    /// Its name in the log.
    var name: String {
        switch self {
        case .database: "database"
        case .schemas(let names): "schemas \(names.joined(separator: ", "))"
        case .tables(let names): "tables \(names.joined(separator: ", "))"
        case .rows: "rows"
        }
    }

    /// Whether the tables of the state schema are the restored ones, if any were restored.
    func replaces(_ stateSchema: String) -> Bool {
        switch self {
        case .database: true
        case .schemas(let names): names.contains(stateSchema)
        case .tables, .rows: false
        }
    }
}
