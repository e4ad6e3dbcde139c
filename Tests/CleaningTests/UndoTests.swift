import TestSupport
import Testing

/// The printed line restores everything, or reports why it does not.
@Suite struct UndoTests {
    /// The objects of an owner who is not a superuser, including everything that makes a restore of rows difficult.
    private static let schema = """
        CREATE SCHEMA shop; SET search_path = shop;
        CREATE TABLE chicken (id int PRIMARY KEY, egg int NOT NULL);
        CREATE TABLE egg (id int PRIMARY KEY, chicken int NOT NULL CONSTRAINT hatches REFERENCES chicken);
        COMMENT ON CONSTRAINT hatches ON egg IS 'second';
        INSERT INTO chicken VALUES (1, 2), (2, 1); INSERT INTO egg VALUES (1, 1), (2, 2);
        ALTER TABLE chicken ADD CONSTRAINT lays FOREIGN KEY (egg) REFERENCES egg;
        CREATE TABLE node (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, up int REFERENCES node,
            twice int GENERATED ALWAYS AS (id * 2) STORED);
        INSERT INTO node (up) SELECT nullif(101 - i, 0) FROM generate_series(1, 1) i WHERE false;
        INSERT INTO node (up) SELECT CASE WHEN i < 3000 THEN i + 1 END FROM generate_series(1, 3000) i;
        CREATE TABLE aaa_first (n int REFERENCES node DEFERRABLE INITIALLY DEFERRED); INSERT INTO aaa_first VALUES (1), (NULL);
        CREATE TABLE parted (id int, c int REFERENCES chicken) PARTITION BY LIST (id);
        CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1); CREATE TABLE parted_2 PARTITION OF parted FOR VALUES IN (2);
        ALTER TABLE parted ADD PRIMARY KEY (id); INSERT INTO parted VALUES (1, 1), (2, 2);
        CREATE TABLE a_of_parted (p int REFERENCES parted); INSERT INTO a_of_parted VALUES (1), (2);
        CREATE TABLE old (id int, e int); INSERT INTO old VALUES (1, 77), (2, 1);
        ALTER TABLE old ADD CONSTRAINT loose FOREIGN KEY (e) REFERENCES egg NOT VALID;
        ALTER TABLE old ADD CONSTRAINT positive CHECK (id > 1) NOT VALID;
        CREATE TABLE counted (id serial); INSERT INTO counted DEFAULT VALUES; DELETE FROM counted;
        CREATE TABLE "Mixed Case" ("The Id" bigserial PRIMARY KEY, t text);
        INSERT INTO "Mixed Case" (t) VALUES (E'a\\nb'), (NULL), ('');
        CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'a trigger ran'; END $$;
        CREATE TRIGGER no_insert BEFORE INSERT ON egg FOR EACH ROW EXECUTE FUNCTION stop();
        CREATE TRIGGER no_delete BEFORE DELETE ON node FOR EACH ROW EXECUTE FUNCTION stop();
        ALTER TABLE egg ENABLE ALWAYS TRIGGER no_insert;
        CREATE TABLE reference (id int PRIMARY KEY); INSERT INTO reference VALUES (1);
        CREATE TABLE uses (r int REFERENCES reference); INSERT INTO uses VALUES (1);
        """

