import PostgresClient
import SQLText
import TestSupport
import Testing

@testable import MigrationChecks

/// Compares `docs/rules.md` with the rules and with a server.
@Suite struct LintRuleTests {
    @Test func thePageHasASectionForEachRuleAndNoOther() throws {
        let page = try RulesPage()
        #expect(page.sections.map(\.name) == LintRules.all.map(\.name))
        #expect(LintRules.all.count > 50)
        #expect(Set(LintRules.all.map(\.name)).count == LintRules.all.count)
        for section in page.sections {
            let rule = try #require(LintRules.byName[section.name])
            let place = "docs/rules.md:\(section.line)"
            #expect(section.prose.first == rule.why, "\(place)")
            let groups = rule.groups.map { "`\($0)`" }.joined(separator: ", ")
            let state = "\(rule.isOnByDefault ? "On" : "Off") · \(rule.severity.rawValue) · \(groups)"
            #expect(section.prose.dropFirst().first == state, "\(place)")
            let safe = "\(rule.safeForm.prefix(1).uppercased())\(rule.safeForm.dropFirst())."
            #expect(section.prose.contains(safe), "\(place): \(safe)")
            #expect(!section.bad.isEmpty && !section.good.isEmpty, "\(place)")
            // A rule about the duration of a lock names the lock.
            if rule.growsWithTable {
                guard case .lock(_, _, let until) = section.claim, until != .always else {
                    Issue.record("\(place): no lock is claimed")
                    continue
                }
            }
        }
    }

    @Test func eachRuleFindsItsBadExampleAloneAndNothingInItsGoodOne() throws {
        let page = try RulesPage()
        for section in page.sections {
            var linter = Linter(rules: LintRules.defaults.union([section.name]))
            for setup in page.setups(of: section) { linter.schema.learn(from: try SQLScript(setup)) }
            for bad in section.bad {
                let found = try linter.findings(in: parsedFile(bad))
                #expect(Set(found.map(\.rule)) == [section.name], "docs/rules.md:\(section.line): \(bad)")
                let off = Linter(rules: linter.rules.subtracting([section.name]), schema: linter.schema)
                try #expect(off.findings(in: parsedFile(bad)) == [])
            }
            var outcome = linter.schema
            for good in section.good { outcome.learn(from: try SQLScript(good)) }
            linter.outcome = outcome
            for good in section.good {
                let file = try parsedFile(good)
                #expect(linter.findings(in: file) == [], "docs/rules.md:\(section.line): \(good)")
                linter.learn(from: file)
            }
        }
    }

    @Test func eachExampleDoesOnTheServerWhatThePageClaims() async throws {
        let page = try RulesPage()
        try await ThrowawayServer.shared().withDatabase { url in
            try await compare(page, page.sections.filter { !$0.isAboutCitus }, with: url)
        }
    }

    @Test(.enabled(if: CitusCluster.isAvailable, "\(CitusCluster.absence)"))
    func eachExampleDoesOnAClusterWhatThePageClaims() async throws {
        let page = try RulesPage()
        let sections = page.sections.filter(\.isAboutCitus)
        #expect(sections.count == LintRules.named("citus").count)
        try await CitusCluster.withDatabase { url in try await compare(page, sections, with: url) }
    }

    private func compare(_ page: RulesPage, _ sections: [RulesPage.Section], with url: String) async throws {
        try await withSession(ServerAddress(url), logger: quietLogger) { session in
            try session.execute("\(Session.databaseSearchPath); SET client_min_messages = error")
            for section in sections {
                let place = "docs/rules.md:\(section.line)"
                for bad in section.bad {
                    try Stage.prepare(session, page, section)
                    let seen = try Stage.run(bad, session, section.claim)
                    #expect(seen.isClaimed, "\(place): \(bad)\nsaw \(seen)")
                }
                try Stage.prepare(session, page, section)
                for good in section.good {
                    let seen = try Stage.run(good, session, section.claim)
                    #expect(seen.error == nil, "\(place): \(good)\n\(seen.error ?? "")")
                    let isMeant = section.claim.isMeant(by: good)
                    #expect(!seen.isClaimed || isMeant || section.claim == .none, "\(place): \(good)\nsaw \(seen)")
                }
            }
            try session.execute("DROP DATABASE IF EXISTS shop_2019")
        }
    }
}

