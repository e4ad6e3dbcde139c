internal import Bookkeeping
internal import Citus
package import PostgresClient

extension SeedCatalog {
    /// Reads the user's tables in all schemas except those of the server and `stateSchema`.
    ///
    /// - Throws: `PostgresError`.
    package static func read(_ session: borrowing Session, stateSchema: String) throws -> SeedCatalog {
        var catalog = SeedCatalog(try columns(session, stateSchema))
        for table in try session.citusTables() {
            catalog.tables[table.name]?.isDistributed = true
            // The distribution column cannot be NULL, whatever its definition says.
            guard let column = table.column, let index = catalog.tables[table.name]?.index(column) else { continue }
            catalog.tables[table.name]?.columns[index].isNotNull = true
        }
        for row in try session.query(uniqueQuery, [stateSchema]) {
            var unique = Unique(
                name: row.text("name"),
                columns: row.texts("columns"),
                isPrimary: row.bool("is_primary"),
                isKey: row.bool("is_key"),
                admitsOneRow: row.bool("is_key") && row.bool("is_exact"),
                definition: row.text("definition")
            )
            unique.reads = row.texts("reads")
            unique.isPlain = row.bool("is_plain")
            unique.isNullsNotDistinct = row.bool("is_nulls_not_distinct")
            catalog.tables[table(row)]?.uniques.append(unique)
        }
        for row in try session.query(constraintQuery, [stateSchema]) {
            if row.text("contype") == "f" {
                let key = ForeignKey(
                    name: row.text("name"),
                    columns: row.texts("columns"),
                    parent: TableName(schema: row.text("parent_schema"), name: row.text("parent")),
                    parentColumns: row.texts("parent_columns"),
                    isDeferrable: row.bool("condeferrable")
                )
                catalog.tables[table(row)]?.foreignKeys.append(key)
            } else if row.text("contype") == "x" {
                let exclusion = Exclusion(
                    name: row.text("name"),
                    columns: row.texts("columns"),
                    definition: row.text("definition")
                )
                catalog.tables[table(row)]?.exclusions.append(exclusion)
            } else {
                let check = Check(
                    name: row.text("name"),
                    columns: row.texts("columns"),
                    definition: row.text("definition")
                )
                catalog.tables[table(row)]?.checks.append(check)
            }
        }
        for name in catalog.tables.keys { catalog.tables[name]?.replaceGeneratedColumns() }
        for row in try session.query(partitionQuery, [stateSchema]) {
            catalog.tables[table(row)]?.partitionBounds = row.texts("bounds")
        }
        for row in try session.query(triggerQuery, [stateSchema]) { catalog.tables[table(row)]?.hasTriggers = true }
        for ledger in try OtherLedger.all(session) { catalog.tables[ledger.table]?.ledgerOf = ledger.tool }
        for row in try session.query(compositeQuery) {
            var attribute = Column(
                name: row.text("attribute"),
                type: row.text("attribute_type"),
                typeName: row.text("typname")
            )
            attribute.kind = kind(row, attribute.typeName)
            catalog.composites[row.text("type"), default: []].append(attribute)
        }
        return catalog
    }

    private static func table(_ row: Rows.Row) -> TableName {
        TableName(schema: row.text("schema"), name: row.text("table"))
    }

    private static func columns(_ session: borrowing Session, _ stateSchema: String) throws -> [Table] {
        var tables: [TableName: Table] = [:]
        for row in try session.query(columnQuery, [stateSchema]) {
            let name = table(row)
            var column = Column(name: row.text("column"), type: row.text("type"), typeName: row.text("typname"))
            column.baseType = row.text("base_type")
            column.isNotNull = row.bool("attnotnull") || row.bool("domain_not_null")
            column.isGenerated = !row.text("attgenerated").isEmpty
            column.isIdentity = !row.text("attidentity").isEmpty
            column.defaultText = row["default"]
            column.sequence = row["sequence"]
            if let equality = row["equality"] { column.equality = equality }
            column.enumLabels = row.texts("labels")
            column.domainChecks = row.texts("domain_checks")
            column.isDomain = row.bool("is_domain")
            column.isInputFixed = row.bool("is_input_fixed")
            column.kind = kind(row, column.typeName)
            tables[name, default: Table(name: name, columns: [])].columns.append(column)
            tables[name]?.isPartition = row.bool("relispartition")
        }
        return Array(tables.values)
    }

