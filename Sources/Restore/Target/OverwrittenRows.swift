internal import Archive
internal import Databases
internal import Logging
internal import PostgresClient

/// The tables of the target that a restore replaces or changes.
enum RestoreReach: Sendable, Equatable {
    case database
    /// All tables of some schemas, and tables of other schemas that are dropped with them.
    case schemas([String], besides: [TableName])
    case tables([TableName])

    /// - Parameter settled: The options, completed for the target.
    init(_ manifest: Manifest, settled options: RestoreOptions, _ selection: Selection) {
        let scope = manifest.scope
        if options.ifEmpty || options.tables.contains(where: { $0.newName != nil }) {
            // Refused if one of the tables holds a row, or restored under new names.
            self = .tables([])
        } else if options.dataOnly || options.rows != nil {
            self = .tables(selection.tables.map(\.tableName))
        } else if !options.tables.isEmpty || !options.restoresInPlace(scope) {
            // An existing table prevents the creation of one with the same name.
            self = options.tables.isEmpty ? .database : .tables([])
        } else if !options.schemas.isEmpty || !scope.isWholeDatabase {
            let schemas = options.schemas.isEmpty ? scope.schemas : options.schemas
            let inside = Set(exactly: schemas)
            self = .schemas(
                schemas,
                besides: selection.tables.map(\.tableName).filter { !inside.contains($0.schema) }
            )
        } else {
            self = .database
        }
    }
}

extension RestoreReach {
    /// The first of these tables that holds rows.
    func tableWithRows(
        in target: TargetDatabase,
        without stateSchema: String,
        logger: Logger
    ) async throws -> TableName? {
        guard target.exists else { return nil }
        return try await withSession(target.address, logger: logger) { session in
            try session.pin([("lock_timeout", "2s"), ("row_security", "off")])
            return try session.tables(in: self, without: stateSchema).first { try session.holdsRows($0) }
        }
    }
}

extension Session {
    /// Tables with their own rows, the largest first, without those of extensions.
    fileprivate borrowing func tables(in reach: RestoreReach, without stateSchema: String) throws -> [TableName] {
        let all = try query(
            """
            SELECT n.nspname, c.relname
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind = 'r' AND c.relpersistence <> 't'
                AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname <> $1
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                                WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')
            ORDER BY c.reltuples DESC, 1, 2
            """,
            [stateSchema]
        ).map { TableName(schema: $0.text("nspname"), name: $0.text("relname")) }
        switch reach {
        case .database: return all
        case .schemas(let names, let besides):
            let names = Set(exactly: names)
            let besides = Set(besides)
            return all.filter { names.contains($0.schema) || besides.contains($0) }
        case .tables(let names):
            let names = Set(names)
            return all.filter { names.contains($0) }
        }
    }

    fileprivate borrowing func holdsRows(_ table: TableName) throws -> Bool {
        do {
            return try query("SELECT EXISTS (SELECT 1 FROM ONLY \(quoted(table))) AS filled")[0].bool("filled")
        } catch let error as PostgresError where error.code == .server {
            return true
        }
    }
}
