internal import Citus
package import PostgresClient

/// Reads a `SchemaReport` with eleven queries, independently of the number of tables.
///
/// `pg_get_expr` and similar functions take ACCESS SHARE for a moment. So tables on which a session holds ACCESS
/// EXCLUSIVE, or waits for it, are left out of those calls. If a lock interferes, the reading starts again.
package struct SchemaReading: Sendable {
    private let scope: InspectionScope

    package init(_ scope: InspectionScope) { self.scope = scope }

    private static let attempts = 5

    /// - Throws: `InspectionError.busy`, `PostgresError`.
    package func read(_ session: inout Session) throws -> SchemaReport {
        try session.pinForLooking()
        for _ in 0..<Self.attempts {
            do {
                let held = try session.heldTables()
                return try session.transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") {
                    try report(held, $0)
                }
            } catch let error as PostgresError where error.sqlState == "55P03" {
                continue
            }
        }
        throw InspectionError(.busy, "the schema could not be read, because tables were locked", hint: "try again")
    }

    private func report(_ held: [UInt32: HeldTable], _ session: borrowing Session) throws -> SchemaReport {
        let locked = QuotedText.array(held.keys.map { String($0) }.sorted())
        var tables = try relations(held, locked, session)
        let places = Dictionary(
            tables.enumerated().map { ($0.element.oid, $0.offset) },
            uniquingKeysWith: { first, _ in first }
        )
        /// The rows of a query, each assigned to its table.
        func each(_ sql: String, _ put: (inout SchemaReport.Table, Rows.Row) -> Void) throws {
            for row in try session.query(sql, [scope.parameter, locked]) {
                if let place = places[row.oid("owner")] { put(&tables[place], row) }
            }
        }
        try each(Self.columns) { $0.columns.append(Self.column($1)) }
        try each(Self.constraints) { $0.constraints.append(Self.constraint($1)) }
        try each(Self.indexes) { $0.indexes.append(Self.index($1)) }
        try each(Self.triggers) { $0.triggers.append(Self.part($1)) }
        try each(Self.policies) { $0.policies.append(Self.part($1)) }
        try each(Self.partitions) { $0.partitions.append(Self.partition($1)) }
        try each(Self.parents) { $0.inherits.append(.init(schema: $1.text("nspname"), name: $1.text("relname"))) }
        try each(Self.references) { table, row in
            table.referencedBy.append(
                .init(
                    table: TableName(schema: row.text("nspname"), name: row.text("relname")),
                    constraint: row.text("name")
                )
            )
        }
        try addDistribution(to: &tables, session)
        return SchemaReport(tables: tables)
    }

    private func addDistribution(to tables: inout [SchemaReport.Table], _ session: borrowing Session) throws {
        let all = try session.citusTables()
        guard !all.isEmpty else { return }
        let shown = Set(tables.map(\.oid))
        let found = all.filter { shown.contains($0.oid) }
        let groups = Dictionary(grouping: found.filter { $0.group != nil }) { $0.group }
        let known = Dictionary(found.map { ($0.oid, $0) }, uniquingKeysWith: { first, _ in first })
        for index in tables.indices {
            guard let table = known[tables[index].oid] else { continue }
            let colocated = table.group.flatMap { groups[$0] } ?? []
            tables[index].distribution = SchemaReport.Distribution(
                kind: table.kind,
                column: table.column,
                colocated: colocated.map(\.name).filter { $0 != table.name }.sorted()
            )
        }
    }

    private func relations(
        _ held: [UInt32: HeldTable],
        _ locked: String,
        _ session: borrowing Session
    ) throws -> [SchemaReport.Table] {
        let kinds = [
            "p": "partitioned table", "v": "view", "m": "materialized view", "f": "foreign table",
        ]
        return try session.query(
            """
            SELECT c.oid, n.nspname, c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity,
                c.relpersistence = 'u' AS unlogged, d.description,
                CASE WHEN c.relkind = 'p' AND c.oid <> ALL ($2::pg_catalog.oid[]) THEN pg_catalog.pg_get_partkeydef(c.oid) END AS key
            FROM \(Self.wanted) LEFT JOIN pg_catalog.pg_description d
                ON d.objoid = c.oid AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objsubid = 0
            ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
            """,
            [scope.parameter, locked]
        ).map { row in
            SchemaReport.Table(
                oid: row.oid("oid"),
                name: TableName(schema: row.text("nspname"), name: row.text("relname")),
                kind: kinds[row.text("relkind")] ?? "table",
                comment: row["description"],
                partitionKey: row["key"],
                isUnlogged: row.bool("unlogged"),
                hasRowSecurity: row.bool("relrowsecurity"),
                forcesRowSecurity: row.bool("relforcerowsecurity"),
                held: held[row.oid("oid")]
            )
        }
    }
}

