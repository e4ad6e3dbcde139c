import Glibc
import PostgresClient
import TestSupport
import Testing

/// Kills the runner at every point of a run. Afterwards ledger and catalog must agree, or `status` must name the one
/// statement whose effect is unknown, and the next run must succeed.
@Suite struct MigrationFaultTests {
    enum Mode: String, CaseIterable, Sendable { case wrapped, unwrapped, ownTransaction }
    enum Way: String, CaseIterable, Sendable { case up, down }
    enum Fate: String, CaseIterable, Sendable { case killed, terminated, stopped }

    /// The position of the runner when it is killed.
    enum Point: Sendable, CaseIterable {
        case beforeTheFirst, afterTheFirst, afterTheSecond, afterTheLast, atTheLedger, atTheLog

        /// The statement with which another session makes the runner wait there.
        var gate: String {
            switch self {
            case .atTheLedger: "LOCK TABLE granary.migrations IN SHARE MODE"
            case .atTheLog: "LOCK TABLE granary.migration_log IN SHARE MODE"
            default: "SELECT pg_advisory_xact_lock(77)"
            }
        }

        var index: Int? {
            switch self {
            case .beforeTheFirst: 0
            case .afterTheFirst: 1
            case .afterTheSecond: 2
            case .afterTheLast: 3
            default: nil
            }
        }
    }

    static func text(_ statements: [String], _ mode: Mode, _ point: Point?) -> String {
        var statements = statements
        if let index = point?.index { statements.insert("SELECT pg_advisory_xact_lock(77)", at: index) }
        let text = statements.map { $0 + ";\n" }.joined()
        return switch mode {
        case .wrapped: text
        case .unwrapped: "-- no-transaction\n" + text
        case .ownTransaction: "BEGIN;\n" + text + "COMMIT;\n"
        }
    }

    static let up = [
        "CREATE TABLE shop.b (id int)", "INSERT INTO shop.b VALUES (1)", "ALTER TABLE shop.a ADD note text",
    ]
    static let down = ["ALTER TABLE shop.a DROP note", "UPDATE shop.a SET id = id + 1", "DROP TABLE shop.b"]

    /// The number of the three statements that have taken effect.
    static func effects(_ way: Way, _ shop: MigratedShop) async throws -> Int {
        switch way {
        case .up:
            if try await shop.sql("SELECT to_regclass('shop.b') IS NULL") == "t" { return 0 }
            let rows = Int(try await shop.sql("SELECT count(*) FROM shop.b")) ?? 0
            return 1 + rows + (try await shop.sql(hasNote) == "t" ? 1 : 0)
        case .down:
            let id = Int(try await shop.sql("SELECT id FROM shop.a")) ?? 0
            let isGone = try await shop.sql("SELECT to_regclass('shop.b') IS NULL") == "t"
            return (try await shop.sql(hasNote) == "t" ? 0 : 1) + id + (isGone ? 1 : 0)
        }
    }

    static let hasNote =
        "SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'shop.a'::regclass AND attname = 'note' AND NOT attisdropped)"

