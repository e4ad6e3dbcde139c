internal import Archive
internal import Bookkeeping
internal import Citus
internal import Logging
internal import PostgresClient

/// The snapshot that all sessions of a backup share: exported by the leader, imported by the workers and by pg_dump.
struct ExportedSnapshot: Sendable {
    /// Its name for `SET TRANSACTION SNAPSHOT` and `pg_dump --snapshot`.
    var name: String
    /// The leader's server, so that all other sessions reach the same one.
    var address: ServerAddress
    var parameters: [ServerAddress.Parameter]
    var password: String?
    var serverVersion: Int
    var serverVersionText: String
    var systemIdentifier: String?
    var walPosition: String?
    var time: String
    var isStandby: Bool
    var blockSize: Int
    var database: DatabaseProperties
    var codec: TextCodec
    var catalog: BackupCatalog
    /// For a part: the objects that it needs and does not contain.
    var needs: [Manifest.Need]?
    var extensions: [Manifest.Extension]
    /// The tables that Citus stores on other nodes too.
    var distributed: [TableName]
    /// How it distributes them; nil if it distributes nothing.
    var distribution: Manifest.Distribution?
    /// The nodes that have their rows; nil if all is read through the server itself.
    var cluster: ClusterSnapshot?
    var schemas: [String]
    /// Tables whose rows are not read: on request, or unlogged on a standby.
    var withoutRows: Set<UInt32>
    /// Tables that must be read by a single COPY, because planning a query would run code of their owners.
    var unplannable: Set<UInt32>
    var locking: TableLocking
    /// Sentences for people about the way the backup is made.
    var notes: [String]
    var sizes: [UInt32: TableSize]
    var columns: [UInt32: [Manifest.Column]]
    var primaryKeys: [UInt32: [String]]
    var sequences: [Manifest.Sequence]
    var largeObjects: [Manifest.LargeObject]
    var ledger: [Manifest.ServiceLedger]?
    var schemaVersions: [Manifest.SchemaVersion]
    var constraintIndexes: [UInt32: Manifest.ConstraintIndex]
    var roles: [RoleProperties]
    var environment: String?
}

extension ExportedSnapshot {
    /// The address of a node of the cluster; the server's own for 0.
    func address(ofNode node: Int) -> ServerAddress { cluster?.nodes[node].address ?? address }
}

/// The locks that a backup needs.
struct LockNeed: Sendable {
    /// A lock on every table for every session.
    var needed: Int
    var room: LockRoom

    /// Half of the locks are left to other sessions.
    var locking: TableLocking { needed <= room.promised / 2 ? .everyTable : .oneByOne }

    /// nil if every table is locked during the whole backup.
    func note(tables: Int) -> String? {
        guard locking == .oneByOne else { return nil }
        let promised = room.promised
        let wanted = (2 * needed * room.perTransaction + promised - 1) / max(1, promised)
        return """
            the server promises \(promised) locks and \(tables) tables would need \(2 * needed), so each table was locked only while \
            it was read; with max_locks_per_transaction = \(wanted) all of them are locked from the first moment to the last
            """
    }
}

/// Takes the snapshot in the leader's session and leaves the transaction open.
///
/// The locks come before the snapshot. In the other order, a TRUNCATE by another session in between would make a table
/// seem empty, without an error. LOCK takes no snapshot, so the transaction's first view of the data comes after its
/// locks.
///
/// - Throws: `BackupError.busy` with the blocking session, `BackupError.running`, `BackupError.changing`, `PostgresError`.
struct SnapshotTaker: Sendable {
    let scope: CatalogScope
    let jobs: Int
    let lockTimeout: Duration
    /// Whether to read SCRAM verifiers of the roles.
    let withRolePasswords: Bool
    let stateSchema: StateSchema
    /// The schemas of services that files declare.
    let services: [String: [String]]
    /// nil for a backup that another one does not exclude.
    let place: BackupPlace?

    func take(_ session: inout Session) throws -> ExportedSnapshot {
        try take(try prepare(&session), &session)
    }

    /// - Parameter expected: What `prepare` returned in this session.
    func take(_ expected: Expected, _ session: inout Session) throws -> ExportedSnapshot {
        try lock(expected, &session)
        let name = try session.query("SELECT pg_catalog.pg_export_snapshot() AS name")[0].text("name")
        return try describe(expected, snapshot: name, session)
    }

    /// What is expected to be in the snapshot.
    struct Expected: Sendable {
        var catalog: BackupCatalog
        var need: LockNeed
    }