// Converts rows to parts.
extension SchemaReading {
    private static func column(_ row: Rows.Row) -> SchemaReport.Column {
        let generation: SchemaReport.Generation =
            switch row.text("generation") {
            case "a": .identityAlways
            case "d": .identityByDefault
            case "s": .stored
            case "v": .virtual
            default: .none
            }
        return SchemaReport.Column(
            name: row.text("name"),
            type: row.text("type"),
            isNullable: !row.bool("attnotnull"),
            expression: row["expression"],
            generation: generation,
            comment: row["description"]
        )
    }

    private static func constraint(_ row: Rows.Row) -> SchemaReport.Constraint {
        let kind: SchemaReport.Constraint.Kind =
            switch row.text("contype") {
            case "p": .primaryKey
            case "u": .unique
            case "f": .foreignKey
            case "x": .exclusion
            default: .check
            }
        return SchemaReport.Constraint(
            name: row.text("name"),
            kind: kind,
            definition: row["definition"],
            columns: row.texts("columns"),
            isValidated: row.bool("convalidated"),
            references: row["rschema"].map { TableName(schema: $0, name: row.text("rname")) },
            isIndexed: row.bool("indexed")
        )
    }

    private static func index(_ row: Rows.Row) -> SchemaReport.Index {
        SchemaReport.Index(
            name: row.text("name"),
            definition: row["definition"],
            isUnique: row.bool("indisunique"),
            isValid: row.bool("indisvalid"),
            isOfConstraint: row.bool("constrained")
        )
    }

    private static func partition(_ row: Rows.Row) -> SchemaReport.Partition {
        SchemaReport.Partition(
            table: TableName(schema: row.text("nspname"), name: row.text("relname")),
            name: row.text("name"),
            parent: row["parent"],
            level: row.int("level"),
            definition: row["definition"],
            invalidIndexes: row.texts("invalid")
        )
    }

    private static func part(_ row: Rows.Row) -> SchemaReport.Part {
        SchemaReport.Part(name: row.text("name"), definition: row["definition"])
    }
}

// The queries. $1 are the schemas, $2 the tables that other sessions have locked.
extension SchemaReading {
    /// Partitions are listed with their parents, and not described again. Each query must mention $2, even if it does
    /// not need it.
    private static let wanted = """
        pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND c.relpersistence <> 't'
            AND $2::pg_catalog.oid[] IS NOT NULL AND \(InspectionScope.condition)
        """

    /// A default contains no columns, so it can be written without its table and without a lock.
    private static let columns = """
        SELECT a.attrelid AS owner, a.attname AS name, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
            a.attnotnull, CASE WHEN a.attidentity <> '' THEN a.attidentity ELSE a.attgenerated END AS generation,
            CASE WHEN a.attgenerated = '' THEN pg_catalog.pg_get_expr(f.adbin, 0)
                WHEN c.oid <> ALL ($2::pg_catalog.oid[]) THEN pg_catalog.pg_get_expr(f.adbin, f.adrelid) END AS expression,
            d.description
        FROM \(wanted) JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_catalog.pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
        LEFT JOIN pg_catalog.pg_description d
            ON d.objoid = c.oid AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objsubid = a.attnum
        ORDER BY a.attrelid, a.attnum
        """

    private static let constraints = """
        SELECT k.conrelid AS owner, k.conname AS name, k.contype, k.convalidated,
            CASE WHEN k.contype IN ('p', 'u', 'f') OR c.oid <> ALL ($2::pg_catalog.oid[])
                THEN pg_catalog.pg_get_constraintdef(k.oid) END AS definition,
            ARRAY(SELECT a.attname::pg_catalog.text FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS u (number, position)
                JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.number
                ORDER BY u.position) AS columns,
            rn.nspname AS rschema, r.relname AS rname,
            k.contype <> 'f' OR EXISTS (
                SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = k.conrelid AND i.indisvalid AND i.indpred IS NULL
                    AND (pg_catalog.string_to_array(i.indkey::pg_catalog.text, ' ')::pg_catalog.int2[])[1:pg_catalog.cardinality(k.conkey)]
                        @> k.conkey) AS indexed
        FROM \(wanted) JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid AND k.contype IN ('p', 'u', 'f', 'c', 'x')
            AND k.conparentid = 0
        LEFT JOIN pg_catalog.pg_class r ON r.oid = k.confrelid LEFT JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
        ORDER BY k.conrelid, pg_catalog.array_position(ARRAY['p', 'u', 'f', 'c', 'x'], k.contype::pg_catalog.text), k.conname COLLATE "C"
        """

    /// Indexes and triggers of a constraint are defined by the constraint. Writing them again would take a third of the
    /// time.
    private static let indexes = """
        SELECT i.indrelid AS owner, x.relname AS name, i.indisunique, i.indisvalid, k.oid IS NOT NULL AS constrained,
            CASE WHEN (k.oid IS NULL OR NOT i.indisvalid) AND c.oid <> ALL ($2::pg_catalog.oid[])
                THEN pg_catalog.pg_get_indexdef(i.indexrelid) END AS definition
        FROM \(wanted) JOIN pg_catalog.pg_index i ON i.indrelid = c.oid
        JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
        LEFT JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid AND k.conindid = i.indexrelid
            AND k.contype IN ('p', 'u', 'x')
        ORDER BY i.indrelid, x.relname COLLATE "C"
        """

