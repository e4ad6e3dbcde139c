import PostgresClient
import Project
import Seeding
import TestSupport
import Testing

/// Tables that `--generate` cannot fill, constraints that are checked late, and what happens to the other tables.
@Suite struct SkippingTests {
    /// Tables `a` and `b` refer to each other. The foreign key of `a` is checked last.
    private static func circle(_ b: String) -> String {
        """
        CREATE TABLE a (id int PRIMARY KEY, b_id int NOT NULL);
        CREATE TABLE b (id int PRIMARY KEY\(b), a_id int NOT NULL REFERENCES a);
        ALTER TABLE a ADD CONSTRAINT a_b FOREIGN KEY (b_id) REFERENCES b;
        CREATE TABLE other (id int PRIMARY KEY);
        """
    }

    private static let deferrable =
        "SELECT count(*) FROM pg_constraint WHERE condeferrable AND connamespace = 'shop'::regnamespace"

    @Test func keysOfACircleAreThoseThatTheParentCanHave() async throws {
        try await TestProject.withShop(Self.circle(" CHECK (id BETWEEN 1 AND 10)")) { project in
            let report = try await project.generate(50)
            #expect(report.skipped == [])
            try await #expect(project.counts("a", "b", "other") == "50|10|50")
        }
    }

    @Test func aCircleWhoseRowsDoNotFitAtTheEndIsLeftOut() async throws {
        let schema = Self.circle(", kind text NOT NULL UNIQUE CHECK (kind IN ('x', 'y'))")
        try await TestProject.withShop(schema) { project in
            let report = try await project.generate(50)
            #expect(
                report.skipped.map { "\($0.table): \($0.reason)" } == [
                    "shop.a: a_b rejects rows at the end of the run: insert or update on table \"a\" violates foreign key "
                        + "constraint \"a_b\" (SQLSTATE 23503)",
                    "shop.b: the rows of shop.b refer to shop.a, which has no rows",
                ]
            )
            #expect(
                report.skipped[0].hint
                    == "seed the rows of shop.b that b_id must refer to, or declare a generator for b_id"
            )
            try await #expect(project.counts("a", "b", "other") == "0|0|50")
            try await #expect(project.rows(Self.deferrable) == "0", "the key is as it was")
        }
    }

    @Test func aCircleWithATableThatCannotBeFilledIsLeftOut() async throws {
        let schema = Self.circle(", x int NOT NULL CHECK (x > 5 AND x < 3)")
        try await TestProject.withShop(schema) { project in
            let report = try await project.generate(10) { $0.candidates = 20_000 }
            #expect(
                report.skipped.map { "\($0.table): \($0.reason)" } == [
                    "shop.a: it refers to shop.b, which could not be filled",
                    "shop.b: of 20,000 values drawn for x, b_x_check accepts none",
                ]
            )
            #expect(report.skipped.map { $0.hint?.hasPrefix("declare a generator") } == [true, true])
            try await #expect(project.counts("a", "b", "other") == "0|0|10")
            try await #expect(project.rows(Self.deferrable) == "0", "the key is as it was")
        }
    }

    @Test func aFailureLeavesKeysAsTheyWere() async throws {
        let schema = Self.circle(", x int NOT NULL CHECK (x > 5 AND x < 3)")
        try await TestProject.withShop(schema) { project in
            let message = await project.problem {
                $0.generate = (patterns: ["shop.*"], rows: 10)
                $0.isStrict = true
                $0.candidates = 20_000
            }
            #expect(message.contains("b_x_check accepts none"))
            try await #expect(project.counts("a", "b", "other") == "0|0|0")
            try await #expect(project.rows(Self.deferrable) == "0")
        }
    }

    @Test func deferredConstraintsAreAskedAboutToo() async throws {
        let schema = """
            CREATE TABLE letters (id int PRIMARY KEY, a text NOT NULL CHECK (a ~ '^[a-zA-Z]$'),
                EXCLUDE USING btree (upper(a) WITH =) DEFERRABLE INITIALLY DEFERRED);
            CREATE TABLE other (id int PRIMARY KEY);
            """
        try await TestProject.withShop(schema) { project in
            let report = try await project.generate(60)
            #expect(report.skipped == [])
            // Other values may exist, so the report does not say that these are all.
            let note = report.notes.joined(separator: "\n")
            #expect(note.hasPrefix("shop.letters: only 26 rows were found among "), "\(note)")
            #expect(note.hasSuffix(" candidates"), "\(note)")
            try await #expect(project.counts("letters", "other") == "26|60")
        }
    }

    @Test func deferredConstraintsAreAskedAboutInRunsOfFiles() async throws {
        let schema = """
            CREATE TABLE letters (id int PRIMARY KEY, a text NOT NULL CHECK (a ~ '^[a-zA-Z]$'),
                EXCLUDE USING btree (upper(a) WITH =) DEFERRABLE INITIALLY DEFERRED);
            """
        let files: KeyValuePairs = [
            "development/letters.yaml": "generate: {count: 20}\n",
            // The constraint is deferred again when the rows are generated.
            "development/900_swap.sql": "UPDATE letters SET a = 'x'; UPDATE letters SET a = chr(64 + id);\n",
        ]
        try await TestProject.withShop(schema, files) { project in
            try await #expect(project.told() == "letters +20 ~0 =0 -0")
            try await #expect(project.counts("letters") == "20")
        }
    }

    @Test func constraintTriggersWaitForTheOtherTables() async throws {
        let function = """
            CREATE FUNCTION wants_lines() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF NOT EXISTS (SELECT FROM shop.lines WHERE order_id = NEW.id OR TG_ARGV[0] = 'any') THEN
                    RAISE EXCEPTION 'no lines'; END IF; RETURN NULL; END $$;
            """
        let tables = """
            CREATE TABLE orders (id int PRIMARY KEY);
            CREATE TABLE lines (id int PRIMARY KEY, order_id int NOT NULL REFERENCES orders);
            CREATE TABLE other (id int PRIMARY KEY); \(function)
            """
        func trigger(_ argument: String) -> String {
            """
            CREATE CONSTRAINT TRIGGER lines_needed AFTER INSERT ON orders DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION wants_lines('\(argument)')
            """
        }
        try await TestProject.withShop(tables + trigger("any")) { project in
            #expect(try await project.generate(30).skipped == [])
            try await #expect(project.counts("orders", "lines", "other") == "30|30|30")
        }
        try await TestProject.withShop(tables + trigger("own")) { project in
            let report = try await project.generate(30)
            #expect(
                report.skipped.map { "\($0.table): \($0.reason)" } == [
                    "shop.orders: lines_needed rejects rows at the end of the run: no lines (SQLSTATE P0001)",
                    "shop.lines: the rows of shop.lines refer to shop.orders, which has no rows",
                ]
            )
            try await #expect(project.counts("orders", "lines", "other") == "0|0|30")
        }
    }

    @Test func perOfAFileIsKeptOrTheTableIsSkipped() async throws {
        let schema = """
            CREATE TABLE users (id int PRIMARY KEY);
            CREATE TABLE slots (user_id int NOT NULL REFERENCES users, kind text NOT NULL CHECK (kind IN ('a', 'b')),
                UNIQUE (user_id, kind));
            """
        try await TestProject.withShop(schema) { project in
            for (count, slots) in [(2, "40"), (3, "0")] {
                try project.writeSeed("generate:\n  per: users\n  count: \(count)\n", to: "development/slots.yaml")
                let report = try await project.generate(20)
                #expect(report.skipped.map(\.table.name) == (count == 2 ? [] : ["slots"]))
                try await #expect(project.counts("users", "slots") == "20|\(slots)")
                _ = try await psql(project.url, "TRUNCATE shop.users, shop.slots; DROP SCHEMA granary CASCADE")
            }
        }
    }

    // MARK: Files

    @Test func outputHasTheRowsOnceAndAsTheServerAcceptsThem() async throws {
        let schema =
            Self.circle(", x int NOT NULL CHECK (x > 5 AND x < 3)")
            + "CREATE TABLE sevens (id int PRIMARY KEY, x int NOT NULL CHECK (x % 7 = 3));"
        try await TestProject.withShop(schema) { project in
            let path = project.folder.file("rows.copy")
            let report = try await project.generate(10) {
                $0.output = path
                $0.planOnly = true
                $0.candidates = 20_000
            }
            #expect(report.skipped.map(\.table.name) == ["a", "b"])
            #expect(report.tables.map(\.inserted) == [10, 10])
            let lines = String(decoding: project.folder.read("rows.copy"), as: UTF8.self).split(separator: "\n")
            #expect(lines.prefix(10).map(String.init) == (1...10).map(String.init))
            let sevens = lines.dropFirst(10).compactMap { Int($0.split(separator: "\t")[1]) }
            #expect(sevens.count == 10)
            #expect(sevens.allSatisfy { $0 % 7 == 3 })
            try await #expect(project.counts("sevens", "other") == "0|0")
        }
    }

    @Test func anOutputThatCannotBeWrittenIsFoundFirst() async throws {
        try await ScratchFolder.with { folder in
            var options = SeedOptions(
                service: "shop",
                schemas: ["shop"],
                rules: EnvironmentPolicy(name: "development"),
                now: 0
            )
            options.folder = folder.file("seeds")
            options.generate = (patterns: ["*"], rows: 1)
            options.planOnly = true
            // There is no server at this address.
            let server = ServerAddress("host=\(folder.path)")
            options.output = folder.file("missing/rows.copy")
            let seeder = Seeder(options, server: server, logger: quietLogger)
            let message = await failure { try await seeder.run() }?.message
            #expect(message == "\(folder.file("missing/rows.copy")) cannot be written: No such file or directory")
            options.output = folder.file("rows.copy")
            let other = Seeder(options, server: server, logger: quietLogger)
            await #expect(throws: PostgresError.self) { try await other.run() }
            #expect(folder.names() == [], "a run that fails leaves no file")
        }
    }

    @Test func aFileThatCannotBeWrittenIsANote() async throws {
        let schema = """
            CREATE TABLE "a/b" (id int PRIMARY KEY);
            CREATE TABLE t (id int PRIMARY KEY, "n\nm" int NOT NULL, x int NOT NULL CONSTRAINT "one
              more: 1" CHECK (x > 5));
            """
        try await TestProject.withShop(schema) { project in
            let folder = project.folder.file("written")
            let report = try await project.generate(10) { $0.declarationFolder = folder }
            #expect(report.written == ["\(folder)/shop.t.yaml"])
            #expect(report.isFileMissing)
            #expect(report.notes == ["there is no file for shop.a/b: a file name cannot contain its slash"])
            try await #expect(project.counts("\"a/b\"", "t") == "10|10")
            let text = String(decoding: project.folder.read("written/shop.t.yaml"), as: UTF8.self)
            let file = try TableFile.read("shop.t.yaml", text)
            #expect(file.generate?["columns"]?.members?.map(\.key) == ["n\nm", "x"])
        }
    }
}

extension TestProject {
    fileprivate func generate(
        _ rows: Int,
        _ change: (inout SeedOptions) -> Void = { _ in }
    ) async throws -> SeedReport {
        try await seed {
            $0.generate = (patterns: ["shop.*"], rows: rows)
            change(&$0)
        }
    }

    /// The row counts of some tables.
    fileprivate func counts(_ tables: String...) async throws -> String {
        try await rows("SELECT " + tables.map { "(SELECT count(*) FROM \($0))" }.joined(separator: ", "))
    }
}