    private static func kind(_ row: Rows.Row, _ typeName: String) -> Column.Kind {
        switch (row.text("typtype"), row.text("typcategory")) {
        case ("e", _): .enumeration
        case ("c", _): .composite
        case ("r", _): .range
        case ("m", _): .multirange
        case (_, "A"): .array(elementIsJSON: ["_json", "_jsonb"].contains(typeName))
        default: ["json", "jsonb"].contains(typeName) ? .json : .plain
        }
    }

    private static let ofOurs = """
        n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname <> $1
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend x WHERE x.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
            AND x.objid = c.oid AND x.deptype = 'e')
        """

    private static let columnQuery = """
        WITH RECURSIVE domain AS (
            SELECT oid AS root, oid, -1 AS typmod, false AS not_null, 0 AS depth FROM pg_catalog.pg_type
            UNION ALL
            SELECT d.root, t.typbasetype, t.typtypmod, d.not_null OR t.typnotnull, d.depth + 1
            FROM domain d JOIN pg_catalog.pg_type t ON t.oid = d.oid WHERE t.typtype = 'd'
        ), base AS (
            SELECT DISTINCT ON (root) root, oid, typmod, not_null, depth FROM domain ORDER BY root, depth DESC
        )
        SELECT n.nspname AS schema, c.relname AS table, c.relispartition, a.attname AS column,
            pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
            pg_catalog.format_type(b.oid, CASE WHEN b.depth = 0 THEN a.atttypmod ELSE b.typmod END) AS base_type,
            (SELECT pg_catalog.format('OPERATOR(%I.%s)', e.nspname, o.oprname) FROM pg_catalog.pg_opclass k
                JOIN pg_catalog.pg_am m ON m.oid = k.opcmethod AND m.amname IN ('btree', 'hash')
                JOIN pg_catalog.pg_amop p ON p.amopfamily = k.opcfamily AND p.amoplefttype = b.oid
                    AND p.amoprighttype = b.oid AND p.amopstrategy = CASE m.amname WHEN 'btree' THEN 3 ELSE 1 END
                JOIN pg_catalog.pg_operator o ON o.oid = p.amopopr JOIN pg_catalog.pg_namespace e ON e.oid = o.oprnamespace
                WHERE k.opcintype = b.oid AND k.opcdefault ORDER BY m.amname LIMIT 1) AS equality,
            EXISTS (SELECT FROM pg_catalog.pg_type e JOIN pg_catalog.pg_proc f ON f.oid = e.typinput
                WHERE e.oid = CASE t.typcategory WHEN 'A' THEN t.typelem ELSE t.oid END
                    AND (f.provolatile = 'i' OR e.typtype = 'e')) AS is_input_fixed,
            b.depth > 0 AS is_domain, t.typname, t.typtype, t.typcategory, a.attnotnull, b.not_null AS domain_not_null, a.attgenerated, a.attidentity,
            pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS "default",
            CASE WHEN a.attidentity <> '' OR pg_catalog.pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%' THEN
                coalesce(
                    pg_catalog.pg_get_serial_sequence(pg_catalog.format('%I.%I', n.nspname, c.relname), a.attname),
                    substring(pg_catalog.pg_get_expr(d.adbin, d.adrelid) FROM '^nextval\\(''(.*)''::regclass\\)$'))
                END AS sequence,
            (SELECT pg_catalog.array_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e
                WHERE e.enumtypid = t.oid)::pg_catalog.text[] AS labels,
            (SELECT pg_catalog.array_agg(pg_catalog.pg_get_constraintdef(k.oid) ORDER BY k.oid)
                FROM domain x JOIN pg_catalog.pg_constraint k ON k.contypid = x.oid AND k.contype = 'c'
                WHERE x.root = a.atttypid) AS domain_checks
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        JOIN base b ON b.root = a.atttypid
        JOIN pg_catalog.pg_type t ON t.oid = b.oid
        LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relkind IN ('r', 'p') AND \(ofOurs)
        ORDER BY n.nspname, c.relname, a.attnum
        """

