import TestSupport
import Testing

/// Every printed line that restores rows can be pasted immediately, and also after new writes.
@Suite struct UndoLineTests {
    private static let environments = """
        {"service": "shop", "environments": {"qa": {"config": {"backup_required": true}},
          "prod": {"config": {"backup_required": true}}}}
        """

    private static func with(
        marked environment: String = "qa",
        _ files: KeyValuePairs<String, String>,
        _ body: (TestProject) async throws -> Void
    ) async throws {
        try await TestProject.withOrders(marked: environment, environments) { site in
            try await psql(site.url, "DROP SCHEMA shop CASCADE")
            for (name, text) in files { try site.folder.write(text, to: "migrations/\(name)") }
            try await body(site)
        }
    }

    private static let tables: KeyValuePairs = [
        "1_a.up.sql": "CREATE SCHEMA shop; CREATE TABLE shop.a (id int PRIMARY KEY, note text);",
        "1_a.down.sql": "DROP SCHEMA shop CASCADE;",
        "2_b.up.sql": "CREATE TABLE shop.b (id int PRIMARY KEY, note text, a int REFERENCES shop.a);",
        "2_b.down.sql": "DROP TABLE shop.b;",
    ]

    /// The rows of both tables.
    private static let filling = """
        INSERT INTO shop.a VALUES (1, 'a1'), (2, 'a2'); INSERT INTO shop.b VALUES (1, 'b1', 1), (2, 'b2', 2);
        """

    @Test(arguments: ["qa", "prod"]) func aRevertedTableComesBackWithItsRows(_ environment: String) async throws {
        try await Self.with(marked: environment, Self.tables) { site in
            try #require(try await site.granary("migrate", "up").status == 0)
            try await psql(site.url, Self.filling)
            let down = try await site.granary("migrate", "down")
            try #require(down.status == 0, "\(down)")
            #expect(down.printedLines.count == 2, "\(down)")
            #expect(down.printedLines[0] == "granary migrate goto 2")
            #expect(down.printedLines[1].hasSuffix(".zip --data-only --if-empty --confirm \(site.database)"), "\(down)")
            // Rows written in the meantime are kept.
            try await psql(site.url, "INSERT INTO shop.a VALUES (3, 'new')")
            try await #expect(site.paste(down) == [0, 0])
            try await #expect(site.rows("shop.a") == "1 a1, 2 a2, 3 new")
            try await #expect(site.rows("shop.b") == "1 b1, 2 b2")
            // Pasted again after new writes, the lines delete nothing.
            try await psql(site.url, "DELETE FROM shop.b; INSERT INTO shop.b VALUES (9, 'new', 3)")
            try await #expect(site.paste(down) == [0, 3])
            try await #expect(site.rows("shop.b") == "9 new")
            try await #expect(site.rows("shop.a") == "1 a1, 2 a2, 3 new")
        }
    }

    @Test func quietDoesNotSilenceTheLines() async throws {
        try await Self.with(Self.tables) { site in
            try #require(try await site.granary("migrate", "up", "--quiet").status == 0)
            try await psql(site.url, Self.filling)
            let down = try await site.granary("migrate", "down", "--quiet")
            try #require(down.status == 0, "\(down)")
            try await #expect(site.paste(down) == [0, 0])
            try await #expect(site.rows("shop.b") == "1 b1, 2 b2")
        }
    }

    @Test func rowsComeBackBesideThoseThatTheFilesInsertThemselves() async throws {
        let files: KeyValuePairs = [
            "1_a.up.sql":
                "CREATE SCHEMA shop; CREATE TABLE shop.a (id int PRIMARY KEY, note text); INSERT INTO shop.a VALUES (1, 'a1');",
            "1_a.down.sql": "DROP SCHEMA shop CASCADE;",
            "2_b.up.sql": "CREATE TABLE shop.b (id int, note text); INSERT INTO shop.b VALUES (1, 'b1');",
            "2_b.down.sql": "DROP TABLE shop.b;",
        ]
        try await Self.with(files) { site in
            try #require(try await site.granary("migrate", "up").status == 0)
            try await psql(site.url, "INSERT INTO shop.a VALUES (2, 'a2'); INSERT INTO shop.b VALUES (2, 'b2')")
            let down = try await site.granary("migrate", "goto", "0")
            try #require(down.status == 0, "\(down)")
            #expect(down.printedLines.first == "granary migrate goto 2")
            try await #expect(site.paste(down) == [0, 0, 0], "\(down)")
            try await #expect(site.rows("shop.a") == "1 a1, 2 a2")
            // Without a key, rows cannot be compared, so they are restored into a table beside it.
            try await #expect(site.rows("shop.b") == "1 b1")
            let copy = try await psql(site.url, "SELECT relname FROM pg_class WHERE relname LIKE 'b_before_%'")
            try await #expect(site.rows("shop.\(copy)") == "1 b1, 2 b2")
            try await psql(
                site.url,
                "INSERT INTO shop.a VALUES (3, 'new'); UPDATE shop.a SET note = 'new' WHERE id = 2"
            )
            // An existing copy is not created again.
            try await #expect(site.paste(down) == [0, 0, 1])
            try await #expect(site.rows("shop.a") == "1 a1, 2 new, 3 new")
        }
    }

