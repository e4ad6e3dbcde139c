import Archive
import Backup
import PostgresClient
import Restore
import TestSupport
import Testing

/// Large tables are read and loaded in parts.
@Suite(.serialized)
struct SplittingTests {
    private static let schema = """
        CREATE TABLE big (id integer, v text, d numeric);
        INSERT INTO big SELECT n, CASE n % 7 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN E'a\\tb\\nc\\\\' ELSE md5(n::text) END, n / 7.0
            FROM generate_series(1, 30000) n;
        DELETE FROM big WHERE id % 5 = 0;
        CREATE TABLE toasted (id integer PRIMARY KEY, v text);
        ALTER TABLE toasted ALTER COLUMN v SET STORAGE EXTERNAL;
        INSERT INTO toasted SELECT n, repeat(md5(n::text), 300 + n % 50) FROM generate_series(1, 400) n;
        CREATE TABLE narrow ();
        INSERT INTO narrow SELECT FROM generate_series(1, 20000);
        """

    @Test(arguments: [1, 2, 4])
    func partsTogetherAreTheTable(_ jobs: Int) async throws {
        try await withDatabase(Self.schema) { server, url, folder in
            let original = try await DatabasePortrait.of(url)
            let file = folder.file("a.zip")
            let report = try await backup(url, to: file) {
                $0.jobs = jobs
                $0.splitBytes = 128 << 10
                $0.chunkBytes = 64 << 10
            }
            #expect(report.rows == 24000 + 400 + 20000)
            let tables = try manifest(of: file).tables
            for table in tables {
                // Each line as psql copies it, hashed by the test: the digest does not depend on the parts.
                let text = try await runCommand(
                    "psql",
                    [
                        "-XqAt", "-d", url, "-c", "SET extra_float_digits = 3", "-c",
                        "COPY public.\(table.name) TO STDOUT",
                    ]
                )
                var digester = LineDigester()
                text.stdoutBytes.withUnsafeBytes { digester.update($0) }
                #expect(table.digest == digester.digest, "\(table.name)")
                #expect(table.rows == digester.rows, "\(table.name)")
                #expect(table.rawBytes == text.stdoutBytes.count, "\(table.name)")
                #expect(table.chunks.count > 1 || table.name == "narrow", "\(table.name): \(table.chunks.count)")
                #expect(table.chunks.allSatisfy { $0.rawBytes < (64 << 10) + 20000 }, "\(table.name)")
            }
            try await server.withName { name in
                try await restore(file, url) {
                    $0.into = name
                    $0.jobs = jobs
                    $0.splitBytes = 32 << 10
                }
                let restored = try await DatabasePortrait.of(server.url(database: name))
                #expect(restored.rows == original.rows)
            }
        }
    }

    /// A table grows after its size was read. The last range has no end.
    @Test func whatIsWrittenAfterTheSizesWereTakenDoesNotCount() async throws {
        try await withDatabase(Self.schema) { server, url, folder in
            async let report = backup(url, to: folder.file("a.zip")) {
                $0.splitBytes = 64 << 10
                $0.chunkBytes = 4 << 10
            }
            for _ in 0..<10 {
                try await psql(url, "INSERT INTO big SELECT n, 'later', 1 FROM generate_series(1, 2000) n")
            }
            let rows = try await report.rows
            // Each insert is completely in the snapshot, or not at all.
            #expect((rows - 44400) % 2000 == 0)
        }
    }

    /// Creating a new file for each of thousands of small tables would take most of the time.
    @Test func onlyTablesOfSeveralChunksAreEmptiedFirst() async throws {
        let schema = """
            CREATE TABLE small AS SELECT n FROM generate_series(1, 1000) n;
            CREATE TABLE large AS SELECT n FROM generate_series(1, 5000) n;
            """
        try await withDatabase(schema) { server, url, folder in
            let file = folder.file("a.zip")
            try await backup(url, to: file) { $0.chunkBytes = 16 << 10 }
            #expect(try manifest(of: file).tables.map(\.chunks.count).sorted() == [1, 2])
            try await server.withName { name in
                let report = try await restore(file, url) { $0.into = name }
                #expect(report.rows == 6000)
                // A table that was never emptied has its original file.
                let emptied = "SELECT relname FROM pg_class WHERE relname IN ('small', 'large') AND relfilenode <> oid"
                try await #expect(psql(server.url(database: name), emptied) == "large")
            }
        }
    }
}
