import Archive
import Glibc
import TestSupport
import Testing

/// The promises for failures: no file with the final name, no partial database, and the next run succeeds.
@Suite struct FaultTests {
    @Test(arguments: [0.03, 0.08, 0.15, 0.25, 0.4, 0.7])
    func aKilledBackupLeavesNoFileUnderTheFinalName(seconds: Double) async throws {
        try await withShop { shop in
            let file = shop.file("b.zip")
            let killed = try await shop.granary(["backup", "--output", file, "--compress", "9"], killedAfter: seconds)
            if killed.status == 137 {
                #expect(!exists(file))
            } else {
                #expect(killed.status == 0)
            }
            unlink(file)
            let next = try await shop.granary(["backup", "--output", file])
            #expect(next.status == 0, "\(next)")
            try await #expect(shop.granary(["verify", file]).status == 0)
            #expect(!shop.scratch.names().contains { $0.hasSuffix(".partial") })
        }
    }

    @Test func aTerminatedBackupCancelsItsStatementsAndLeavesNothing() async throws {
        try await withShop { shop in
            let file = shop.file("b.zip")
            let script = """
                "$1" backup --database-url "$2" --output "$3" --compress 12 & backup=$!
                until [ -s "$3.partial" ]; do sleep 0.01; done
                kill -TERM $backup; wait $backup
                """
            let outcome = try await runCommand("sh", ["-c", script, "sh", try granaryBinary(), shop.url, file])
            #expect(outcome.status == 130, "\(outcome)")
            #expect(shop.scratch.names().isEmpty)
            try await eventually { try await psql(shop.url, Shop.ourSessions) == "0" }
        }
    }

    @Test func aFullDiskIsAClearErrorAndLeavesTheOldBackupAlone() async throws {
        try await withShop { shop in
            // A tmpfs of one megabyte in a separate mount namespace, which disappears by itself.
            let script = """
                mkdir -p "$1" && mount -t tmpfs -o size=1m tmpfs "$1" && echo old >"$1/old.zip" &&
                { "$2" backup --database-url "$3" --output "$1/new.zip"; echo "status $?"; ls -A "$1"; cat "$1/old.zip"; }
                """
            let user = getuid() == 0 ? [] : ["--user", "--map-root-user"]
            let outcome = try await runCommand(
                "unshare",
                user + ["--mount", "sh", "-c", script, "sh", shop.file("full"), try granaryBinary(), shop.url]
            )
            #expect(outcome.stdout == "status 1\nold.zip\nold\n", "\(outcome)")
            #expect(outcome.stderr.contains("No space left on device"))
            #expect(outcome.stderr.contains("hint: "))
        }
    }

    @Test func aBackupWhoseSessionsAreTerminatedFailsAndLeavesNothing() async throws {
        try await withShop { shop in
            let file = shop.file("b.zip")
            async let backup = shop.granary(["backup", "--output", file, "--compress", "12"])
            try await eventually {
                try await psql(shop.url, "SELECT count(pg_terminate_backend(pid)) > 0 FROM (\(Shop.ourWorkers)) w")
                    == "t"
            }
            let outcome = try await backup
            #expect(outcome.status == 1, "\(outcome)")
            #expect(outcome.stderr.contains("connection"))
            #expect(shop.scratch.names().isEmpty)
            try await #expect(shop.granary(["backup", "--output", file]).status == 0)
        }
    }

    @Test(arguments: [0.05, 0.15, 0.3, 0.5, 0.8, 1.2])
    func aKilledRestoreLeavesTheTargetAsItWasOrWhole(seconds: Double) async throws {
        try await withShop { shop in
            let file = shop.file("b.zip")
            try #require(try await shop.granary(["backup", "--output", file]).status == 0)
            let restored = try await psql(shop.url, Shop.digest)
            try await psql(shop.url, "DELETE FROM items WHERE id % 2 = 0")
            let before = try await psql(shop.url, Shop.digest)
            try await shop.granary(["restore", file], killedAfter: seconds)
            // Within a second the server notices that the client is gone.
            try await eventually { try await psql(shop.maintenance, shop.sessions) == "0" }
            let after = try await psql(shop.url, Shop.digest)
            #expect([before, restored].contains(after))
            let next = try await shop.granary(["restore", file, "--force", "--drop-old"])
            #expect(next.status == 0, "\(next)")
            try await #expect(psql(shop.url, Shop.digest) == restored)
            try await #expect(psql(shop.url, shop.leftovers) == "0")
        }
    }