    @Test(arguments: Mode.allCases, Way.allCases)
    func aKilledRunnerLeavesLedgerAndCatalogConsistentAndTheNextRunSucceeds(mode: Mode, way: Way) async throws {
        // Combines each point with another fate, and each fate with two points. The modes and ways start at different ones.
        let shift = Mode.allCases.firstIndex(of: mode)! + (way == .up ? 0 : 1)
        for (number, point) in sampled(Array(Point.allCases.enumerated()), every: 2, round: shift) {
            let fate = Fate.allCases[(number + shift) % 3]
            try await withShop { shop in
                let place = "\(mode) \(way) \(fate) \(point)"
                try shop.write(Self.text(Self.up, mode, way == .up ? point : nil), to: "2_b.up.sql")
                try shop.write(Self.text(Self.down, mode, way == .down ? point : nil), to: "2_b.down.sql")
                try await shop.expectSuccess(["up", "1"])
                if way == .down { try await shop.expectSuccess(["up"]) }
                try await shop.strike(fate, [way.rawValue], while: point.gate)

                let effects = try await Self.effects(way, shop)
                let isRecorded =
                    try await shop.sql("SELECT count(*) FROM granary.migrations WHERE version = 2") == "1"
                let state = try await shop.granary(["status", "--json"]).stdout
                let done = state.firstMatch(of: #/"statements_done": ?(\d+)/#).flatMap { Int($0.1) }
                #expect(isRecorded == (way == .down), "\(place)")
                if let done {
                    // The gate is also a statement.
                    let gates = point.index.map { done > $0 ? 1 : 0 } ?? 0
                    #expect(mode == .unwrapped, "\(place): \(state)")
                    #expect(done - gates == effects, "\(place): \(state)")
                    #expect(state.contains("in_doubt"), "\(place): \(state)")
                    let blocked = try await shop.granary([way.rawValue])
                    #expect(
                        blocked.status != 0 && blocked.stderr.contains("granary migrate repair"),
                        "\(place): \(blocked)"
                    )
                    try await shop.expectSuccess(["repair"])
                    if way == .up { try await shop.expectSuccess(["up"]) }
                } else {
                    #expect(effects == 0, "\(place): \(state)")
                    try await shop.expectSuccess([way.rawValue])
                }
                try await #expect(Self.effects(way, shop) == 3, "\(place)")
                try await #expect(
                    shop.sql("SELECT count(*) FROM granary.migrations WHERE version = 2")
                        == (way == .up ? "1" : "0"),
                    "\(place)"
                )
                try await #expect(shop.granary(["status", "--check"]).status == (way == .up ? 0 : 2), "\(place)")
            }
        }
    }

    @Test(arguments: Fate.allCases)
    func anIndexHalfBuiltIsNamedDroppedAndBuiltAgain(fate: Fate) async throws {
        try await withShop { shop in
            try shop.write(
                "CREATE INDEX CONCURRENTLY one ON shop.a (id);\nCREATE INDEX CONCURRENTLY two ON shop.a (id);",
                to: "2_b.up.sql"
            )
            try await shop.expectSuccess(["up", "1"])
            // The first index exists. The second is in the catalog and waits for the transaction of the gate.
            try await shop.sql("CREATE INDEX one ON shop.a (id)")
            try shop.write(
                "CREATE INDEX CONCURRENTLY IF NOT EXISTS one ON shop.a (id);\nCREATE INDEX CONCURRENTLY two ON shop.a (id);",
                to: "2_b.up.sql"
            )
            try await shop.strike(fate, ["up"], while: "LOCK TABLE shop.a IN ROW EXCLUSIVE MODE")
            try await #expect(shop.sql(Self.indexes) == "one t, two f")
            let status = try await shop.granary(["status"])
            #expect(
                status.stdout.contains(
                    "1 of 2 statements are done, statement 2, line 2, CREATE INDEX CONCURRENTLY two ON shop.a (id): "
                        + "the index shop.two is there and INVALID"
                ),
                "\(status)"
            )
            try await #expect(shop.granary(["up"]).status == 3)
            let repaired = try await shop.granary(["repair"])
            #expect(repaired.status == 0, "\(repaired)")
            #expect(repaired.stdout.contains("the INVALID index shop.two was dropped"), "\(repaired)")
            try await #expect(shop.sql(Self.indexes) == "one t, two t")
            try await #expect(shop.granary(["status", "--check"]).status == 0)
        }
    }

    static let indexes = """
        SELECT string_agg(c.relname || ' ' || left(i.indisvalid::text, 1), ', ' ORDER BY c.relname)
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = 'shop.a'::regclass
        """

    @Test func theDoctorNamesAMigrationOfWhichAPartIsThere() async throws {
        try await withShop { shop in
            try shop.write("-- no-transaction\nCREATE TABLE shop.x (id int);\nSELECT nothing;", to: "2_b.up.sql")
            try await #expect(shop.granary(["up"]).status == 1)
            let doctor = try await runCommand(
                granaryBinary(),
                ["doctor", "--database-url", shop.url],
                workingDirectory: shop.scratch.path
            )
            #expect(doctor.status == 2, "\(doctor)")
            #expect(doctor.stdout.contains("1 of 2 statements of its up file are in effect"), "\(doctor)")
        }
    }

    /// If the runner is killed between a statement and its log entry, the index is not built again.
    @Test func anIndexThatWasFinishedIsNotBuiltAgain() async throws {
        try await withShop { shop in
            try shop.write("CREATE INDEX CONCURRENTLY one ON shop.a (id);", to: "2_b.up.sql")
            try await shop.expectSuccess(["up", "1"])
            try await shop.strike(.killed, ["up"], while: "LOCK TABLE shop.a IN ROW EXCLUSIVE MODE")
            try await shop.sql("DROP INDEX shop.one; CREATE INDEX one ON shop.a (id)")
            let before = try await shop.sql("SELECT 'shop.one'::regclass::oid")
            let status = try await shop.granary(["status"])
            #expect(status.stdout.contains("the index shop.one is there"), "\(status)")
            #expect(!status.stdout.contains("INVALID"))
            try await shop.expectSuccess(["repair"])
            try await #expect(shop.sql("SELECT 'shop.one'::regclass::oid") == before)
            try await #expect(shop.granary(["status", "--check"]).status == 0)
        }
    }
}

