import Glibc
import TestSupport
import Testing

/// Backups of a database that is busy: each of them is of one moment.
@Suite(.serialized) struct LoadTests {
    /// So many backups; `make test-faults` takes more.
    private static let rounds =
        getenv("GRANARY_FAULT_RUNS").flatMap { Int(String(cString: $0)) }.map { max(4, $0 / 20) } ?? 4

    @Test func everyBackupOfABusyDatabaseRestoresWithTheBooksRight() async throws {
        let server = try await ThrowawayServer.start()
        try await server.withDatabase("bank") { url in
            try await psql(url, Bank.schema)
            let bank = Bank(server: server, url: url)
            var transfers: [Int] = []
            try await bank.open(seconds: 3600, changing: true) {
                try await ScratchFolder.with { scratch in
                    for round in 0..<Self.rounds {
                        let file = scratch.file(round % 4 == 3 ? "b.sql.gz" : "b.zip")
                        let options = round % 4 == 2 ? ["--schema", "bank"] : []
                        // Beside other tests everything is slow, and the tables change meanwhile: more attempts.
                        let manner = ["--output", file, "--jobs", "3", "--lock-timeout", "8min"]
                        let made = try await granary(["backup"] + manner + options, url)
                        try #require(made.status == 0, "backup \(round): \(made)")
                        transfers.append(try await restored(file, server))
                        unlink(file)
                    }
                }
            }
            try await #expect(psql(url, Bank.books) == Bank.rightBooks)
            // Money moved, and between each two backups too.
            #expect(transfers.count == Self.rounds && transfers[0] > 0)
            #expect(zip(transfers, transfers.dropFirst()).allSatisfy { $0 < $1 }, "\(transfers)")
        }
        try await server.stop()
    }

    /// Restores into a database of its own, looks at its books, and returns how many transfers it has.
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
