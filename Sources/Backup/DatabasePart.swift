internal import Archive
internal import PostgresClient

/// A part of a database: some schemas, some tables, and all partitions and inheriting tables of these, in any schema.
struct DatabasePart: Sendable {
    /// The schemas that are backed up completely.
    var schemas: [String]
    /// Tables, including foreign tables.
    var relations: Set<UInt32>
    /// The tables among them that are in other schemas.
    var elsewhere: [TableName]
    /// Relations in the schemas of `elsewhere` that do not belong to the part.
    var excluded: [TableName]

    private var otherSchemas: Set<ExactText> { Set(exactly: elsewhere.map(\.schema)) }

    /// - Parameter tables: The tables that were selected by name.
    static func read(
        _ scope: CatalogScope,
        tables: Set<UInt32>,
        _ session: borrowing Session
    ) throws -> DatabasePart {
        let rows = try session.query(
            """
            WITH RECURSIVE family (oid) AS (
                SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relkind IN ('r', 'p', 'f') AND (n.nspname = ANY ($1::pg_catalog.text[]) OR c.oid = ANY ($2::pg_catalog.oid[]))
                UNION
                SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN family f ON f.oid = i.inhparent
                JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
                WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't' AND (c.relispartition OR $3)
            )
            SELECT c.oid, n.nspname, c.relname, n.nspname = ANY ($1::pg_catalog.text[]) AS inside, f.oid IS NOT NULL AS belongs
            FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            LEFT JOIN family f ON f.oid = c.oid
            WHERE f.oid IS NOT NULL
                OR c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S') AND n.nspname <> ALL ($1::pg_catalog.text[]) AND n.oid IN (
                    SELECT m.relnamespace FROM family JOIN pg_catalog.pg_class m ON m.oid = family.oid)
            ORDER BY n.nspname, c.relname
            """,
            [
                QuotedText.array(scope.schemas), "{" + tables.map(String.init).joined(separator: ",") + "}",
                String(scope.withInheritors),
            ]
        )
        var part = DatabasePart(schemas: scope.schemas, relations: [], elsewhere: [], excluded: [])
        for row in rows {
            let (oid, name) = (row.oid("oid"), TableName(schema: row.text("nspname"), name: row.text("relname")))
            guard row.bool("belongs") else {
                part.excluded.append(name)
                continue
            }
            part.relations.insert(oid)
            if !row.bool("inside") { part.elsewhere.append(name) }
        }
        return part
    }
}

// For pg_dump.
extension DatabasePart {
    /// Makes pg_dump describe and lock only this part. With tables it ignores schemas. If both are needed, the schemas
    /// of the tables are requested without their other relations, and `items(_:)` removes the rest.
    var arguments: [String] {
        guard !schemas.isEmpty else { return Self.patterns(elsewhere).map { "--table=\($0)" } }
        let others = otherSchemas.map { $0.text }.sorted()
        return (schemas + others).map { "--schema=\(QuotedText.name($0))" }
            + Self.patterns(excluded).map { "--exclude-table=\($0)" }
    }

    /// Patterns that match exactly these relations. The names are quoted, so that pattern characters match themselves.
    /// Several names share a pattern, because pg_dump sends a query for each pattern.
    static func patterns(_ names: [TableName]) -> [String] {
        var patterns: [String] = []
        for (schema, members) in Dictionary(grouping: names, by: { ExactText($0.schema) }) {
            for start in stride(from: 0, to: members.count, by: 200) {
                let alternatives = members[start..<min(start + 200, members.count)].map { QuotedText.name($0.name) }
                patterns.append("\(QuotedText.name(schema.text)).(\(alternatives.joined(separator: "|")))")
            }
        }
        return patterns
    }

    /// The items of this part. From other schemas only the tables and their own objects.
    func items(_ items: [Manifest.SchemaItem]) -> [Manifest.SchemaItem] {
        guard !schemas.isEmpty, !elsewhere.isEmpty else { return items }
        let others = otherSchemas
        var leftOut: Set<Int> = []
        return items.compactMap { item in
            if item.kind == "SCHEMA", others.contains(item.name) { return item.asPlace }
            let isOutside = item.schema.map { others.contains($0) } ?? false
            let isForeign =
                isOutside && Self.independentKinds.contains(item.kind) || item.kind == "DEFAULT ACL" && isOutside
                || item.dependsOn.contains(where: leftOut.contains) && Self.remarks.contains(item.kind)
                || others.contains { item.isRemark(onSchema: $0.text) }
            guard isForeign else { return item }
            leftOut.insert(item.id)
            return nil
        }
    }

    /// Kinds of objects in a schema that belong to no table.
    private static let independentKinds: Set<String> = [
        "AGGREGATE", "COLLATION", "CONVERSION", "DOMAIN", "FUNCTION", "OPERATOR", "OPERATOR CLASS", "OPERATOR FAMILY",
        "PROCEDURE", "SHELL TYPE", "TEXT SEARCH CONFIGURATION", "TEXT SEARCH DICTIONARY", "TEXT SEARCH PARSER",
        "TEXT SEARCH TEMPLATE", "TYPE",
    ]
    private static let remarks: Set<String> = ["ACL", "COMMENT", "SECURITY LABEL"]
}

extension Manifest.SchemaItem {
    /// A schema that only contains some tables of the part. It may exist already, and is left as it is.
    fileprivate var asPlace: Manifest.SchemaItem {
        var item = self
        // initdb creates `public`, so pg_dump may have no statement for it.
        if item.sql.contains("CREATE SCHEMA") {
            item.sql = "CREATE SCHEMA IF NOT EXISTS \(QuotedText.name(name));\n"
        } else {
            item.sql = ""
        }
        item.ownable = nil
        item.owner = nil
        return item
    }

    /// A comment on a schema, or privileges on one.
    fileprivate func isRemark(onSchema other: String) -> Bool {
        schema == nil && ["ACL", "COMMENT", "SECURITY LABEL"].contains(kind)
            && name.utf8.elementsEqual("SCHEMA \(other)".utf8)
    }
}
