internal import PostgresClient
internal import SQLText

/// `validate_after_migration`: checks that the created objects exist and the dropped objects are gone.
struct AfterCheck {
    let steps: [MigrationStep]

    /// - Throws: `MigrationError` with `.validation` for the first object that is not as expected.
    func run(_ session: borrowing Session) throws {
        // The last statement about each name decides.
        var expected: [RelationName: (isThere: Bool, step: MigrationStep)] = [:]
        for step in steps {
            let lasting = step.script.statements.lazy.filter { !$0.isUndone }
            for touch in lasting.flatMap(\.effects.touches) where !touch.isInBody && touch.schema != nil {
                guard [.table, .view, .materializedView, .sequence, .index].contains(touch.kind) else { continue }
                switch touch.action {
                case .create: expected[touch.relation] = (true, step)
                case .drop: expected[touch.relation] = (false, step)
                // The parse tree of a rename does not give the full new name.
                case .rename: expected[touch.relation] = nil
                default: break
                }
            }
        }
        for (name, expectation) in expected.sorted(by: { $0.key.description < $1.key.description }) {
            let isThere = try session.exists(TableName(schema: name.schema!, name: name.name))
            guard isThere != expectation.isThere else { continue }
            throw MigrationError(
                .validation,
                "\(expectation.step.name) ran, and \(name) is \(isThere ? "still" : "not") there",
                hint: "the migration is applied; look at what else changes \(name)"
            )
        }
        let invalid = try session.query(
            """
            SELECT n.nspname || '.' || c.relname AS name FROM pg_catalog.pg_index i
                JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE NOT i.indisvalid AND c.relkind = 'i' AND n.nspname = ANY ($1) ORDER BY 1 LIMIT 1
            """,
            [QuotedText.array(Set(expected.keys.compactMap(\.schema)).sorted())]
        ).first
        if let name = invalid?["name"] {
            throw MigrationError(
                .validation,
                "the index \(name) is INVALID: it slows writes, and no query can use it",
                hint: "drop it with DROP INDEX CONCURRENTLY \(name), and build it again"
            )
        }
    }
}