    /// Reads the catalog to know what to lock.
    func prepare(_ session: inout Session) throws -> Expected {
        try session.pin([("row_security", "off")])
        try session.refuseViews()
        try place?.lock(session)
        let catalog = try BackupCatalog.read(session, scope)
        // The leader and pg_dump hold these locks too.
        let need = LockNeed(needed: catalog.tables.count * (jobs + 2), room: try session.lockRoom())
        return Expected(catalog: catalog, need: need)
    }

    /// Begins the transaction and locks the tables, if there is room for their locks.
    func lock(_ expected: Expected, _ session: inout Session) throws {
        try session.setLockTimeout(lockTimeout)
        try session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        if expected.need.locking == .everyTable { try lock(expected.catalog.tables, &session) }
    }

    /// Reads in the snapshot what a backup needs to know, and checks that it is what was locked.
    ///
    /// - Parameter name: The name of the snapshot, which this session has exported.
    func describe(
        _ expected: Expected,
        snapshot name: String,
        _ session: borrowing Session
    ) throws -> ExportedSnapshot {
        let catalog = try BackupCatalog.read(session, scope)
        try requireUnchanged(expected.catalog, catalog)
        return try describe(session, name: name, catalog: catalog, expected.need)
    }

    private func lock(_ tables: [TableEntry], _ session: inout Session) throws {
        for start in stride(from: 0, to: tables.count, by: 500) {
            let batch = tables[start..<min(start + 500, tables.count)]
            do {
                try session.execute(
                    "LOCK TABLE \(batch.map { "ONLY " + session.quoted($0.table) }.joined(separator: ", ")) IN ACCESS SHARE MODE"
                )
            } catch let error as PostgresError where error.sqlState == "55P03" {
                try session.execute("ROLLBACK")
                throw try LockReport.busy(batch.map(\.oid), waited: lockTimeout, session)
            } catch let error as PostgresError where error.sqlState == "42P01" {
                throw BackupError(.changing, "a table was dropped while the snapshot was taken")
            } catch let error as PostgresError where error.sqlState == "42501" {
                throw SnapshotTaker.denied(error, session)
            }
        }
    }

    /// A backup of the whole database must be able to read everything, so nothing is skipped silently.
    static func denied(_ error: PostgresError, _ session: borrowing Session) -> BackupError {
        BackupError(
            .rights,
            "\(session.user) may not read everything that the backup needs: \(error.message) (SQLSTATE 42501)",
            hint:
                "back up what you own with --service or --schema, or as a superuser: GRANT pg_read_all_data TO \(session.quoted(session.user))"
        )
    }

    private func requireUnchanged(_ before: BackupCatalog, _ after: BackupCatalog) throws {
        let isSame =
            before.tables.count == after.tables.count
            && zip(before.tables, after.tables).allSatisfy { $0.isSame(as: $1) }
        let rewritten = after.tables.first { !$0.isPartitioned && $0.fileNode != $0.currentFileNode }
        guard isSame, rewritten == nil else {
            throw BackupError(
                .changing,
                "tables were created, dropped or rewritten while the snapshot was taken"
                    + (rewritten.map { " (\($0.table))" } ?? ""),
                hint: "run the backup while no migration runs"
            )
        }
    }

