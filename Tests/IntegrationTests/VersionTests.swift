import Glibc
import Synchronization
import TestSupport
import Testing

/// A backup of each server can be restored to each server that is not older, and to no other.
///
/// `GRANARY_TEST_SERVERS` lists the program folders of the servers, the oldest first, separated by colons. Without it,
/// only the installed server is tested.
@Suite(.serialized) struct VersionTests {
    @Test(arguments: VersionPair.all)
    func aBackupIsRestoredIntoServersThatAreNotOlder(_ pair: VersionPair) async throws {
        let (source, target) = (try await Servers.server(pair.source), try await Servers.server(pair.target))
        try await ScratchFolder.with { folder in
            let elsewhere = try await Torture.extensionsMissing(target.url(database: "postgres"))
            try await source.withDatabase { url in
                // Marked first, because the event triggers of the database record later objects.
                try await mark(url, source, in: folder)
                try await Torture.fill(url, without: elsewhere)
                try await psql(url, Torture.features(upTo: source.major))
                for name in ["a.zip", "a.sql.gz"] {
                    let made = try await granary(
                        ["backup", "--with-secrets", "--output", name],
                        url,
                        source,
                        in: folder
                    )
                    #expect(made.status == 0, "\(made)")
                }
                let verified = try await granary(["verify", "a.zip"], nil, source, in: folder)
                #expect(verified.status == 0, "\(verified)")
                guard pair.source <= pair.target else { return try await expectRefusal(target, in: folder) }

                var expected = try await portrait(url)
                expected.dump = try await dumpOnceRestored(url, source, target)
                let ways = ["a.zip --drop-old", "a.sql.gz --drop-old", "a.zip --in-place"]
                for way in ways {
                    try await target.withDatabase { copy in
                        try await psql(copy, "CREATE SCHEMA keys; CREATE TABLE keys.in_the_way ()")
                        try await mark(copy, target, in: folder)
                        let words = ["restore"] + way.split(separator: " ").map(String.init)
                        let restored = try await granary(words, copy, target, in: folder)
                        #expect(restored.status == 0, "\(way) \(restored)")
                        let difference = try await portrait(copy).differences(from: expected)
                        #expect(difference.isEmpty, "\(way):\n\(difference)")
                    }
                }
            }
        }
    }

    /// A newer server prints the same views and constraints in another form. So the expected text is that of the
    /// original after pg_dump and psql have copied it there.
    private func dumpOnceRestored(
        _ url: String,
        _ source: ThrowawayServer,
        _ target: ThrowawayServer
    ) async throws -> String {
        let dumped = try await runCommand("\(source.programs)/pg_dump", ["-d", url])
        try #require(dumped.status == 0, "\(dumped.stderr)")
        return try await target.withDatabase { reference in
            try await psql(reference, dumped.stdout)
            return try await portrait(reference).dump
        }
    }

    private func mark(_ url: String, _ server: ThrowawayServer, in folder: ScratchFolder) async throws {
        let marked = try await granary(["env", "mark", "development"], url, server, in: folder)
        #expect(marked.status == 0, "\(marked)")
    }

    private func expectRefusal(_ target: ThrowawayServer, in folder: ScratchFolder) async throws {
        let refused = try await granary(
            ["restore", "a.zip", "--into", "never"],
            target.url(database: "postgres"),
            target,
            in: folder
        )
        #expect(refused.status == 1, "\(refused)")
        #expect(refused.stderr.contains("nothing was changed, because the backup is of PostgreSQL"), "\(refused)")
        #expect(refused.stderr.contains("and this server is \(target.major)"), "\(refused)")
    }

    /// Made with the programs of the newest server, because each version writes SQL in another form. Omits the server
    /// version and granary's own tables, which differ for each database.
    private func portrait(_ url: String) async throws -> DatabasePortrait {
        try await psql(url, "DROP SCHEMA IF EXISTS granary CASCADE")
        let newest = try await Servers.server(VersionPair.folders.count - 1)
        var portrait = try await DatabasePortrait.of(url, pgDump: newest.programs + "/pg_dump")
        portrait.dump = portrait.dump.split(separator: "\n", omittingEmptySubsequences: false)
            .filter { !$0.hasPrefix("-- Dumped from database version ") }.joined(separator: "\n")
        return portrait
    }

    /// Runs the command as on a machine with the programs of this server.
    private func granary(
        _ arguments: [String],
        _ url: String?,
        _ server: ThrowawayServer,
        in folder: ScratchFolder
    ) async throws -> CommandOutcome {
        try await runCommand(
            granaryBinary(),
            arguments + (url.map { ["--database-url", $0] } ?? []),
            environment: ["PATH": "\(server.programs):\(getenv("PATH").map { String(cString: $0) } ?? "")"],
            workingDirectory: folder.path
        )
    }
}

/// Two of the servers, by their index in the list.
struct VersionPair: Sendable, CustomTestStringConvertible {
    let source: Int
    let target: Int

    /// nil means the installed server.
    static let folders: [String?] = {
        let text = getenv("GRANARY_TEST_SERVERS").map { String(cString: $0) } ?? ""
        let folders = text.split(separator: ":").map(String.init)
        return folders.isEmpty ? [nil] : folders
    }()

    static let all = folders.indices.flatMap { source in
        folders.indices.map { VersionPair(source: source, target: $0) }
    }

    var testDescription: String { "\(VersionPair.title(source)) into \(VersionPair.title(target))" }

    private static func title(_ place: Int) -> String { folders[place] ?? "the installed one" }
}

/// Servers for the whole test process, with the roles of the test database.
private enum Servers {
    private static let started = Mutex<[Int: Task<ThrowawayServer, any Error>]>([:])

    static func server(_ place: Int) async throws -> ThrowawayServer {
        let task = started.withLock { started in
            if let task = started[place] { return task }
            let task = Task {
                guard let folder = VersionPair.folders[place] else { return try await Torture.sharedServer() }
                let server = try await ThrowawayServer.start(postgresBin: folder)
                try await Torture.makeRoles(server)
                return server
            }
            started[place] = task
            return task
        }
        return try await task.value
    }
}