    @Test func anOwnerWithoutSuperuserRightsRestoresEverything() async throws {
        try await TestProject.with("CREATE ROLE undo_owner LOGIN; GRANT CREATE ON DATABASE :\"DBNAME\" TO undo_owner") {
            barn in
            let plain = barn.url.replacing("user=granary", with: "user=undo_owner")
            try await psql(plain, Self.schema)
            let marked = try await barn.granary("env", "mark", "development", environment: ["DATABASE_URL": plain])
            try #require(marked.status == 0, "\(marked)")
            let before = try await DatabasePortrait.of(barn.url)
            let cleaned = try await barn.granary(
                "clean",
                "--service",
                "shop",
                "--keep",
                "reference",
                "--confirm",
                barn.database,
                "--quiet",
                environment: ["DATABASE_URL": plain]
            )
            #expect(cleaned.status == 0, "\(cleaned)")
            #expect(cleaned.stdout.hasPrefix("granary restore backups/\(barn.database)-before-clean-"))
            try await #expect(
                barn.rows()
                    == "Mixed Case 0, a_of_parted 0, aaa_first 0, chicken 0, counted 0, egg 0, node 0, old 0, parted 0, parted_1 0, parted_2 0, reference 1, uses 0"
            )
            // A row was inserted since. Nothing is restored over it.
            try await psql(plain, "INSERT INTO shop.\"Mixed Case\" (t) VALUES ('new')")
            let binary = try granaryBinary()
            let line = cleaned.stdout.replacing("granary restore", with: "\(binary) restore")
            func undo() async throws -> CommandOutcome {
                try await runCommand(
                    "sh",
                    ["-c", line],
                    environment: ["DATABASE_URL": plain],
                    workingDirectory: barn.folder.path
                )
            }
            let refused = try await undo()
            #expect(refused.status == 3, "\(refused)")
            #expect(
                refused.stderr.contains("nothing was changed, because rows were written since into shop.Mixed Case")
            )
            try await #expect(barn.sql("SELECT count(*) FROM shop.node") == "0")
            try await psql(plain, "DELETE FROM shop.\"Mixed Case\"")
            let undone = try await undo()
            // The CHECK is NOT VALID again and named in the output, which exit code 2 indicates.
            #expect(undone.status == 2, "\(undone)")
            #expect(undone.stderr.contains("left NOT VALID: "))
            #expect(undone.stderr.contains("positive"))
            // Everything is as before, except for the entry in the log.
            try await #expect(barn.sql("SELECT string_agg(event, ' ') FROM granary.migration_log") == "restored")
            try await barn.sql("TRUNCATE granary.migration_log RESTART IDENTITY")
            let difference = try await DatabasePortrait.of(barn.url).differences(from: before)
            #expect(difference == "")
            try await barn.sql("DROP OWNED BY undo_owner; DROP ROLE undo_owner")
        }
    }

    @Test func theLineCarriesWhatTheCommandWasGiven() async throws {
        try await TestProject.with("CREATE SCHEMA \"Sh op\"; CREATE TABLE \"Sh op\".a AS SELECT 1 AS a") { barn in
            try await barn.mark()
            let cleaned = try await runCommand(
                granaryBinary(),
                [
                    "clean", "--schema", "Sh op", "--confirm", barn.database, "--quiet", "--env", "development",
                    "--database-url",
                    barn.url + "&password=secret", "--backups", "my backups", "--migrations", "db/migrations",
                ],
                workingDirectory: barn.folder.path
            )
            #expect(cleaned.status == 0, "\(cleaned)")
            #expect(!cleaned.stdout.contains("secret"))
            let file = try #require(barn.folder.names(in: "my backups").first)
            #expect(
                cleaned.stdout
                    == "granary restore 'my backups/\(file)' --data-only --if-empty --database-url 'dbname=\(barn.database) host=\(barn.server.folder) port=5432 user=granary' --env development --migrations db/migrations --confirm \(barn.database)\n"
            )
            let undone = try await runCommand(
                "sh",
                ["-c", cleaned.stdout.replacing("granary restore", with: "\(try granaryBinary()) restore")],
                workingDirectory: barn.folder.path
            )
            #expect(undone.status == 0, "\(undone)")
            try await #expect(barn.sql("SELECT a FROM \"Sh op\".a") == "1")
            let again = try await runCommand(
                granaryBinary(),
                ["restore", "my backups/\(file)", "--data-only", "--if-empty", "--plan", "--database-url", barn.url],
                workingDirectory: barn.folder.path
            )
            #expect(again.status == 1, "\(again)")
            #expect(again.stdout.contains("It would fail:\n- rows were written since into Sh op.a"))
        }
    }
}