    /// A destructive statement, the rows that the lines restore immediately, and those that they restore after new
    /// writes.
    private struct Destruction: Sendable {
        var sql: String
        var way: String
        var writes: String
        var after: String
        var statuses: [Int32]
    }

    @Test(arguments: [
        Destruction(
            sql: "DELETE FROM shop.b WHERE id = 1;",
            way: "--table shop.b --rows missing",
            writes: "INSERT INTO shop.b VALUES (9, 'new'); UPDATE shop.b SET note = 'new' WHERE id = 2",
            after: "1 b1, 2 new, 9 new",
            statuses: [0]
        ),
        Destruction(
            sql: "TRUNCATE shop.b;",
            way: "--data-only --if-empty",
            writes: "DELETE FROM shop.b; INSERT INTO shop.b VALUES (9, 'new')",
            after: "9 new",
            statuses: [3]
        ),
        Destruction(
            sql: "DROP TABLE shop.b;",
            way: "--table shop.b",
            writes: "INSERT INTO shop.b VALUES (9, 'new')",
            after: "1 b1, 2 b2, 9 new",
            statuses: [1]
        ),
        Destruction(
            sql: "DELETE FROM shop.b; INSERT INTO shop.b VALUES (8, 'other');",
            way: "--table shop.b --rows missing",
            writes: "DELETE FROM shop.b; INSERT INTO shop.b VALUES (1, 'new')",
            after: "1 new, 2 b2",
            statuses: [0]
        ),
    ])
    private func rowsDestroyedByAnUpFileAreRestored(_ destruction: Destruction) async throws {
        try await Self.with(Self.tables) { site in
            try #require(try await site.granary("migrate", "up").status == 0)
            try await psql(site.url, Self.filling)
            try site.folder.write(destruction.sql, to: "migrations/3_c.up.sql")
            let up = try await site.granary("migrate", "up")
            try #require(up.status == 0, "\(up)")
            #expect(up.printedLines.count == 1, "\(up)")
            #expect(up.printedLines[0].hasSuffix(".zip \(destruction.way) --confirm \(site.database)"), "\(up)")
            try await #expect(site.paste(up) == [0])
            let isOther = destruction.sql.contains("other")
            try await #expect(site.rows("shop.b") == (isOther ? "1 b1, 2 b2, 8 other" : "1 b1, 2 b2"))
            try await psql(site.url, destruction.writes)
            try await #expect(site.paste(up) == destruction.statuses)
            try await #expect(site.rows("shop.b") == destruction.after)
            try await #expect(site.rows("shop.a") == "1 a1, 2 a2")
        }
    }

    @Test(arguments: ["ALTER TABLE shop.b DROP COLUMN note;", "UPDATE shop.b SET note = 'x';"])
    func oldValuesComeBackBesideTheTable(_ sql: String) async throws {
        try await Self.with(Self.tables) { site in
            try #require(try await site.granary("migrate", "up").status == 0)
            try await psql(site.url, Self.filling)
            try site.folder.write(sql, to: "migrations/3_c.up.sql")
            let up = try await site.granary("migrate", "up")
            try #require(up.status == 0, "\(up)")
            try await psql(site.url, "INSERT INTO shop.b (id) VALUES (9)")
            try await #expect(site.paste(up) == [0], "\(up)")
            let copy = try await psql(site.url, "SELECT relname FROM pg_class WHERE relname LIKE 'b_before_%'")
            try await #expect(site.rows("shop.\(copy)") == "1 b1, 2 b2")
            try await #expect(psql(site.url, "SELECT string_agg(id::text, ' ' ORDER BY id) FROM shop.b") == "1 2 9")
        }
    }

    @Test func aDroppedSchemaComesBackInADatabaseOfItsOwn() async throws {
        try await Self.with(Self.tables) { site in
            try #require(try await site.granary("migrate", "up").status == 0)
            try await psql(site.url, Self.filling)
            try site.folder.write("DROP SCHEMA shop CASCADE;", to: "migrations/3_c.up.sql")
            let up = try await site.granary("migrate", "up")
            try #require(up.status == 0, "\(up)")
            try await #expect(site.paste(up) == [0], "\(up)")
            let copy = try await psql(
                site.url,
                "SELECT datname FROM pg_database WHERE datname LIKE '\(site.database)_before_%'"
            )
            let other = site.url.replacing("/\(site.database)?", with: "/\(copy)?")
            try await #expect(site.rows("shop.b", at: other) == "1 b1, 2 b2")
            try await psql(site.url, "DROP DATABASE \"\(copy)\"")
        }
    }