    private static let triggers = """
        SELECT t.tgrelid AS owner, t.tgname AS name,
            CASE WHEN t.tgqual IS NULL OR c.oid <> ALL ($2::pg_catalog.oid[])
                THEN pg_catalog.pg_get_triggerdef(t.oid)
                    || CASE t.tgenabled WHEN 'D' THEN ' (disabled)' WHEN 'A' THEN ' (always)'
                        WHEN 'R' THEN ' (replica)' ELSE '' END END AS definition
        FROM \(wanted) JOIN pg_catalog.pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal
        ORDER BY t.tgrelid, t.tgname COLLATE "C"
        """

    private static let policies = """
        SELECT p.polrelid AS owner, p.polname AS name,
            CASE WHEN c.oid <> ALL ($2::pg_catalog.oid[]) THEN
                CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END || ' for '
                || CASE p.polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update'
                    WHEN 'd' THEN 'delete' ELSE 'all' END || ' to '
                || CASE WHEN p.polroles = '{0}' THEN 'public' ELSE (
                    SELECT pg_catalog.string_agg(pg_catalog.quote_ident(r.rolname), ', ' ORDER BY r.rolname COLLATE "C")
                    FROM pg_catalog.pg_roles r WHERE r.oid = ANY (p.polroles)) END
                || coalesce(' using (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')', '')
                || coalesce(' with check (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')', '')
            END AS definition
        FROM \(wanted) JOIN pg_catalog.pg_policy p ON p.polrelid = c.oid
        ORDER BY p.polrelid, p.polname COLLATE "C"
        """

    /// Partitions of all levels, each after its parent.
    private static let partitions = """
        WITH RECURSIVE tree (owner, namespace, oid, parent, level, path) AS (
            SELECT c.oid, c.relnamespace, p.oid, NULL::pg_catalog.oid, 1, ARRAY[pn.nspname, p.relname]::pg_catalog.text[]
            FROM \(wanted) JOIN pg_catalog.pg_inherits i ON i.inhparent = c.oid
            JOIN pg_catalog.pg_class p ON p.oid = i.inhrelid AND p.relispartition
            JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
            UNION ALL
            SELECT t.owner, t.namespace, p.oid, t.oid, t.level + 1, t.path || ARRAY[pn.nspname, p.relname]::pg_catalog.text[]
            FROM tree t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid
            JOIN pg_catalog.pg_class p ON p.oid = i.inhrelid JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
        )
        SELECT t.owner, t.level, n.nspname, p.relname,
            CASE WHEN p.relnamespace = t.namespace THEN '' ELSE n.nspname || '.' END || p.relname AS name,
            CASE WHEN u.relnamespace = t.namespace THEN '' ELSE un.nspname || '.' END || u.relname AS parent,
            pg_catalog.pg_get_expr(p.relpartbound, 0) || CASE WHEN p.relkind = 'p' AND p.oid <> ALL ($2::pg_catalog.oid[])
                THEN ' PARTITION BY ' || pg_catalog.pg_get_partkeydef(p.oid) ELSE '' END AS definition,
            ARRAY(SELECT x.relname::pg_catalog.text FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
                WHERE i.indrelid = p.oid AND NOT i.indisvalid ORDER BY x.relname COLLATE "C") AS invalid
        FROM tree t JOIN pg_catalog.pg_class p ON p.oid = t.oid
        JOIN pg_catalog.pg_namespace n ON n.oid = p.relnamespace
        LEFT JOIN pg_catalog.pg_class u ON u.oid = t.parent
        LEFT JOIN pg_catalog.pg_namespace un ON un.oid = u.relnamespace
        ORDER BY t.owner, t.path COLLATE "C"
        """

    private static let parents = """
        SELECT i.inhrelid AS owner, pn.nspname, p.relname
        FROM \(wanted) JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid
        JOIN pg_catalog.pg_class p ON p.oid = i.inhparent JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
        ORDER BY i.inhrelid, i.inhseqno
        """

    private static let references = """
        SELECT k.confrelid AS owner, on_n.nspname, o.relname, k.conname AS name
        FROM \(wanted) JOIN pg_catalog.pg_constraint k ON k.confrelid = c.oid AND k.contype = 'f' AND k.conparentid = 0
        JOIN pg_catalog.pg_class o ON o.oid = k.conrelid JOIN pg_catalog.pg_namespace on_n ON on_n.oid = o.relnamespace
        ORDER BY k.confrelid, on_n.nspname COLLATE "C", o.relname COLLATE "C", k.conname COLLATE "C"
        """
}
