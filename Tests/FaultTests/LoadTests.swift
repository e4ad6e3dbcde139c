import Glibc
import TestSupport
import Testing

/// Backups of a busy database. Each must show one moment.
@Suite(.serialized) struct LoadTests {
    /// The number of backups. `make test-faults` makes more.
    private static let rounds =
        getenv("GRANARY_FAULT_RUNS").flatMap { Int(String(cString: $0)) }.map { max(4, $0 / 20) } ?? 4

    @Test func everyBackupOfABusyDatabaseRestoresWithTheBooksRight() async throws {
        let server = try await ThrowawayServer.start()
        try await server.withDatabase("bank") { url in
            try await psql(url, Bank.schema)
            let bank = Bank(server: server, url: url)
            var transfers: [Int] = []
            try await bank.open(seconds: 3600, changing: true) {
                while try await psql(url, "SELECT count(*) FROM bank.transfers") == "0" {
                    try await Task.sleep(for: .milliseconds(50))
                }
                try await ScratchFolder.with { scratch in
                    for round in 0..<Self.rounds {
                        let file = scratch.file(round % 4 == 3 ? "b.sql.gz" : "b.zip")
                        let options = round % 4 == 2 ? ["--schema", "bank"] : []
                        // Other tests make everything slow while the tables change, so more attempts are needed.
                        let manner = ["--output", file, "--jobs", "3", "--lock-timeout", "8min"]
                        let made = try await granary(["backup"] + manner + options, url)
                        try #require(made.status == 0, "backup \(round): \(made)")
                        transfers.append(try await restored(file, server))
                        unlink(file)
                    }
                }
            }
            try await #expect(psql(url, Bank.books) == Bank.rightBooks)
            // Money was transferred before each backup and between them.
            #expect(transfers.count == Self.rounds && transfers[0] > 0)
            #expect(zip(transfers, transfers.dropFirst()).allSatisfy { $0 < $1 }, "\(transfers)")
        }
        try await server.stop()
    }

    /// Restores into a new database, checks its books, and returns its number of transfers.
    private func restored(_ file: String, _ server: ThrowawayServer) async throws -> Int {
        let url = server.url(database: "restored")
        let outcome = try await granary(["restore", file, "--into", "restored"], server.url(database: "bank"))
        try #require(outcome.status == 0, "\(outcome)")
        try await #expect(psql(url, Bank.books) == Bank.rightBooks)
        let transfers = try await psql(url, "SELECT count(*) FROM bank.transfers")
        try await server.execute("DROP DATABASE restored")
        return Int(transfers) ?? 0
    }
}

func granary(_ arguments: [String], _ url: String) async throws -> CommandOutcome {
    try await runCommand(granaryBinary(), arguments + ["--database-url", url])
}
