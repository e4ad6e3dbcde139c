import Cleaning
import PostgresClient
import Synchronization
import TestSupport
import Testing

/// The effects of a cleaning.
@Suite struct CleanerTests {
    @Test func cyclesSelfReferencesAndDeferredKeysAreEmptied() async throws {
        try await TestProject.with(
            """
            CREATE SCHEMA shop; SET search_path = shop;
            CREATE TABLE chicken (id int PRIMARY KEY, egg int NOT NULL);
            CREATE TABLE egg (id int PRIMARY KEY, chicken int NOT NULL REFERENCES chicken ON DELETE RESTRICT);
            ALTER TABLE chicken ADD FOREIGN KEY (egg) REFERENCES egg DEFERRABLE;
            CREATE TABLE nest (e int REFERENCES egg ON DELETE RESTRICT);
            CREATE TABLE node (id int PRIMARY KEY, up int REFERENCES node ON DELETE RESTRICT);
            CREATE TABLE late (id int PRIMARY KEY, l int REFERENCES late DEFERRABLE INITIALLY DEFERRED,
                n int REFERENCES node DEFERRABLE INITIALLY DEFERRED);
            CREATE TABLE ring_1 (id int PRIMARY KEY, r int); CREATE TABLE ring_2 (id int PRIMARY KEY, r int REFERENCES ring_1);
            CREATE TABLE ring_3 (id int PRIMARY KEY, r int REFERENCES ring_2 ON DELETE CASCADE);
            ALTER TABLE ring_1 ADD FOREIGN KEY (r) REFERENCES ring_3;
            BEGIN; SET CONSTRAINTS ALL DEFERRED;
            INSERT INTO chicken VALUES (1, 1), (2, 2); INSERT INTO egg VALUES (1, 2), (2, 1); COMMIT;
            INSERT INTO nest VALUES (1), (2), (NULL);
            INSERT INTO node SELECT i, nullif(i - 1, 0) FROM generate_series(1, 50) i;
            INSERT INTO late SELECT i, i % 7 + 1, i FROM generate_series(1, 50) i;
            INSERT INTO ring_1 VALUES (1); INSERT INTO ring_2 VALUES (1, 1); INSERT INTO ring_3 VALUES (1, 1); UPDATE ring_1 SET r = 1;
            CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
            CREATE TRIGGER stop BEFORE DELETE ON late FOR EACH ROW EXECUTE FUNCTION stop();
            """
        ) { barn in
            let report = try await barn.clean()
            #expect(
                report.summary
                    == "shop.chicken 2, shop.egg 2, shop.late 50, shop.nest 3, shop.node 50, shop.ring_1 1, shop.ring_2 1, shop.ring_3 1"
            )
            #expect(report.rows == 110)
            try await #expect(
                barn.rows() == "chicken 0, egg 0, late 0, nest 0, node 0, ring_1 0, ring_2 0, ring_3 0"
            )
            try await #expect(barn.clean().tables == [])
        }
    }

    @Test func aPublishedTableWithoutAKeyIsEmptied() async throws {
        try await TestProject.with(
            """
            SET client_min_messages = error; CREATE SCHEMA shop; SET search_path = shop;
            CREATE TABLE a (id int); INSERT INTO a VALUES (1); CREATE TABLE b (id int PRIMARY KEY); INSERT INTO b VALUES (1);
            CREATE TABLE p (id int) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p DEFAULT; INSERT INTO p VALUES (1);
            CREATE PUBLICATION pub FOR TABLE a, b, p;
            """
        ) { barn in
            try await #expect(barn.clean().summary == "shop.a 1, shop.b 1, shop.p 1")
            try await #expect(barn.clean().tables == [])
        }
    }

    @Test func sequencesOfColumnsAreResetEvenOnEmptyTables() async throws {
        try await TestProject.with(
            """
            CREATE SCHEMA shop; SET search_path = shop;
            CREATE TABLE a (id int GENERATED ALWAYS AS IDENTITY (START 100) PRIMARY KEY, s serial);
            CREATE TABLE emptied (id bigserial); INSERT INTO emptied DEFAULT VALUES; DELETE FROM emptied;
            CREATE TABLE untouched (id bigserial);
            CREATE TABLE renumbered (id serial); ALTER SEQUENCE renumbered_id_seq RESTART 7;
            CREATE SEQUENCE alone; SELECT nextval('alone'); CREATE TABLE by_alone (id int DEFAULT nextval('shop.alone'));
            CREATE TABLE kept (id serial); INSERT INTO kept DEFAULT VALUES;
            INSERT INTO a DEFAULT VALUES; INSERT INTO a DEFAULT VALUES; INSERT INTO by_alone DEFAULT VALUES;
            """
        ) { barn in
            let plan = try await barn.plan(["shop"]) { $0.keep = ["kept"] }
            #expect(
                plan.sequences == ["shop.a_id_seq", "shop.a_s_seq", "shop.emptied_id_seq", "shop.renumbered_id_seq"]
            )
            #expect(plan.summary == "shop.a 2 delete, shop.by_alone 1 delete")
            try await #expect(barn.clean { $0.keep = ["kept"] }.sequences == 4)
            try await #expect(
                barn.sql(
                    """
                    INSERT INTO shop.a DEFAULT VALUES RETURNING id, s; INSERT INTO shop.emptied DEFAULT VALUES RETURNING id;
                    INSERT INTO shop.renumbered DEFAULT VALUES RETURNING id; INSERT INTO shop.kept DEFAULT VALUES RETURNING id;
                    INSERT INTO shop.by_alone DEFAULT VALUES RETURNING id
                    """
                ) == "100|1\n1\n1\n2\n3"
            )
        }
    }

    @Test(arguments: [0, 1 << 30])
    func triggersAndRulesDoNotFireAndStayAsTheyWere(largeBytes: Int) async throws {
        try await TestProject.with(
            """
            CREATE SCHEMA shop; SET search_path = shop;
            CREATE TABLE log (what text);
            CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE ruled (id int); CREATE TABLE statement (id int);
            CREATE TABLE parted (id int) PARTITION BY LIST (id); CREATE TABLE part PARTITION OF parted FOR VALUES IN (1);
            CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN INSERT INTO shop.log VALUES (TG_NAME); RETURN NULL; END $$;
            CREATE TRIGGER usual BEFORE DELETE ON a FOR EACH ROW EXECUTE FUNCTION note();
            CREATE TRIGGER always AFTER DELETE ON a FOR EACH ROW EXECUTE FUNCTION note();
            CREATE TRIGGER replica BEFORE DELETE ON a FOR EACH ROW EXECUTE FUNCTION note();
            CREATE TRIGGER off BEFORE DELETE ON a FOR EACH ROW EXECUTE FUNCTION note();
            ALTER TABLE a ENABLE ALWAYS TRIGGER always, ENABLE REPLICA TRIGGER replica, DISABLE TRIGGER off;
            CREATE TRIGGER emptied AFTER TRUNCATE ON a EXECUTE FUNCTION note();
            CREATE TRIGGER whole AFTER DELETE OR TRUNCATE ON statement EXECUTE FUNCTION note();
            CREATE TRIGGER in_parts BEFORE DELETE ON parted FOR EACH ROW EXECUTE FUNCTION note();
            CREATE TRIGGER of_parted AFTER DELETE ON parted EXECUTE FUNCTION note();
            CREATE RULE no_delete AS ON DELETE TO ruled DO INSTEAD NOTHING;
            INSERT INTO a VALUES (1), (2); INSERT INTO ruled VALUES (1); INSERT INTO statement VALUES (1); INSERT INTO parted VALUES (1);
            """
        ) { barn in
            let states = """
                SELECT string_agg(tgrelid::regclass || ' ' || tgname || ' ' || tgenabled::text, ', ' ORDER BY tgrelid, tgname) FROM pg_trigger WHERE NOT tgisinternal;
                SELECT ev_enabled FROM pg_rewrite WHERE rulename = 'no_delete'
                """
            let before = try await barn.sql(states)
            let report = try await barn.clean { $0.largeBytes = largeBytes }
            #expect(report.summary == "shop.a 2, shop.parted 1, shop.ruled 1, shop.statement 1")
            try await #expect(barn.rows() == "a 0, log 0, part 0, parted 0, ruled 0, statement 0")
            try await #expect(barn.sql(states) == before)
        }
    }

    @Test func anOwnerWithoutSuperuserRightsCleansLargeAndSmallTables() async throws {
        try await TestProject.with("CREATE ROLE clean_owner LOGIN; GRANT CREATE ON DATABASE :\"DBNAME\" TO clean_owner")
        {
            barn in
            let plain = barn.url.replacing("user=granary", with: "user=clean_owner")
            try await psql(
                plain,
                """
                CREATE SCHEMA shop; CREATE TABLE shop.a (id serial PRIMARY KEY, t text);
                CREATE TABLE shop.b (a int REFERENCES shop.a);
                INSERT INTO shop.a (t) SELECT repeat('x', 100) FROM generate_series(1, 5000);
                INSERT INTO shop.b VALUES (1); CREATE TABLE shop.c AS SELECT 1 AS a;
                """
            )
            try await #expect(barn.clean(at: plain).summary == "shop.a 5000, shop.b 1, shop.c 1")
            try await #expect(psql(plain, "INSERT INTO shop.a DEFAULT VALUES RETURNING id") == "1")
            try await barn.sql("DROP OWNED BY clean_owner; DROP ROLE clean_owner")
        }
    }

    @Test func changesSinceThePlanStopTheCleaning() async throws {
        let schema = """
            CREATE SCHEMA shop; CREATE SCHEMA other;
            CREATE TABLE shop.users (id int PRIMARY KEY);
            CREATE TABLE other.notes (u int REFERENCES shop.users ON DELETE CASCADE);
            CREATE TABLE shop.counted (id serial); SELECT nextval('shop.counted_id_seq');
            INSERT INTO shop.users VALUES (1);
            """
        for change in [
            "INSERT INTO other.notes VALUES (1)", "INSERT INTO shop.counted DEFAULT VALUES",
            "CREATE TABLE other.more (u int REFERENCES shop.users)", "CREATE TABLE shop.fresh (u int)",
        ] {
            try await TestProject.with(schema) { barn in
                let error = await failure {
                    try await barn.cleaner().run(
                        approve: { _ in
                            try await barn.sql(change)
                            return true
                        },
                        backUp: nil
                    )
                }
                #expect(error?.code == .busy, "\(change)")
                #expect(error?.message.contains("changed since the plan") == true)
                try await #expect(barn.sql("SELECT count(*) FROM shop.users") == "1")
                // A second attempt includes them.
                try await #expect(barn.clean().tables.contains { $0.name == "shop.users" })
            }
        }
    }

    /// The second of two cleanings at once finds nothing, and must not make a backup of nothing.
    @Test func aCleaningWhoseRowsAreGoneMeanwhileStopsBeforeTheBackup() async throws {
        try await TestProject.with(
            "CREATE SCHEMA shop; CREATE TABLE shop.a (id int); INSERT INTO shop.a VALUES (1), (2)"
        ) { barn in
            let error = await failure {
                try await barn.cleaner().run(
                    approve: { _ in
                        try await barn.clean()
                        return true
                    },
                    backUp: { _ in
                        Issue.record("a backup of no rows")
                        return CleanBackup(file: "there.zip", rows: [:])
                    }
                )
            }
            #expect(error?.code == .busy && error?.exitStatus == .busy)
            #expect(error?.message.contains("rows have changed since the plan") == true)
        }
    }

    @Test func noSessionWritesBetweenTheBackupAndTheCleaning() async throws {
        try await TestProject.with(
            "CREATE SCHEMA shop; CREATE TABLE shop.a (id int PRIMARY KEY); INSERT INTO shop.a VALUES (1), (2)"
        ) { barn in
            let cleaner = barn.cleaner()
            let asked = Mutex<[TableName]>([])
            let report = try await cleaner.run { tables in
                asked.withLock { $0 = tables }
                let write = try await runCommand(
                    "psql",
                    ["-Xqc", "SET lock_timeout = '50ms'", "-c", "INSERT INTO shop.a VALUES (3)", barn.url]
                )
                #expect(write.stderr.contains("lock timeout"))
                try await #expect(barn.sql("SELECT count(*) FROM shop.a") == "2")
                return CleanBackup(file: "there.zip", rows: [TableName(schema: "shop", name: "a"): 2])
            }
            #expect(asked.withLock(\.self) == [TableName(schema: "shop", name: "a")])
            #expect(report?.undo == "there.zip")
            #expect(report?.summary == "shop.a 2")
            struct NoBackup: Error {}
            try await barn.sql("INSERT INTO shop.a VALUES (5)")
            await #expect(throws: NoBackup.self) { _ = try await cleaner.run { _ in throw NoBackup() } }
            try await #expect(barn.rows() == "a 1")
            // Without approval nothing is done.
            try await #expect(cleaner.run(approve: { _ in false }, backUp: nil) == nil)
            try await #expect(barn.rows() == "a 1")
        }
    }

    @Test(arguments: [
        "LOCK TABLE shop.b IN ACCESS EXCLUSIVE MODE", "INSERT INTO shop.a VALUES (7)",
        "SELECT FROM shop.a WHERE id = 1 FOR UPDATE", "ALTER SEQUENCE shop.a_id_seq INCREMENT 2",
    ])
    func aLockThatIsHeldIsNamedAndNothingIsChanged(lock: String) async throws {
        try await TestProject.with(
            """
            CREATE SCHEMA shop; CREATE TABLE shop.a (id serial PRIMARY KEY); CREATE TABLE shop.b (a int REFERENCES shop.a);
            INSERT INTO shop.a DEFAULT VALUES; INSERT INTO shop.b VALUES (1);
            """
        ) { barn in
            let seen = Mutex<[CleanProgress]>([])
            let cleaner = barn.cleaner(at: nil) { event in
                seen.withLock { $0.append(event) }
            } _: {
                $0.lockTimeout = .seconds(2)
            }
            try await barn.holding(lock) {
                let error = await failure { try await cleaner.run(backUp: nil) }
                #expect(error?.code == .busy)
                #expect(error?.message.contains("it is held by process ") == true, "\(error?.message ?? "")")
                #expect(error?.message.contains("(the holder of granary)") == true)
                #expect(error?.message.contains("within 2000 ms") == true)
            }
            let named = seen.withLock { events in
                events.contains { if case .blocked(let who) = $0 { who.contains("the holder") } else { false } }
            }
            #expect(named)
            try await #expect(barn.rows() == "a 1, b 1")
            try await #expect(barn.sql("SELECT last_value FROM shop.a_id_seq") == "1")
            try await #expect(barn.clean().rows == 2)
        }
    }

    @Test func onlyVisibleFactsAboutOtherSessionsAreReported() async throws {
        try await TestProject.with("CREATE SCHEMA shop; CREATE TABLE shop.a AS SELECT 1 AS a") { barn in
            try await barn.sql(
                "DROP ROLE IF EXISTS clean_waiter; CREATE ROLE clean_waiter LOGIN; GRANT USAGE ON SCHEMA shop TO clean_waiter;"
                    + "ALTER TABLE shop.a OWNER TO clean_waiter"
            )
            let waiter = barn.url.replacing("user=granary", with: "user=clean_waiter")
            try await barn.holding("LOCK TABLE shop.a IN SHARE MODE") {
                let error = await failure { try await barn.clean(at: waiter) { $0.lockTimeout = .seconds(1) } }
                #expect(
                    error?.message.firstMatch(of: #/it is held by process [0-9]+ \(the holder of granary\)$/#) != nil,
                    "\(error?.message ?? "")"
                )
            }
            try await barn.sql("DROP OWNED BY clean_waiter CASCADE; DROP ROLE clean_waiter")
        }
    }

    @Test func seedsOfTheServiceAndOfTheTablesThatWereHitAreForgotten() async throws {
        try await TestProject.with(
            """
            CREATE SCHEMA shop; CREATE TABLE shop.a (id int PRIMARY KEY); INSERT INTO shop.a VALUES (1);
            CREATE SCHEMA other; CREATE TABLE other.b (a int REFERENCES shop.a); INSERT INTO other.b VALUES (1);
            """
        ) { barn in
            try await barn.mark()
            let seeds = """
                DELETE FROM granary.seeds; INSERT INTO granary.seeds (service, environment, source, sha256) VALUES
                    ('shop', 'development', 'common/a.csv', 'x'), ('shop', 'development', 'table shop.a', 'x'),
                    ('other', 'development', 'table other.b', 'x'), ('other', 'development', 'common/z.csv', 'x')
                """
            try await barn.sql(seeds)
            try await barn.clean { $0.services = ["shop"] }
            try await #expect(barn.sql("SELECT string_agg(source, ' ') FROM granary.seeds") == "common/z.csv")
            try await barn.sql("INSERT INTO shop.a VALUES (1); \(seeds)")
            try await barn.clean(nil)
            try await #expect(barn.sql("SELECT count(*) FROM granary.seeds") == "0")
            try await #expect(barn.sql("SELECT count(*) FROM granary.environment") == "1")
        }
    }

    /// Otherwise seeding after the undo would generate other rows than the restored ones.
    @Test func theTimeThatIsNowAndWhereGeneratedRowsBeginAreKept() async throws {
        try await TestProject.with(
            "CREATE SCHEMA shop; CREATE TABLE shop.a (id int PRIMARY KEY); INSERT INTO shop.a VALUES (1)"
        ) { barn in
            try await barn.mark()
            try await barn.sql(
                """
                INSERT INTO granary.seeds (service, environment, source, sha256, rows, details) VALUES
                    ('shop', 'development', 'as_of', '2026-01-01', NULL, NULL),
                    ('shop', 'development', 'table shop.a', 'x', 7, '{"key": ["id"], "keys": [["1"]], "start": 1001}'),
                    ('shop', 'development', 'table shop.b', 'x', 7, '{"key": ["id"], "keys": [["1"]]}')
                """
            )
            try await barn.clean { $0.services = ["shop"] }
            try await #expect(
                barn.sql(
                    "SELECT source, sha256, rows, details::json ->> 'start', details::json -> 'keys' FROM granary.seeds ORDER BY 1"
                ) == "as_of|2026-01-01|||\ntable shop.a|||1001|"
            )
        }
    }
}
