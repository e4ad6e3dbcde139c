internal import Archive
internal import Bookkeeping
internal import PostgresClient

/// Further details for the manifest and the plan, each read for all tables in one query.
enum CatalogDetails {
    static func sizes(of tables: [TableEntry], _ session: borrowing Session) throws -> [UInt32: TableSize] {
        let rows = try session.query(
            """
            SELECT c.oid, coalesce(pg_catalog.pg_table_size(c.oid), 0) AS bytes,
                   CASE WHEN c.reltoastrelid = 0 THEN 0
                        ELSE coalesce(pg_catalog.pg_table_size(c.reltoastrelid), 0) END AS toast,
                   coalesce(pg_catalog.pg_relation_size(c.oid), 0) / pg_catalog.current_setting('block_size')::bigint AS blocks
            FROM pg_catalog.pg_class c WHERE c.oid = ANY ($1::pg_catalog.oid[])
            """,
            [oids(tables)]
        )
        return Dictionary(
            uniqueKeysWithValues: rows.map {
                (
                    $0.oid("oid"),
                    TableSize(bytes: $0.int("bytes"), toastBytes: $0.int("toast"), blocks: $0.int("blocks"))
                )
            }
        )
    }

    /// The columns that COPY contains. Generated columns are computed again by a restore.
    static func columns(of tables: [TableEntry], _ session: borrowing Session) throws -> [UInt32: [Manifest.Column]] {
        let rows = try session.query(
            """
            SELECT attrelid, attname, pg_catalog.format_type(atttypid, atttypmod) AS type
            FROM pg_catalog.pg_attribute
            WHERE attrelid = ANY ($1::pg_catalog.oid[]) AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
            ORDER BY attrelid, attnum
            """,
            [oids(tables)]
        )
        var columns: [UInt32: [Manifest.Column]] = [:]
        for row in rows {
            columns[row.oid("attrelid"), default: []].append(
                Manifest.Column(name: row.text("attname"), type: row.text("type"))
            )
        }
        return columns
    }

    static func primaryKeys(of tables: [TableEntry], _ session: borrowing Session) throws -> [UInt32: [String]] {
        let rows = try session.query(
            """
            SELECT i.indrelid, a.attname
            FROM pg_catalog.pg_index i
            CROSS JOIN LATERAL pg_catalog.unnest(i.indkey[0:i.indnkeyatts - 1]) WITH ORDINALITY AS k (attnum, position)
            JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
            WHERE i.indisprimary AND i.indrelid = ANY ($1::pg_catalog.oid[])
            ORDER BY i.indrelid, k.position
            """,
            [oids(tables)]
        )
        var keys: [UInt32: [String]] = [:]
        for row in rows { keys[row.oid("indrelid"), default: []].append(row.text("attname")) }
        return keys
    }

    /// The exact values: `pg_sequences` does not show one that was set but not called yet. The locks are released after
    /// each batch.
    static func values(of sequences: [SequenceEntry], _ session: borrowing Session) throws -> [Manifest.Sequence] {
        let sequences = sequences.filter { !$0.isClosed }
        var values: [Manifest.Sequence] = []
        for start in stride(from: 0, to: sequences.count, by: 200) {
            let batch = sequences[start..<min(start + 200, sequences.count)]
            let parts = batch.map {
                "SELECT \($0.oid)::pg_catalog.oid AS oid, last_value, is_called FROM \(session.quoted($0.name))"
            }
            try session.execute("SAVEPOINT granary_sequences")
            let rows = try session.query(parts.joined(separator: " UNION ALL "))
            try session.execute("ROLLBACK TO SAVEPOINT granary_sequences")
            try session.execute("RELEASE SAVEPOINT granary_sequences")
            let found = Dictionary(uniqueKeysWithValues: rows.map { ($0.oid("oid"), $0) })
            for entry in batch {
                guard let row = found[entry.oid] else { continue }
                values.append(
                    Manifest.Sequence(
                        oid: entry.oid,
                        schema: entry.name.schema,
                        name: entry.name.name,
                        lastValue: Int64(row.text("last_value")) ?? 0,
                        isCalled: row.bool("is_called")
                    )
                )
            }
        }
        return values
    }

    static func schemas(_ session: borrowing Session) throws -> [String] {
        try session.query(
            """
            SELECT nspname FROM pg_catalog.pg_namespace
            WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY nspname
            """
        ).map { $0.text("nspname") }
    }

    static func largeObjects(_ session: borrowing Session) throws -> [Manifest.LargeObject] {
        let privileges = try session.query(
            """
            SELECT m.oid, CASE a.grantee WHEN 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(a.grantee) END AS grantee,
                   a.privilege_type, a.is_grantable
            FROM pg_catalog.pg_largeobject_metadata m, pg_catalog.aclexplode(m.lomacl) a
            ORDER BY m.oid, 2 NULLS FIRST, 3
            """
        )
        var granted: [UInt32: [Manifest.Privilege]] = [:]
        for row in privileges {
            granted[row.oid("oid"), default: []].append(
                Manifest.Privilege(
                    grantee: row["grantee"],
                    privilege: row.text("privilege_type"),
                    grantable: row.bool("is_grantable")
                )
            )
        }
        return try session.query(
            """
            SELECT oid, pg_catalog.pg_get_userbyid(lomowner) AS owner, lomacl IS NOT NULL AS has_acl,
                   pg_catalog.obj_description(oid, 'pg_largeobject') AS comment
            FROM pg_catalog.pg_largeobject_metadata ORDER BY oid
            """
        ).map { row in
            Manifest.LargeObject(
                oid: row.oid("oid"),
                owner: row.text("owner"),
                comment: row["comment"],
                privileges: row.bool("has_acl") ? granted[row.oid("oid")] ?? [] : nil
            )
        }
    }

