internal import PostgresClient

/// Tells whether two forms of an expression mean the same to the server.
///
/// The output of functions such as pg_get_constraintdef can change when the server reads it again: a CHECK with IN on a
/// varchar column gets other casts. A down file that was written from a dump contains the second form.
struct ExpressionRoundTrip {
    private static let name = "granary_round_trip"

    /// Lets the server read both forms, inside an open transaction, and undoes the changes.
    ///
    /// - Throws: `PostgresError` for a lost connection.
    static func areSame(
        _ object: CatalogShape.Object,
        _ old: CatalogShape.Facts,
        _ new: CatalogShape.Facts,
        _ session: borrowing Session
    ) throws -> Bool {
        guard let before = old.expression, let now = new.expression else { return false }
        guard let again = try spelling(before, of: object, old.parent, session) else { return false }
        if again == now { return true }
        return try spelling(now, of: object, new.parent, session) == again
    }

    /// The form in which the server prints an expression after reading it; nil if the server refuses it.
    private static func spelling(
        _ expression: String,
        of object: CatalogShape.Object,
        _ parent: String,
        _ session: borrowing Session
    ) throws -> String? {
        guard let (statements, question, parameters) = trial(expression, of: object, parent) else { return nil }
        try session.execute("SAVEPOINT \(name)")
        let spelling: String?
        do {
            try session.execute(statements)
            spelling = try session.query(question, parameters).first?["spelling"]
        } catch let error as PostgresError where error.code == .server {
            spelling = nil
        }
        try session.execute("ROLLBACK TO SAVEPOINT \(name); RELEASE SAVEPOINT \(name)")
        return spelling
    }

    /// The statements with which the server reads the expression, and the query for its printed form.
    private static func trial(
        _ expression: String,
        of object: CatalogShape.Object,
        _ parent: String
    ) -> (statements: String, question: String, parameters: [String])? {
        // The parent is `table shop.orders`, and the name is `shop.orders.note`.
        let holder = String(parent.drop { $0 != " " }.dropFirst())
        let last = String(object.name.dropFirst(holder.count + 1))
        switch object.kind {
        case "constraint" where expression.hasPrefix("CHECK") && parent.hasPrefix("table "):
            // NOT VALID avoids checking the rows again.
            let ending = expression.hasSuffix(" NOT VALID") ? "" : " NOT VALID"
            return (
                "ALTER TABLE \(holder) ADD CONSTRAINT \(name) \(expression)\(ending)",
                """
                SELECT pg_catalog.replace(pg_catalog.pg_get_constraintdef(oid), $1, '') AS spelling
                FROM pg_catalog.pg_constraint WHERE conname = '\(name)'
                """,
                [ending]
            )
        case "column" where expression.hasPrefix("default "):
            return (
                "ALTER TABLE \(holder) ALTER COLUMN \(last) SET \(expression)",
                """
                SELECT 'default ' || pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS spelling
                FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
                WHERE d.adrelid = $1::pg_catalog.regclass AND pg_catalog.quote_ident(a.attname) = $2
                """,
                [holder, last]
            )
        case "view", "materialized view":
            return (
                "CREATE TEMPORARY VIEW \(name) AS \(expression)",
                "SELECT pg_catalog.pg_get_viewdef('pg_temp.\(name)'::pg_catalog.regclass) AS spelling", []
            )
        case "index":
            return (
                "ALTER INDEX \(object.name) RENAME TO \(name); \(expression)",
                "SELECT pg_catalog.pg_get_indexdef($1::pg_catalog.regclass) AS spelling", [object.name]
            )
        case "trigger":
            return (
                "ALTER TRIGGER \(last) ON \(holder) RENAME TO \(name); \(expression)",
                """
                SELECT pg_catalog.pg_get_triggerdef(oid) AS spelling FROM pg_catalog.pg_trigger
                WHERE tgrelid = $1::pg_catalog.regclass AND pg_catalog.quote_ident(tgname) = $2
                """,
                [holder, last]
            )
        default: return nil
        }
    }
}
