internal import Archive
internal import Databases
package import PostgresClient

/// The tables of the target that a restore goes over.
enum RestoreReach: Sendable, Equatable {
    case database
    /// Everything in some schemas, and tables that fall with them in others.
    case schemas([String], besides: [TableName])
    case tables([TableName])

    /// - Parameter settled: The options, settled for the target.
    init(_ manifest: Manifest, settled options: RestoreOptions) throws {
        let scope = manifest.scope
        if options.ifEmpty || options.tables.contains(where: { $0.newName != nil }) {
            // Refused as soon as one of the tables holds a row, or made beside them.
            self = .tables([])
        } else if options.dataOnly || options.rows != nil {
            self = .tables(try Selection(manifest, options).tables.map(\.tableName))
        } else if !options.tables.isEmpty || !options.restoresInPlace(scope) {
            // A table that is there is in the way of one that is made anew.
            self = options.tables.isEmpty ? .database : .tables([])
        } else if !options.schemas.isEmpty || !scope.isWholeDatabase {
            let schemas = options.schemas.isEmpty ? scope.schemas : options.schemas
            let inside = Set(exactly: schemas)
            self = .schemas(
                schemas,
                besides: try Selection(manifest, options).tables.map(\.tableName).filter { !inside.contains($0.schema) }
            )
        } else {
            self = .database
        }
    }
}

extension RestoreRun {
    /// A table with rows that the restore would replace, drop, empty or add rows to; nil if none of them holds a row, or
    /// if there is no such database yet. A table that cannot be read counts as one with rows.
    ///
    /// - Throws: `RestoreError`, `ArchiveError`, `PostgresError`.
    package func tableWithRows() async throws -> TableName? {
        let target = try await findTarget()
        guard target.exists else { return nil }
        var reach = RestoreReach.database
        if case .archive(let archive) = try open().content {
            let manifest = archive.manifest
            reach = try RestoreReach(manifest, settled: options.settled(for: target, manifest.scope))
        }
        let (asked, stateSchema) = (reach, options.stateSchema)
        return try await withSession(target.address, logger: logger) { session in
            try session.pin([("lock_timeout", "2s"), ("row_security", "off")])
            return try session.tables(in: asked, without: stateSchema).first { try session.holdsRows($0) }
        }
    }
}

extension Session {
    /// Tables with rows of their own, the largest first; no extension's.
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
            return try query("SELECT EXISTS (SELECT FROM ONLY \(quoted(table))) AS filled")[0].bool("filled")
        } catch let error as PostgresError where error.code == .server {
            return true
        }
    }
}