    /// Unique and primary key constraints, as an index and a statement that turns it into the constraint. Excluded are
    /// constraints of partitioned tables, for which PostgreSQL refuses `USING INDEX`, and constraints that are more
    /// than an index.
    ///
    /// - Parameter tables: Only their constraints are read, because `pg_get_indexdef` locks the table for a moment.
    static func constraintIndexes(
        of tables: [TableEntry],
        _ session: borrowing Session
    ) throws -> [UInt32: Manifest.ConstraintIndex] {
        let withoutPeriods = session.serverVersion >= 180_000 ? "AND NOT con.conperiod" : ""
        let rows = try session.query(
            """
            SELECT con.oid, pg_catalog.pg_get_indexdef(con.conindid) AS definition, n.nspname, c.relname, con.conname,
                   con.contype = 'p' AS is_primary, con.condeferrable, con.condeferred, t.spcname,
                   i.indisclustered, i.indisreplident
            FROM pg_catalog.pg_constraint con
            JOIN pg_catalog.pg_class c ON c.oid = con.conrelid AND c.relkind = 'r'
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_catalog.pg_index i ON i.indexrelid = con.conindid AND i.indisvalid
            JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid
            LEFT JOIN pg_catalog.pg_tablespace t ON t.oid = ic.reltablespace
            WHERE con.contype IN ('p', 'u') AND con.conislocal \(withoutPeriods)
                AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                AND con.conrelid = ANY ($1::pg_catalog.oid[])
            """,
            ["{" + tables.map { String($0.oid) }.joined(separator: ",") + "}"]
        )
        var indexes: [UInt32: Manifest.ConstraintIndex] = [:]
        for row in rows {
            let table = session.quoted(TableName(schema: row.text("nspname"), name: row.text("relname")))
            let name = session.quoted(row.text("conname"))
            let deferral =
                !row.bool("condeferrable")
                ? "" : row.bool("condeferred") ? " DEFERRABLE INITIALLY DEFERRED" : " DEFERRABLE"
            let tablespace = row["spcname"].map { " TABLESPACE \(session.quoted($0))" } ?? ""
            var attach = """
                ALTER TABLE ONLY \(table) ADD CONSTRAINT \(name) \(row.bool("is_primary") ? "PRIMARY KEY" : "UNIQUE") USING INDEX \(name)\(deferral)
                """
            // pg_dump includes these in the constraint's item, which this replaces.
            if row.bool("indisclustered") { attach += ";\nALTER TABLE \(table) CLUSTER ON \(name)" }
            if row.bool("indisreplident") {
                attach += ";\nALTER TABLE ONLY \(table) REPLICA IDENTITY USING INDEX \(name)"
            }
            indexes[row.oid("oid")] = Manifest.ConstraintIndex(
                create: row.text("definition") + tablespace,
                attach: attach
            )
        }
        return indexes
    }

    /// The versions in granary's ledger, for each service, and in golang-migrate's table, in any schema.
    static func schemaVersions(
        _ services: [Manifest.ServiceLedger],
        _ tables: [TableEntry],
        in stateSchema: StateSchema,
        _ session: borrowing Session
    ) throws -> [Manifest.SchemaVersion] {
        let ledger = TableName(schema: stateSchema.name, name: "migrations")
        var versions = services.compactMap { service in
            service.version.map { version in
                Manifest.SchemaVersion(
                    table: ledger.description,
                    service: service.service,
                    version: String(version),
                    dirty: false
                )
            }
        }
        for entry in tables where entry.table.name == "schema_migrations" {
            // Reading a version is no reason to run code that is attached to the table.
            guard let ledger = try GolangMigrateLedger.findOrdinary(entry.table, session), let row = ledger.row else {
                continue
            }
            versions.append(
                Manifest.SchemaVersion(
                    table: entry.table.description,
                    version: String(row.version),
                    dirty: row.isDirty
                )
            )
        }
        return versions
    }

    /// The environment that the database is marked with, if any. The marker of a copy belongs to another database.
    static func marker(_ schema: StateSchema, _ session: borrowing Session) throws -> String? {
        do {
            return try Marker(schema).read(session).name
        } catch is BookkeepingError {
            // Several markers count as none.
            return nil
        }
    }

    private static func oids(_ tables: [TableEntry]) -> String {
        "{" + tables.map { String($0.oid) }.joined(separator: ",") + "}"
    }
}

/// Bytes on disk, and blocks of the main fork.
struct TableSize: Sendable, Equatable {
    var bytes: Int
    var toastBytes: Int
    var blocks: Int
}
