import AgeEncryption
import Restore
import Storage
import TestSupport
import Testing

@Suite struct DumpCheckTests {
    private static let whole = """
        -- PostgreSQL database dump
        CREATE TABLE t (a int);
        COPY t FROM stdin;
        1
        2
        \\.
        -- PostgreSQL database dump complete

        """

    private func check(_ bytes: [UInt8], isPacked: Bool = false) async throws -> DumpCheck {
        try await ScratchFolder.with { folder in
            try DumpCheck.read(BackupSource(path: folder.write(bytes, to: "a"), .none), isPacked: isPacked)
        }
    }

    @Test func `A whole dump has no problem, and its rows are counted`() async throws {
        let check = try await check(Array(Self.whole.utf8))
        #expect(check.problems == [])
        #expect((check.tables, check.rows, check.bytes) == (1, 2, Self.whole.utf8.count))
        #expect(check.notes.count == 1)
    }

    @Test func `Granary's own tables are not counted`() async throws {
        let own = ["environment", "migrations", "migration_log", "seeds"].map {
            "COPY granary.\($0) FROM stdin;\n1\n\\.\n"
        }
        let check = try await check(Array((own.joined() + "COPY shop.seeds FROM stdin;\n1\n2\n\\.\n").utf8))
        #expect(check.problems == [] && (check.tables, check.rows) == (1, 2))
    }

    @Test func `Rows of INSERT statements are not counted, and a note says so`() async throws {
        let text = "INSERT INTO a VALUES (1), (2);\nINSERT INTO a VALUES (3);\nINSERT INTO s.b VALUES (1);\n"
        let check = try await check(Array(text.utf8))
        #expect(check.problems == [] && (check.tables, check.rows) == (0, 0))
        #expect(check.notes.contains("rows stored as INSERT statements were read but not counted (2 tables)"))
    }

    @Test(arguments: [
        ("-- PostgreSQL database dump\nSELECT 1;\n", "has no closing line"), ("SELECT 'a", "a string that begins here"),
        ("COPY t FROM stdin;\n1\n", "ends within the rows"), ("-- nothing\n", "it holds no statement"),
        ("SELECT 1;\0", "a NUL byte"),
    ])
    func `A dump that is cut off or damaged has a problem`(text: String, problem: String) async throws {
        let problems = try await check(Array(text.utf8)).problems
        #expect(problems.count == 1)
        #expect(problems.first?.contains(problem) == true)
    }

    @Test func `A dump without marks is no damage`() async throws {
        let check = try await check(Array("SELECT 1;\n".utf8))
        #expect(check.problems == [])
        #expect(check.notes.contains { $0.contains("nothing in") && $0.contains("tells whether it is complete") })
    }

    @Test func `A changed bit in a packed dump is a problem`() async throws {
        var packed = try await runCommand("gzip", ["-c"], input: Array(Self.whole.utf8)).stdoutBytes
        let whole = try await check(packed, isPacked: true)
        #expect(whole.problems == [])
        packed[packed.count - 6] ^= 1
        let damaged = try await check(packed, isPacked: true)
        #expect(damaged.problems.count == 1)
    }
}