    private static let uniqueQuery = """
        SELECT n.nspname AS schema, c.relname AS table, i.relname AS name, x.indisprimary AS is_primary,
            x.indpred IS NULL AND x.indexprs IS NULL AND x.indimmediate AND x.indisvalid AND x.indisready AS is_key,
            NOT EXISTS (SELECT FROM ROWS FROM (pg_catalog.unnest(x.indkey::pg_catalog.int2[]), pg_catalog.unnest(x.indclass::pg_catalog.oid[]),
                    pg_catalog.unnest(x.indcollation::pg_catalog.oid[])) WITH ORDINALITY k (number, opclass, collid, place)
                JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
                JOIN pg_catalog.pg_opclass o ON o.oid = k.opclass
                WHERE k.place <= x.indnkeyatts AND (NOT o.opcdefault OR k.collid <> a.attcollation
                    OR NOT (a.attnotnull OR coalesce((pg_catalog.to_jsonb(x) ->> 'indnullsnotdistinct')::boolean, false))))
                AND NOT (c.relkind = 'r' AND EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhparent = c.oid))
                AS is_exact,
            pg_catalog.pg_get_indexdef(x.indexrelid) AS definition, x.indpred IS NULL AND x.indexprs IS NULL AS is_plain,
            coalesce((pg_catalog.to_jsonb(x) ->> 'indnullsnotdistinct')::boolean, false) AS is_nulls_not_distinct,
            (SELECT coalesce(pg_catalog.array_agg(DISTINCT a.attname::pg_catalog.text), '{}') FROM pg_catalog.pg_attribute a
                WHERE a.attrelid = c.oid AND a.attnum > 0 AND (a.attnum = ANY (x.indkey::pg_catalog.int2[]) OR EXISTS (
                    SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                        AND d.objid = x.indexrelid AND d.refobjid = c.oid AND d.refobjsubid = a.attnum))) AS reads,
            (SELECT coalesce(pg_catalog.array_agg(a.attname::pg_catalog.text ORDER BY k.place), '{}')
                FROM pg_catalog.unnest(x.indkey::pg_catalog.int2[]) WITH ORDINALITY k (number, place)
                JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
                WHERE k.place <= x.indnkeyatts) AS columns
        FROM pg_catalog.pg_index x
        JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
        JOIN pg_catalog.pg_class c ON c.oid = x.indrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE x.indisunique AND c.relkind IN ('r', 'p') AND \(ofOurs)
        ORDER BY x.indisprimary DESC, i.relname
        """

    private static let constraintQuery = """
        SELECT n.nspname AS schema, c.relname AS table, k.conname AS name, k.contype, k.condeferrable,
            fn.nspname AS parent_schema, f.relname AS parent, pg_catalog.pg_get_constraintdef(k.oid) AS definition,
            (SELECT coalesce(pg_catalog.array_agg(a.attname::pg_catalog.text ORDER BY u.place), '{}')
                FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY u (number, place)
                JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.number) AS columns,
            (SELECT pg_catalog.array_agg(a.attname::pg_catalog.text ORDER BY u.place)
                FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY u (number, place)
                JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.number) AS parent_columns
        FROM pg_catalog.pg_constraint k
        JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_catalog.pg_class f ON f.oid = k.confrelid
        LEFT JOIN pg_catalog.pg_namespace fn ON fn.oid = f.relnamespace
        WHERE k.contype IN ('f', 'c', 'x') AND (k.contype <> 'f' OR k.conparentid = 0 OR c.relispartition)
            AND \(ofOurs)
        ORDER BY n.nspname, c.relname, k.conname
        """

    /// Tables with triggers, and their parents, because rows inserted through a parent fire the triggers too.
    private static let triggerQuery = """
        WITH RECURSIVE fired (oid) AS (
            SELECT tgrelid FROM pg_catalog.pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'
            UNION
            SELECT h.inhparent FROM fired f JOIN pg_catalog.pg_inherits h ON h.inhrelid = f.oid
        )
        SELECT n.nspname AS schema, c.relname AS table
        FROM fired f JOIN pg_catalog.pg_class c ON c.oid = f.oid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND \(ofOurs)
        """

    /// The condition of each partition. The server refuses a row that fits no partition.
    private static let partitionQuery = """
        SELECT n.nspname AS schema, c.relname AS table,
            (SELECT coalesce(pg_catalog.array_agg(coalesce(pg_catalog.pg_get_partition_constraintdef(l.relid), 'true')), '{}')
                FROM pg_catalog.pg_partition_tree(c.oid) l WHERE l.isleaf AND l.relid <> c.oid)::pg_catalog.text[] AS bounds
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = 'p' AND NOT c.relispartition AND \(ofOurs)
        """

    private static let compositeQuery = """
        SELECT pg_catalog.format_type(t.oid, NULL) AS type, a.attname AS attribute,
            pg_catalog.format_type(b.oid, NULL) AS attribute_type, b.typname, b.typtype, b.typcategory
        FROM pg_catalog.pg_type t JOIN pg_catalog.pg_class c ON c.oid = t.typrelid AND c.relkind = 'c'
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        JOIN pg_catalog.pg_type d ON d.oid = a.atttypid
        JOIN pg_catalog.pg_type b ON b.oid = CASE d.typtype WHEN 'd' THEN d.typbasetype ELSE d.oid END
        ORDER BY t.oid, a.attnum
        """
}
