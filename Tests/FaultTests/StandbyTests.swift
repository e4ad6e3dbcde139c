import TestSupport
import Testing

/// Backups of a hot standby. Each shows one moment, or reports why it could not.
@Suite(.serialized) struct StandbyTests {
    @Test func aBackupOfAStandbyHasTheBooksRightAndNamesUnloggedTables() async throws {
        try await withStandby(["hot_standby_feedback": "on"]) { primary, standby in
            try await psql(primary.url(database: "bank"), "CREATE UNLOGGED TABLE bank.fleeting AS SELECT 1 AS n")
            try await psql(
                primary.url(database: "bank"),
                "CREATE UNLOGGED TABLE bank.numbered (a serial, b integer GENERATED ALWAYS AS IDENTITY); INSERT INTO bank.numbered DEFAULT VALUES"
            )
            try await caughtUp(primary, standby)
            let bank = Bank(server: primary, url: primary.url(database: "bank"))
            try await bank.open(seconds: 600, changing: false) {
                try await ScratchFolder.with { scratch in
                    let file = scratch.file("b.zip")
                    let made = try await granary(
                        ["backup", "--output", file, "--jobs", "3"],
                        standby.url(database: "bank")
                    )
                    try #require(made.status == 0, "\(made)")
                    #expect(
                        made.stderr.contains(
                            "the rows of the unlogged table bank.fleeting cannot be read on a standby"
                        ),
                        "\(made)"
                    )
                    let restored = try await granary(
                        ["restore", file, "--into", "restored"],
                        primary.url(database: "bank")
                    )
                    try #require(restored.status == 0, "\(restored)")
                    let url = primary.url(database: "restored")
                    try await #expect(psql(url, Bank.books) == Bank.rightBooks)
                    try await #expect(psql(url, "SELECT count(*) FROM bank.fleeting") == "0")
                    for sequence in ["bank.numbered_a_seq", "bank.numbered_b_seq"] {
                        #expect(
                            made.stderr.contains(
                                "the value of the unlogged sequence \(sequence) cannot be read on a standby"
                            ),
                            "\(made)"
                        )
                    }
                    try await #expect(psql(url, "INSERT INTO bank.numbered DEFAULT VALUES RETURNING a, b") == "1|1")
                    let plain = try await granary(
                        ["backup", "--output", scratch.file("b.sql")],
                        standby.url(database: "bank")
                    )
                    #expect(plain.status == 0, "\(plain)")
                }
            }
        }
    }

    /// The primary removes rows that the backup still needs, or locks a table that it reads. The standby does not wait
    /// for the backup.
    @Test func aQueryCancelledByAStandbyIsReportedWithAHint() async throws {
        try await withStandby(["max_standby_streaming_delay": "0", "hot_standby_feedback": "off"]) { primary, standby in
            let (there, here) = (primary.url(database: "bank"), standby.url(database: "bank"))
            try await psql(
                there,
                "CREATE TABLE bank.large AS SELECT i, repeat(md5(i::text), 20) AS text FROM generate_series(1, 60000) i;"
                    + " VACUUM bank.large"
            )
            // Both changes are quick, so that they come before the end of the backup on a busy machine, too.
            for change in [
                "UPDATE bank.large SET text = text WHERE i <= 100; VACUUM bank.large", "TRUNCATE bank.large",
            ] {
                try await caughtUp(primary, standby)
                try await ScratchFolder.with { scratch in
                    let file = scratch.file("b.zip")
                    // Level 12 is slow, so that the backup can be disturbed.
                    async let backup = granary(["backup", "--output", file, "--compress", "12"], here)
                    try await eventually { try await psql(here, Self.isReading) == "t" }
                    try await psql(there, change)
                    let outcome = try await backup
                    #expect(outcome.status == 1, "\(change): \(outcome)")
                    #expect(
                        outcome.stderr.contains("the standby ended a session of the backup"),
                        "\(change): \(outcome)"
                    )
                    #expect(outcome.stderr.contains("hint: on the standby set hot_standby_feedback = on"), "\(outcome)")
                    #expect(scratch.names().isEmpty)
                    try await caughtUp(primary, standby)
                    let next = try await granary(["backup", "--output", file], here)
                    #expect(next.status == 0, "\(next)")
                }
            }
        }
    }

    private static let isReading = """
        SELECT count(*) > 0 FROM pg_stat_activity WHERE query LIKE 'COPY%TO STDOUT%' AND pid <> pg_backend_pid()
        """

    /// Waits until the standby has applied all changes of the primary.
    private func caughtUp(_ primary: ThrowawayServer, _ standby: ThrowawayServer) async throws {
        let position = try await psql(primary.url(database: "bank"), "SELECT pg_current_wal_lsn()")
        try await eventually {
            try await psql(standby.url(database: "postgres"), "SELECT pg_last_wal_replay_lsn() >= '\(position)'") == "t"
        }
    }

    /// Provides a primary with a bank, and a standby of it.
    private func withStandby(
        _ options: [String: String],
        _ body: (_ primary: ThrowawayServer, _ standby: ThrowawayServer) async throws -> Void
    ) async throws {
        let primary = try await ThrowawayServer.start(options: ["autovacuum": "off"])
        try await primary.execute("CREATE DATABASE bank")
        try await psql(primary.url(database: "bank"), Bank.schema)
        let standby = try await primary.startStandby(options: options)
        do {
            try await body(primary, standby)
        } catch {
            Issue.record("\(error)")
        }
        try await standby.stop()
        try await primary.stop()
    }
}