/// Tests of the helpers.
@Suite struct RulesPageTests {
    @Test(arguments: [
        ("Lock: `SHARE` on `shop.orders`.", "COMMENT ON TABLE shop.orders IS 'x';"),
        ("Lock: `ACCESS EXCLUSIVE` on `shop.orders` while it is read.", "ALTER TABLE shop.orders ADD x int;"),
        ("Lock: `ACCESS EXCLUSIVE` on `shop.orders` while it is rewritten.", "ALTER TABLE shop.orders ADD x int;"),
        ("Lock: `ACCESS EXCLUSIVE` on `shop.orders` and `shop.items`.", "ALTER TABLE shop.orders ADD x int;"),
        ("Lock: `SHARE` on `shop.orders`.", "CREATE INDEX CONCURRENTLY x ON shop.orders (status);"),
        ("Error: `23502`.", "ALTER TABLE shop.orders ADD x int NOT NULL UNIQUE DEFAULT 1;"),
        ("Gone: `shop.orders.status`.", "ALTER TABLE shop.orders ADD x int;"),
        ("Gone: `shop.orders`.", "ALTER TABLE shop.orders ADD x int;"),
        ("Gone: `postgres`.", "ALTER TABLE shop.orders ADD x int;"),
        ("Empties: `shop.items`.", "ALTER TABLE shop.orders ADD x int;"),
        ("No claim.", "ALTER TABLE shop.orders ADD status int;"),
    ])
    func aPageThatLiesIsFound(claim: String, sql: String) async throws {
        let setup = "```sql setup\n\(try RulesPage().setup)\n```\n"
        let page = try RulesPage(text: "\(setup)\n### lie\n\n\(claim)\n\n```sql bad\n\(sql)\n```\n")
        let section = try #require(page.sections.first)
        #expect((section.claim == .none) == (claim == "No claim."))
        try await ThrowawayServer.shared().withDatabase { url in
            try await withSession(ServerAddress(url), logger: quietLogger) { session in
                try session.execute(Session.databaseSearchPath)
                try Stage.prepare(session, page, section)
                let seen = try Stage.run(sql, session, section.claim)
                #expect(!seen.isClaimed, "\(seen)")
            }
        }
    }

    @Test(arguments: ["Lock: `SHARE` on `a` while it sleeps.", "Lock: `SHARE` at `a`.", "Gone: `a`"])
    func aClaimThatIsNotUnderstoodIsAnError(claim: String) {
        #expect(throws: CommandFailure.self) { try RulesPage(text: "### x\n\n\(claim)\n") }
    }
}

extension RulesPage.Claim {
    /// A statement that names the emptied table empties it on purpose.
    fileprivate func isMeant(by sql: String) -> Bool {
        if case .empties(let table) = self { return sql.contains("TRUNCATE \(table)") }
        return false
    }
}

/// Runs an example like a migration, and observes the server.
private enum Stage {
    struct Seen: CustomStringConvertible {
        var error: String?
        var sqlState: String?
        var isClaimed = false
        var details = ""

        var description: String { "\(sqlState ?? "no error") \(details)" }
    }

    static func prepare(
        _ session: borrowing Session,
        _ page: RulesPage,
        _ section: RulesPage.Section
    ) throws {
        try session.execute("DROP SCHEMA IF EXISTS shop CASCADE")
        try session.execute("DROP SCHEMA IF EXISTS store CASCADE")
        try session.execute("DROP TABLE IF EXISTS coupons")
        try session.execute("CREATE EXTENSION IF NOT EXISTS plpgsql")
        if section.name == "ban-drop-database" { try session.execute("DROP DATABASE IF EXISTS shop_2019") }
        for setup in page.setups(of: section) { try session.execute(setup) }
    }