    private func describe(
        _ session: borrowing Session,
        name: String,
        catalog: BackupCatalog,
        _ need: LockNeed
    ) throws -> ExportedSnapshot {
        let now = try session.query(
            """
            SELECT pg_catalog.pg_is_in_recovery() AS standby,
                   pg_catalog.to_char(pg_catalog.now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS time,
                   pg_catalog.current_setting('block_size') AS block_size
            """
        )[0]
        let isStandby = now.bool("standby")
        guard let database = try session.properties(ofDatabase: session.database) else {
            throw BackupError(.selection, "the database \(session.database) is not in pg_database")
        }
        let leftOut = try BackupCatalog.oids(of: scope.tablesWithoutData, in: catalog.tables, session)
        let marker = TableName(schema: stateSchema.name, name: "environment")
        // The marker belongs to the database, not to its content; the manifest records its name.
        let withoutRows = leftOut.union(
            catalog.tables.filter { ($0.isUnlogged && isStandby) || $0.table == marker }.map(\.oid)
        )
        let ledger = try LedgerRows(stateSchema: stateSchema, services: services, scope: catalog.scope).read(session)
        let readable = catalog.tables.filter { !$0.isPartitioned && !withoutRows.contains($0.oid) }
        let needs = try catalog.part?.needs(session)
        let included = Set(catalog.tables.map(\.table))
        let distributed = try session.distributedTables().filter(included.contains)
        let distribution =
            distributed.isEmpty ? nil : try session.distribution()?.limited(to: catalog)
        return ExportedSnapshot(
            name: name,
            address: session.pinnedAddress,
            parameters: session.pinnedParameters,
            password: session.password,
            serverVersion: session.serverVersion,
            serverVersionText: session.serverVersionText,
            systemIdentifier: try session.systemIdentifier(),
            walPosition: try walPosition(session, isStandby),
            time: now.text("time"),
            isStandby: isStandby,
            blockSize: now.int("block_size"),
            database: database,
            codec: session.codec,
            catalog: catalog,
            needs: needs,
            extensions: try CatalogDetails.extensions(needs, session),
            distributed: distributed,
            distribution: distribution,
            schemas: try CatalogDetails.schemas(session),
            withoutRows: withoutRows,
            unplannable: try session.tablesThatRunCode(),
            locking: need.locking,
            notes: [need.note(tables: catalog.tables.count)].compactMap(\.self) + (catalog.exclusion?.notes ?? []),
            sizes: try CatalogDetails.sizes(of: readable, session),
            columns: try CatalogDetails.columns(of: catalog.tables, session),
            primaryKeys: try CatalogDetails.primaryKeys(of: catalog.tables, session),
            sequences: try CatalogDetails.values(of: catalog.sequences, session),
            largeObjects: scope.isWholeDatabase ? try CatalogDetails.largeObjects(session) : [],
            ledger: ledger,
            schemaVersions: try CatalogDetails.schemaVersions(ledger ?? [], catalog.tables, in: stateSchema, session),
            // Citus does not make an index a constraint.
            constraintIndexes: try CatalogDetails.constraintIndexes(
                of: catalog.tables.filter { !Set(distributed).contains($0.table) },
                session
            ),
            roles: try CatalogDetails.roles(session, withPasswords: withRolePasswords),
            environment: try CatalogDetails.marker(stateSchema, session)
        )
    }

    /// nil if the server does not report it, as on some managed services.
    private func walPosition(_ session: borrowing Session, _ isStandby: Bool) throws -> String? {
        let function = isStandby ? "pg_last_wal_replay_lsn" : "pg_current_wal_lsn"
        let allowed = try session.query(
            "SELECT pg_catalog.has_function_privilege(('pg_catalog.' || $1 || '()')::pg_catalog.regprocedure, 'EXECUTE') AS may",
            [function]
        )
        guard allowed[0].bool("may") else { return nil }
        return try session.query("SELECT pg_catalog.\(function)()::pg_catalog.text AS position")[0]["position"]
    }
}

/// Names the session that blocks a lock.
enum LockReport {
    /// The session that holds or waits for the strongest lock on one of `tables`, as an error.
    static func busy(_ tables: [UInt32], waited: Duration, _ session: borrowing Session) throws -> BackupError {
        let found = try session.query(
            """
            SELECT l.pid, l.relation::pg_catalog.regclass::pg_catalog.text AS relation, l.granted, coalesce(a.application_name, '') AS application,
                   extract(epoch FROM pg_catalog.now() - a.query_start)::bigint AS seconds,
                   pg_catalog.array_to_string((pg_catalog.regexp_split_to_array(trim(a.query), '\\s+'))[1:3], ' ') AS words
            FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
            WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
                AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
                AND l.relation = ANY ($1::pg_catalog.oid[]) AND l.pid <> pg_catalog.pg_backend_pid()
            ORDER BY l.granted DESC LIMIT 1
            """,
            ["{" + tables.map(String.init).joined(separator: ",") + "}"]
        )
        guard let row = found.first else {
            return BackupError(
                .busy,
                "a table was locked by another session for \(waited.seconds) s",
                hint: "try again"
            )
        }
        let application = row.text("application").isEmpty ? "" : ", \(row.text("application"))"
        return BackupError(
            .busy,
            "table \(row.text("relation")) is locked: process \(row.text("pid"))\(application) \(row.bool("granted") ? "holds" : "waits for") an exclusive lock (\(row.text("words")) …, for \(row.text("seconds")) s)",
            hint: "let it finish, or end it with SELECT pg_terminate_backend(\(row.text("pid"))), then try again"
        )
    }
}

extension Duration {
    var milliseconds: Int { Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000) }
    var seconds: Int { Int(components.seconds) }
}

extension Session {
    /// How long a statement of this session waits for a lock.
    borrowing func setLockTimeout(_ limit: Duration) throws {
        try query("SELECT pg_catalog.set_config('lock_timeout', $1, false)", ["\(limit.milliseconds)ms"])
    }
}
