import Synchronization
import TestSupport

/// A database in which money is transferred all the time but its sum stays constant, while its tables are altered.
struct Bank: Sendable {
    let server: ThrowawayServer
    let url: String

    static let accounts = 200

    /// Four tables. One is partitioned, and a column of another one is altered during transfers.
    static let schema = """
        CREATE SCHEMA bank;
        CREATE TABLE bank.checking (id int PRIMARY KEY, balance bigint NOT NULL, moves bigint NOT NULL DEFAULT 0);
        CREATE TABLE bank.savings (id int PRIMARY KEY, balance bigint NOT NULL, moves bigint NOT NULL DEFAULT 0)
            PARTITION BY RANGE (id);
        CREATE TABLE bank.savings_low PARTITION OF bank.savings FOR VALUES FROM (MINVALUE) TO (100);
        CREATE TABLE bank.savings_high PARTITION OF bank.savings FOR VALUES FROM (100) TO (MAXVALUE);
        CREATE TABLE bank.transfers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, amount int NOT NULL, account int NOT NULL
            REFERENCES bank.checking);
        INSERT INTO bank.checking SELECT i, 1000 FROM generate_series(1, \(accounts)) i;
        INSERT INTO bank.savings SELECT i, 1000 FROM generate_series(1, \(accounts)) i;
        """

    /// Money moves from one table to another, a third table records it, and both count it.
    static let transfer = """
        \\set a random(1, \(accounts))
        \\set b random(1, \(accounts))
        \\set amount random(-50, 50)
        BEGIN;
        UPDATE bank.checking SET balance = balance - :amount, moves = moves + 1 WHERE id = :a;
        UPDATE bank.savings SET balance = balance + :amount, moves = moves + 1 WHERE id = :b;
        INSERT INTO bank.transfers (amount, account) VALUES (:amount, :a);
        COMMIT;
        """

    /// The sum of all money, and whether every transfer was counted twice and recorded once with the right amount.
    static let books = """
        SELECT (SELECT sum(balance) FROM bank.checking) + (SELECT sum(balance) FROM bank.savings),
            (SELECT sum(moves) FROM bank.checking) = (SELECT count(*) FROM bank.transfers),
            (SELECT sum(moves) FROM bank.savings) = (SELECT count(*) FROM bank.transfers),
            (SELECT coalesce(sum(amount), 0) FROM bank.transfers)
                = (SELECT sum(balance) - \(accounts * 1000) FROM bank.savings)
        """
    static let rightBooks = "\(accounts * 2000)|t|t|t"

    /// Changes of tables in and outside of the bank during the transfers. The lines are run one by one, in this order,
    /// again and again.
    static let changes = [
        """
        CREATE TABLE bank.visitors (id serial PRIMARY KEY, name text, seen timestamptz DEFAULT now());
        CREATE INDEX visitors_name ON bank.visitors (name);
        CREATE VIEW bank.names AS SELECT id FROM bank.visitors;
        CREATE FUNCTION bank.visits() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM bank.visitors';
        CREATE TYPE bank.mood AS ENUM ('fair', 'foul');
        """,
        "INSERT INTO bank.visitors (name) SELECT 'visitor ' || i FROM generate_series(1, 500) i",
        "ALTER TABLE bank.checking ADD COLUMN note text DEFAULT 'none'",
        "ALTER TABLE bank.visitors ADD COLUMN mood bank.mood DEFAULT 'fair'",
        "VACUUM FULL bank.checking", "VACUUM FULL bank.savings_low",
        "ALTER TABLE bank.visitors ALTER COLUMN name TYPE varchar(80) USING name || '!'",
        "CREATE MATERIALIZED VIEW bank.summed AS SELECT count(*) FROM bank.transfers",
        "TRUNCATE bank.visitors", "ALTER TABLE bank.checking DROP COLUMN note",
        "CLUSTER bank.savings_high USING savings_high_pkey",
        "DROP MATERIALIZED VIEW bank.summed",
        "DROP FUNCTION bank.visits; DROP VIEW bank.names; DROP TABLE bank.visitors; DROP TYPE bank.mood;",
    ]

    /// Makes transfers while `body` runs.
    ///
    /// - Parameter seconds: The maximum duration.
    func open(seconds: Int, changing: Bool, while body: () async throws -> Void) async throws {
        try await ScratchFolder.with { scratch in
            let script = try scratch.write(Self.transfer, to: "transfer.sql")
            let words = ["-n", "-c", "4", "-j", "1", "-T", "\(seconds)", "-f", script, url]
            let isOver = Atomic<Bool>(false)
            let pgbench = Task {
                try await runCommand(server.program("pgbench"), words, timeout: .seconds(seconds + 60))
            }
            let changes = Task {
                while changing, !isOver.load(ordering: .acquiring) {
                    for change in Self.changes where !isOver.load(ordering: .acquiring) {
                        let start = ContinuousClock.now
                        try await psql(url, change)
                        // A backup fits between changes on a slow machine, too.
                        try await Task.sleep(for: max(.milliseconds(100), .now - start) * Int.random(in: 1...4))
                    }
                }
            }
            do {
                try await body()
            } catch {
                isOver.store(true, ordering: .releasing)
                pgbench.cancel()
                throw error
            }
            isOver.store(true, ordering: .releasing)
            try await changes.value
            try await psql(
                url,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pgbench'"
            )
            _ = try await pgbench.value
        }
    }
}