    @Test func aRestoreWhoseSessionsAreTerminatedLeavesTheTargetAsItWas() async throws {
        try await withShop { shop in
            let file = shop.file("b.zip")
            try #require(try await shop.granary(["backup", "--output", file]).status == 0)
            try await psql(shop.url, "DELETE FROM items WHERE id > 10")
            let before = try await psql(shop.url, Shop.digest)
            async let restore = shop.granary(["restore", file])
            // From another database, because sessions connected to the target prevent the swap.
            try await psql(
                shop.maintenance,
                """
                DO $$ BEGIN
                    FOR i IN 1..6000 LOOP
                        PERFORM pg_stat_clear_snapshot();
                        PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'granary'
                            AND datname LIKE '\(shop.name)!_granary!_%' ESCAPE '!' AND query LIKE 'COPY%FROM STDIN%';
                        EXIT WHEN FOUND;
                        PERFORM pg_sleep(0.01);
                    END LOOP;
                END $$
                """
            )
            let outcome = try await restore
            #expect(outcome.status == 1, "\(outcome)")
            try await #expect(psql(shop.url, Shop.digest) == before)
            try await #expect(psql(shop.url, shop.leftovers) == "0")
        }
    }

    @Test func aDamagedArchiveIsRefusedAndTheTargetIsAsItWas() async throws {
        try await withShop { shop in
            let file = shop.file("b.zip")
            try #require(try await shop.granary(["backup", "--output", file]).status == 0)
            let before = try await psql(shop.url, Shop.digest)
            var bytes = shop.scratch.read("b.zip")
            bytes[bytes.count / 2] ^= 1
            _ = try shop.scratch.write(bytes, to: "bad.zip")
            for flags in [[], ["--in-place"]] {
                let outcome = try await shop.granary(["restore", shop.file("bad.zip")] + flags)
                #expect(outcome.status == 1, "\(outcome)")
                #expect(outcome.stderr.contains(".copy: "))
                try await #expect(psql(shop.url, Shop.digest) == before)
                try await #expect(psql(shop.url, shop.leftovers) == "0")
            }
            try await #expect(shop.granary(["verify", shop.file("bad.zip")]).status == 2)
        }
    }
}

/// A database that is large enough for a backup or restore to take some tenths of a second.
private struct Shop: Sendable {
    let url: String
    let name: String
    /// Another database of the same server, for sessions that must not be connected to the shop.
    let maintenance: String
    let scratch: ScratchFolder

    func file(_ name: String) -> String { scratch.file(name) }

    static let digest = "SELECT count(*), md5(string_agg(i::text, ',' ORDER BY id)) FROM items i"
    static let ourWorkers = """
        SELECT pid FROM pg_stat_activity WHERE application_name = 'granary' AND datname = current_database()
            AND query LIKE 'COPY%TO STDOUT%' AND state = 'active'
        """
    static let ourSessions = """
        SELECT count(*) FROM pg_stat_activity WHERE application_name IN ('granary', 'pg_dump')
            AND datname = current_database()
        """
    /// Granary's sessions in the target and in the databases of restores.
    var sessions: String {
        """
        SELECT count(*) FROM pg_stat_activity
        WHERE application_name = 'granary' AND (datname = '\(name)' OR datname LIKE '\(name)!_granary!_%' ESCAPE '!')
        """
    }
    /// Databases of restores that are neither the target nor kept.
    var leftovers: String { "SELECT count(*) FROM pg_database WHERE datname LIKE '\(name)!_granary!_%' ESCAPE '!'" }

    @discardableResult
    func granary(
        _ arguments: [String],
        killedAfter seconds: Double? = nil,
        signal: String = "KILL"
    ) async throws
        -> CommandOutcome
    {
        let command = [try granaryBinary()] + arguments + (arguments[0] == "verify" ? [] : ["--database-url", url])
        guard let seconds else { return try await runCommand(command[0], Array(command.dropFirst())) }
        return try await runCommand(
            "timeout",
            ["--preserve-status", "--foreground", "-s", signal, "\(seconds)"] + command
        )
    }
}

private func withShop(_ body: @Sendable (Shop) async throws -> Void) async throws {
    let server = try await ThrowawayServer.shared()
    try await server.withDatabase { url in
        try await psql(
            url,
            """
            CREATE TABLE items AS SELECT id, md5(id::text) AS a, repeat(md5((id + 1)::text), 4) AS b
                FROM generate_series(1, 150000) id;
            ALTER TABLE items ADD PRIMARY KEY (id);
            """
        )
        // Granary does not write to a database without a marker.
        let marked = try await runCommand(granaryBinary(), ["env", "mark", "development", "--database-url", url])
        try #require(marked.status == 0, "\(marked)")
        let name = try await psql(url, "SELECT current_database()")
        let maintenance = server.url(database: "postgres")
        try await ScratchFolder.with {
            try await body(Shop(url: url, name: name, maintenance: maintenance, scratch: $0))
        }
        try await dropLeftovers(of: name, server)
    }
}

/// A restore keeps the old database. The tests drop it.
private func dropLeftovers(of name: String, _ server: ThrowawayServer) async throws {
    let maintenance = server.url(database: "postgres")
    let names = try await psql(
        maintenance,
        "SELECT quote_ident(datname) FROM pg_database WHERE datname LIKE '\(name)!_%' ESCAPE '!'"
    )
    for kept in names.split(separator: "\n") { try await psql(maintenance, "DROP DATABASE \(kept) WITH (FORCE)") }
}

private func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
