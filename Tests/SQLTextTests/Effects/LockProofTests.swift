import PostgresClient
import SQLText
import TestSupport
import Testing

/// Compares the locks in the effects with the locks that a real server takes.
@Suite struct LockProofTests {
    @Test func everyStatementTakesTheLocksThatItsEffectsName() async throws {
        try await withSampleDatabase { session in
            let before = try Self.relations(session)
            for example in LockExamples.all {
                try session.execute("BEGIN")
                if !example.first.isEmpty { try session.execute(example.first) }
                try session.execute("SAVEPOINT before")
                let held = try Self.locks(session, among: before)
                try session.execute(example.sql)
                var taken = try Self.locks(session, among: before)
                for (name, mode) in held where taken[name] == mode { taken[name] = nil }
                try session.execute("ROLLBACK")
                Self.compare(taken, Dictionary(uniqueKeysWithValues: before.values.map { ($0.name, $0.kind) }), example)
            }
        }
    }

    private static func compare(_ taken: [String: LockMode], _ kinds: [String: String], _ example: LockExample) {
        var claimed: [String: LockMode] = [:]
        do {
            for statement in try SQLScript(example.sql).statements {
                for (name, mode) in StatementEffects(of: statement).locks {
                    claimed["\(name)"] = max(claimed["\(name)"] ?? mode, mode)
                }
            }
        } catch {
            Issue.record("\(example.sql): \(error)")
        }
        for (name, mode) in example.hidden {
            #expect(claimed[name] == nil, "\(example.sql): \(name) is no longer hidden")
            claimed[name] = mode
        }
        for (name, mode) in claimed where kinds[name] != nil {
            #expect(taken[name] == mode, "\(example.sql): on \(name)")
        }
        // Indexes are locked together with their table. Other sessions do not lock them by name.
        for (name, mode) in taken where claimed[name] == nil && kinds[name] != "i" && kinds[name] != "I" {
            Issue.record("\(example.sql): \(mode) on \(name) is not claimed")
        }
    }

    private struct Relation {
        var name: String
        /// The `relkind` in `pg_class`.
        var kind: String
    }

    /// The existing relations by OID, which a statement does not change.
    private static func relations(_ session: borrowing Session) throws -> [String: Relation] {
        let rows = try session.query(
            "SELECT oid, relname, relkind FROM pg_class WHERE relnamespace = 's'::regnamespace"
        )
        return Dictionary(
            uniqueKeysWithValues: rows.map {
                ($0.text("oid"), Relation(name: "s.\($0.text("relname"))", kind: $0.text("relkind")))
            }
        )
    }

    private static func locks(
        _ session: borrowing Session,
        among known: [String: Relation]
    ) throws -> [String: LockMode] {
        let rows = try session.query("SELECT relation, mode FROM pg_locks WHERE pid = pg_backend_pid()")
        var locks: [String: LockMode] = [:]
        for row in rows {
            guard let name = known[row.text("relation")]?.name, let mode = mode(row.text("mode")) else { continue }
            locks[name] = max(locks[name] ?? mode, mode)
        }
        return locks
    }

    static func mode(_ catalogName: String) -> LockMode? {
        LockMode.allCases.first { $0.catalogName == catalogName }
    }
}

/// For statements that cannot run in a transaction, the lock is observed while they wait for it.
@Suite struct LockRequestTests {
    @Test(arguments: LockExamples.outsideTransactions)
    func aStatementThatRefusesTransactionsAsksForTheLockThatItsEffectsName(
        _ sql: String,
        _ table: String
    ) async throws {
        try await ThrowawayServer.shared().withDatabase { url in
            let address = ServerAddress(url)
            try await withSession(address, logger: quietLogger) {
                try $0.execute(Session.databaseSearchPath)
                try $0.execute(LockExamples.schema)
            }
            let statement = try SQLScript(sql).statements[0]
            let effects = StatementEffects(of: statement)
            let claimed = try #require(effects.locks[RelationName(schema: "s", name: table)])
            #expect(effects.transaction != .fits)

            let refused = await #expect(throws: PostgresError.self) {
                try await withSession(address, logger: quietLogger) { session in
                    try session.execute("\(Session.databaseSearchPath); BEGIN")
                    try session.execute(sql)
                }
            }
            #expect(refused?.sqlState == "25001")

            try await withSession(address, logger: quietLogger) { holder in
                try holder.execute("BEGIN; LOCK TABLE s.\(table) IN SHARE MODE")
                let runner = Task {
                    try await withSession(address, logger: quietLogger) {
                        try $0.execute(Session.databaseSearchPath)
                        try $0.execute(sql)
                    }
                }
                // SHARE conflicts with every lock that changes a table. The session's thread may block, because it does
                // not belong to the cooperative pool.
                var asked: LockMode?
                for _ in 0..<6000 where asked == nil {
                    let rows = try holder.query(
                        """
                        SELECT mode FROM pg_locks WHERE NOT granted AND relation = 's.\(table)'::regclass
                        """
                    )
                    asked = rows.first.flatMap { LockProofTests.mode($0.text("mode")) }
                    if asked == nil { _ = try holder.query("SELECT pg_sleep(0.01)") }
                }
                #expect(asked == claimed, "\(sql)")
                runner.cancel()
                try holder.execute("ROLLBACK")
            }
        }
    }
}

private func withSampleDatabase(_ body: @escaping @Sendable (inout Session) throws -> Void) async throws {
    try await ThrowawayServer.shared().withDatabase { url in
        try await withSession(ServerAddress(url), logger: quietLogger) { session in
            try session.execute(Session.databaseSearchPath)
            try session.execute(LockExamples.schema)
            try body(&session)
        }
    }
}