    static func run(
        _ sql: String,
        _ session: borrowing Session,
        _ claim: RulesPage.Claim
    ) throws -> Seen {
        let file = try parsedFile(sql)
        var seen = Seen()
        let isWrapped = TransactionState(of: file).isWrapped
        do {
            if isWrapped {
                try session.execute("BEGIN")
                // Outside of a transaction the counters may be reported and reset.
                let before = try state(session, claim)
                for statement in file.script.statements { try session.execute(statement.text) }
                (seen.isClaimed, seen.details) = try observe(session, claim, before)
                try session.execute("COMMIT")
            } else {
                for statement in file.script.statements { try session.execute(statement.text) }
                // A statement that cannot run in a transaction shows its lock only to sessions that wait for it. The
                // tests of effects cover these locks.
                if case .lock(let mode, let tables, _) = claim {
                    let locks = file.effects.locks
                    seen.isClaimed = tables.allSatisfy { table in
                        locks.contains { "\($0.key)" == table && $0.value.description == mode }
                    }
                }
            }
        } catch {
            seen.error = "\(error)"
            seen.sqlState = (error as? PostgresError)?.sqlState
        }
        // A transaction that is still open ends with the session.
        try session.execute("ROLLBACK")
        try session.execute("RESET lock_timeout; RESET statement_timeout")
        switch claim {
        case .error(let state): seen.isClaimed = seen.sqlState == state
        case .gone(let name): seen.isClaimed = try !exists(name, session)
        case .empties(let table):
            seen.isClaimed = try session.query("SELECT FROM \(table) LIMIT 1").count == 0
        case .none: seen.isClaimed = seen.error == nil
        case .lock: break
        }
        return seen
    }

    private struct State {
        var scans = 0
        var file = ""
    }

    private static func state(_ session: borrowing Session, _ claim: RulesPage.Claim) throws -> State {
        guard case .lock(_, let tables, _) = claim, let table = tables.first else { return State() }
        let rows = try session.query(
            """
            SELECT pg_stat_get_xact_numscans(to_regclass('\(table)')) AS scans, pg_relation_filenode(to_regclass('\(table)')) AS file
            """
        )
        return State(scans: Int(rows[0].text("scans")) ?? 0, file: rows[0].text("file"))
    }

    /// The locks of this session, and whether the table was read or rewritten since.
    private static func observe(
        _ session: borrowing Session,
        _ claim: RulesPage.Claim,
        _ before: State
    ) throws -> (Bool, String) {
        guard case .lock(let mode, let tables, let until) = claim else { return (false, "") }
        let after = try state(session, claim)
        let rows = try session.query(
            """
            SELECT relation::regclass::text AS name, mode FROM pg_locks
            WHERE pid = pg_backend_pid() AND locktype = 'relation' AND granted
            """
        )
        let held = rows.map { "\($0.text("mode")) on \($0.text("name"))" }
        let asked = LockMode.allCases.first { $0.description == mode }?.catalogName ?? ""
        let isHeld = tables.allSatisfy { held.contains("\(asked) on \($0)") }
        let isSo =
            switch until {
            case .always: true
            case .read: after.scans > before.scans
            case .rewritten: after.file != before.file
            }
        return (isHeld && isSo, "\(held), scans \(before.scans) → \(after.scans), file \(before.file) → \(after.file)")
    }

    private static func exists(_ name: String, _ session: borrowing Session) throws -> Bool {
        let parts = name.split(separator: ".")
        let question =
            switch parts.count {
            case 1: "SELECT FROM pg_database WHERE datname = '\(name)'"
            case 2: "SELECT WHERE to_regclass('\(name)') IS NOT NULL"
            default:
                """
                SELECT FROM pg_attribute WHERE attrelid = to_regclass('\(parts[0]).\(parts[1])') AND attname = '\(parts[2])'
                AND NOT attisdropped
                """
            }
        return try session.query(question).count > 0
    }
}