    @Test func redoRestoresRowsIntoTheRecreatedTable() async throws {
        try await Self.with(Self.tables) { site in
            try #require(try await site.granary("migrate", "up").status == 0)
            try await psql(site.url, Self.filling)
            let redone = try await site.granary("migrate", "redo")
            try #require(redone.status == 0, "\(redone)")
            try await #expect(site.rows("shop.b") == "")
            #expect(redone.printedLines.count == 1, "\(redone)")
            try await #expect(site.paste(redone) == [0])
            try await #expect(site.rows("shop.b") == "1 b1, 2 b2")
        }
    }

    @Test func lossesBeforeAFailureHaveTheirLinesToo() async throws {
        try await Self.with(Self.tables) { site in
            try #require(try await site.granary("migrate", "up").status == 0)
            try await psql(site.url, Self.filling)
            try site.folder.write("TRUNCATE shop.b;", to: "migrations/3_c.up.sql")
            try site.folder.write("DELETE FROM shop.b; SELECT 1 / 0;", to: "migrations/4_d.up.sql")
            let up = try await site.granary("migrate", "up")
            #expect(up.status == 1, "\(up)")
            #expect(up.printedLines.count == 1, "\(up)")
            try await #expect(site.paste(up) == [0])
            try await #expect(site.rows("shop.b") == "1 b1, 2 b2")
            // Nothing was destroyed, so there is nothing to restore.
            let again = try await site.granary("migrate", "up")
            #expect(again.status == 1)
            #expect(again.printedLines == [], "\(again)")
        }
    }

    @Test func theLinesCarryWhatTheCommandWasGiven() async throws {
        try await Self.with(Self.tables) { site in
            try #require(try await site.granary("migrate", "up").status == 0)
            try await psql(site.url, Self.filling)
            let down = try await site.granary([
                "migrate", "down", "--database-url", site.url + "&password=secret", "--env", "qa", "--migrations",
                "./migrations", "--service", "shop", "--backups", "my backups", "--override-window", "it's late",
                "--json",
            ])
            try #require(down.status == 0, "\(down)")
            #expect(!(down.stdout + down.stderr).contains("secret"))
            let options = "--database-url 'dbname=\(site.database) "
            #expect(
                down.printedLines[0].hasPrefix("granary migrate goto 2 --override-window 'it'\\''s late' \(options)")
            )
            #expect(down.printedLines[0].hasSuffix("--env qa --migrations ./migrations --service shop"), "\(down)")
            #expect(down.printedLines[1].hasPrefix("granary restore 'my backups/"), "\(down)")
            #expect(down.stdout.contains("\"undo_commands\":[\"granary migrate goto 2 "), "\(down)")
            try await #expect(site.paste(down) == [0, 0])
            try await #expect(site.rows("shop.b") == "1 b1, 2 b2")
        }
    }

    @Test func repairContinuesAnInterruptedFileWithoutTransaction() async throws {
        let files: KeyValuePairs = [
            "1_a.up.sql":
                "-- no-transaction\nCREATE SCHEMA shop;\nCREATE TABLE shop.a (id int, note text);\nSELECT 1 / 0;"
        ]
        try await Self.with(files) { site in
            let up = try await site.granary("migrate", "up")
            #expect(up.status == 1, "\(up)")
            #expect(up.stderr.contains("the first 2 of its 3 statements remain in effect"), "\(up)")
            #expect(
                up.stderr.contains("hint: correct the statement; then `granary migrate repair` continues from there"),
                "\(up)"
            )
            try site.folder.write(
                "-- no-transaction\nCREATE SCHEMA shop;\nCREATE TABLE shop.a (id int, note text);\nSELECT 1 / 1;",
                to: "migrations/1_a.up.sql"
            )
            let repaired = try await site.granary("migrate", "repair")
            #expect(repaired.status == 0, "\(repaired)")
            try await #expect(site.granary("migrate", "status", "--check").status == 0)
        }
    }

    @Test func aRolledBackFileIsCorrectedAndRunAgain() async throws {
        try await Self.with(["1_a.up.sql": "-- no-transaction\nSELECT 1 / 0;\nSELECT 1;"]) { site in
            let up = try await site.granary("migrate", "up")
            #expect(up.status == 1, "\(up)")
            #expect(up.stderr.contains("hint: correct the file and run the command again"), "\(up)")
        }
    }
}

extension CommandOutcome {
    /// The printed shell commands.
    fileprivate var printedLines: [String] {
        stderr.split(separator: "\n").map(String.init).filter { $0.hasPrefix("granary ") }
    }
}

extension TestProject {
    /// Runs each printed line in a shell.
    ///
    /// - Returns: The exit status of each line.
    fileprivate func paste(_ outcome: CommandOutcome) async throws -> [Int32] {
        var statuses: [Int32] = []
        for line in outcome.printedLines {
            let pasted = try await runCommand(
                "sh",
                ["-c", "granary() { \(try granaryBinary()) \"$@\"; }; \(line)"],
                environment: ["DATABASE_URL": url],
                workingDirectory: folder.path
            )
            statuses.append(pasted.status)
        }
        return statuses
    }
}