/// A database, a folder of migrations, and the command for both.
struct MigratedShop: Sendable {
    let url: String
    let scratch: ScratchFolder

    func write(_ text: String, to name: String) throws { try scratch.write(text, to: "migrations/\(name)") }

    @discardableResult
    func sql(_ text: String) async throws -> String { try await psql(url, text) }

    private func command(_ arguments: [String]) throws -> [String] {
        [try granaryBinary(), "migrate"] + arguments + [
            "--database-url", url, "--env", "development", "--service", "shop", "--migrations",
            scratch.file("migrations"),
        ]
    }

    func granary(_ arguments: [String]) async throws -> CommandOutcome {
        let command = try command(arguments)
        return try await runCommand(command[0], Array(command.dropFirst()), workingDirectory: scratch.path)
    }

    func expectSuccess(_ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let outcome = try await granary(arguments)
        #expect(outcome.status == 0, "\(arguments): \(outcome)", sourceLocation: sourceLocation)
    }

    /// Starts a run, waits until it is blocked by the gate of another session, and kills it.
    func strike(_ fate: MigrationFaultTests.Fate, _ arguments: [String], while gate: String) async throws {
        let script = "\"$@\" & echo $! >pid; wait $!"
        let command = try ["-c", script, "sh"] + command(arguments + ["--lock-timeout", "60s"])
        try await withHeldSession(
            ServerAddress(url),
            logger: quietLogger,
            prepare: { session in
                try session.execute("\(Session.databaseSearchPath); SET application_name = 'gate'; BEGIN")
                try session.execute(gate)
            },
            while: { _ in
                async let run = runCommand("sh", command, workingDirectory: scratch.path)
                try await eventually { try await sql("SELECT count(*) FROM (\(Self.waiting)) w") == "1" }
                switch fate {
                case .killed: try send(SIGKILL)
                case .stopped: try send(SIGTERM)
                case .terminated: try await sql("SELECT pg_terminate_backend(pid) FROM (\(Self.waiting)) w")
                }
                let outcome = try await run
                let expected: Int32 = fate == .killed ? 137 : fate == .stopped ? 130 : 1
                #expect(outcome.status == expected, "\(fate): \(outcome)")
                // The gate is still closed: the server must end the session of a client that is gone.
                try await eventually { try await sql("SELECT count(*) FROM (\(Self.waiting)) w") == "0" }
            }
        )
    }

    private func send(_ signal: Int32) throws {
        let process = String(decoding: scratch.read("pid"), as: UTF8.self).split(separator: "\n").first ?? ""
        kill(try #require(pid_t(process)), signal)
    }

    private static let waiting = """
        SELECT pid FROM pg_stat_activity WHERE application_name = 'granary' AND wait_event_type = 'Lock'
            AND datname = current_database()
        """
}

private func withShop(_ body: @Sendable (MigratedShop) async throws -> Void) async throws {
    try await ThrowawayServer.shared().withDatabase { url in
        try await ScratchFolder.with { scratch in
            let shop = MigratedShop(url: url, scratch: scratch)
            try shop.write(
                "CREATE SCHEMA shop; CREATE TABLE shop.a (id int); INSERT INTO shop.a VALUES (0);",
                to: "1_a.up.sql"
            )
            try await body(shop)
        }
    }
}
