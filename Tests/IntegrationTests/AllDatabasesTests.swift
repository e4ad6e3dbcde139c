import Glibc
import TestSupport
import Testing

/// `backup --all-databases`: each database in its own file, and the roles of the server.
@Suite struct AllDatabasesTests {
    /// A server of its own, because every database of it counts, and a project on its database `postgres`.
    private func withServer(_ body: (TestProject) async throws -> Void) async throws {
        let server = try await ThrowawayServer.start()
        do {
            try await ScratchFolder.with { folder in
                try await body(TestProject(server: server, url: server.url(database: "postgres"), folder: folder))
            }
        } catch {
            try? await server.stop()
            throw error
        }
        try await server.stop()
    }

    private func makeDatabases(_ names: String..., on server: ThrowawayServer) async throws {
        for name in names {
            try await server.execute("CREATE DATABASE \"\(name)\"")
            try await psql(server.url(database: name), "CREATE TABLE t AS SELECT generate_series(1, 10) AS a")
        }
    }

    @Test func oneFailureDoesNotStopTheOthersAndWhatIsNoDatabaseOfPeopleIsLeftOut() async throws {
        try await withServer { site in
            let server = site.server
            let drill = "granary_drill_1_0123abcd"
            let scratch = "shop_granary_1_0123abcd"
            try await makeDatabases("shop", "closed", "vault", "old", "test_1", drill, scratch, on: server)
            try await server.execute("CREATE DATABASE model IS_TEMPLATE true")
            try await server.execute("CREATE DATABASE asleep ALLOW_CONNECTIONS false")
            try await server.execute("CREATE ROLE app LOGIN; GRANT pg_read_all_data TO app")
            try await server.execute("REVOKE CONNECT ON DATABASE closed FROM PUBLIC")
            let oid = try await psql(site.url, "SELECT oid FROM pg_database WHERE datname = 'old'")
            let mark = "shop before the restore of 20261123T071500Z, kept by granary as old (database \(oid))"
            try await server.execute("COMMENT ON DATABASE old IS '\(mark)'")
            try site.folder.write(
                #"{"environments": {"vault": {"config": {"encrypted": true}}}}"#,
                to: "migrations/environments.json"
            )
            let vault = server.url(database: "vault")
            let marked = try await site.granary("env", "mark", "vault", environment: ["DATABASE_URL": vault])
            #expect(marked.status == 0, "\(marked)")
            // The rules beside the marker are not needed, and a role with few rights cannot read them.
            try await psql(vault, "GRANT USAGE ON SCHEMA granary TO app")

            let arguments = ["backup", "--all-databases", "--exclude-database", "test*", "--output", "set", "--json"]
            let outcome = try await site.granary(
                arguments,
                environment: ["DATABASE_URL": site.url.replacing("user=granary", with: "user=app")]
            )
            #expect(outcome.status == 1, "\(outcome)")
            #expect(!outcome.stdout.contains("}\n{"), "one document")
            for (name, sentence) in [("closed", "permission denied"), ("vault", "must be encrypted")] {
                let failure = "\"database\":\"\(name)\",\"error\":{\"message\":\""
                let place = try #require(outcome.stdout.firstRange(of: failure), "\(outcome)")
                #expect(outcome.stdout[place.upperBound...].prefix(200).contains(sentence), "\(outcome)")
            }
            #expect(outcome.stdout.contains("\"code\":3"))
            #expect(outcome.stderr.contains("error: 2 of 5 files were not made: closed: "), "\(outcome)")
            let files = site.folder.names(in: "set").filter { !$0.hasSuffix(".json") }.sorted()
            #expect(files.map { $0.prefix { $0 != "-" } } == ["globals", "postgres", "shop"], "\(files)")
            for name in ["asleep", drill, "model", "old", scratch, "template0", "template1", "test_1"] {
                #expect(outcome.stdout.contains("{\"database\":\"\(name)\",\"reason\":\""), "\(name): \(outcome)")
            }
            let verified = try await site.granary("verify", "set/\(files[2])")
            #expect(verified.status == 0, "\(verified)")
        }
    }

    @Test func theRolesOfAServerAreRestoredByPsql() async throws {
        try await withServer { site in
            try await site.sql(
                """
                CREATE ROLE readers; CREATE ROLE owners CREATEDB NOINHERIT;
                CREATE ROLE ann LOGIN PASSWORD 'secret' CONNECTION LIMIT 3 VALID UNTIL '2030-01-01' IN ROLE readers;
                GRANT owners TO ann WITH ADMIN OPTION; GRANT pg_monitor TO readers;
                ALTER ROLE ann SET search_path TO "a b", public; ALTER ROLE ann SET my.own TO 'it''s \\ x';
                ALTER ROLE ALL SET lock_timeout TO '1h'; COMMENT ON ROLE ann IS 'it''s Ann';
                """
            )
            try await site.server.execute("CREATE DATABASE shop")
            try await site.server.execute("ALTER ROLE ann IN DATABASE shop SET work_mem TO '8MB'")
            let plain = try await site.granary("backup", "--all-databases", "--output", "plain")
            #expect(plain.status == 0, "\(plain)")
            let lines = plain.stdout.split(separator: "\n")
            #expect(lines.count == 3 && lines.last?.wholeMatch(of: #/plain\/globals-\d{8}T\d{6}Z\.sql/#) != nil)
            let inClear = String(decoding: site.folder.read(String(lines.last ?? "")), as: UTF8.self)
            #expect(!inClear.contains("SCRAM-SHA-256$"))
            let made = try await site.granary("backup", "--all-databases", "--with-role-passwords", "--output", "set")
            #expect(made.status == 0, "\(made)")
            // The archive of a database may be in clear, or for other readers, and its roles are also those of others.
            let archive = try #require(made.stdout.split(separator: "\n").first { $0.hasPrefix("set/shop-") })
            let roles = try await runCommand("unzip", ["-p", site.folder.file(String(archive)), "schema/roles.sql"])
            #expect(roles.stdout.contains("ann") && !roles.stdout.contains("SCRAM-SHA-256$"), "\(roles)")
            let file = try #require(made.stdout.split(separator: "\n").last.map(String.init))
            let verified = try await site.granary("verify", file, "--json")
            #expect(verified.status == 0 && verified.stdout.contains("\"ok\":true"), "\(verified)")
            let restored = try await site.granary("restore", file, "--into", "fresh")
            #expect(restored.status == 64, "\(restored)")
            #expect(restored.stderr.contains("holds the roles of a server, and no database"), "\(restored)")

            let other = try await ThrowawayServer.start()
            do {
                let url = other.url(database: "postgres")
                try await other.execute("CREATE DATABASE shop")
                let text = String(decoding: site.folder.read(file), as: UTF8.self)
                // What exists stays as it is, so a second run changes nothing.
                for _ in 1...2 {
                    try await psql(url, text)
                    try await #expect(psql(url, Self.portrait) == psql(site.url, Self.portrait))
                }
            } catch {
                try? await other.stop()
                throw error
            }
            try await other.stop()
        }
    }

    @Test func onlyTheDatabasesThatWereBackedUpArePruned() async throws {
        try await withServer { site in
            try await makeDatabases("shop", "closed", on: site.server)
            for _ in 1...2 {
                let made = try await site.granary("backup", "--all-databases")
                #expect(made.status == 0, "\(made)")
            }
            try await site.server.execute("CREATE ROLE app LOGIN; GRANT pg_read_all_data TO app")
            try await site.server.execute("REVOKE CONNECT ON DATABASE closed FROM PUBLIC")
            let pruned = try await site.granary(
                ["backup", "--all-databases", "--prune", "--keep-last", "1"],
                environment: ["DATABASE_URL": site.url.replacing("user=granary", with: "user=app")]
            )
            #expect(pruned.status == 1 && pruned.stderr.contains("closed was not backed up"), "\(pruned)")
            let names = site.folder.names(in: "backups").filter { $0.hasSuffix(".zip") }
            let counts = ["closed", "postgres", "shop"].map { name in names.count { $0.hasPrefix("\(name)-") } }
            #expect(counts == [2, 1, 1], "\(names)")
        }
    }

    private static let portrait = """
        SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolconnlimit, rolvaliduntil,
            rolpassword, shobj_description(oid, 'pg_authid') FROM pg_authid WHERE rolname !~ '^pg_' ORDER BY 1;
        SELECT r.rolname, m.rolname, a.admin_option FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid
            JOIN pg_roles m ON m.oid = a.member WHERE m.rolname !~ '^pg_' ORDER BY 1, 2;
        SELECT r.rolname, d.datname, s.setconfig FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole
            LEFT JOIN pg_database d ON d.oid = s.setdatabase ORDER BY 1, 2;
        """

    @Test func theRolesAreEncryptedIfADatabaseIs() async throws {
        try await withServer { site in
            try await makeDatabases("shop", "vault", on: site.server)
            var site = site
            site.variables["XDG_CONFIG_HOME"] = site.folder.file("settings")
            let key = try await site.granary("key", "new", "--output", "key.txt")
            let config = "{\"encrypted\": true, \"recipients\": [\"\(key.stdout.split(separator: "\n").joined())\"]}"
            try site.folder.write(
                "{\"environments\": {\"vault\": {\"config\": \(config)}}}",
                to: "migrations/environments.json"
            )
            let vault = site.server.url(database: "vault")
            try await #expect(site.granary("env", "mark", "vault", environment: ["DATABASE_URL": vault]).status == 0)
            let made = try await site.granary("backup", "--all-databases")
            #expect(made.status == 0, "\(made)")
            let endings = site.folder.names(in: "backups").filter { !$0.hasSuffix(".json") }.sorted()
                .map { "\($0.prefix { $0 != "-" })\($0.drop { $0 != "." })" }
            #expect(endings == ["globals.sql.age", "postgres.zip", "shop.zip", "vault.zip.age"])
        }
    }

    /// What failed early may be what must be encrypted.
    @Test func theVerifiersAreNotWrittenInClearBesideADatabaseOfUnknownReaders() async throws {
        try await withServer { site in
            try await makeDatabases("gone", on: site.server)
            try await site.sql("CREATE ROLE ann LOGIN PASSWORD 'secret'")
            // No one can connect to it.
            try await site.server.execute("ALTER DATABASE gone SET session_preload_libraries TO 'missing'")
            let arguments = ["backup", "--all-databases", "--metrics", "granary.prom"]
            let hook = ["--on-failure", "cat >document"]
            let made = try await site.granary(arguments + hook + ["--with-role-passwords"])
            #expect(made.status == 1, "\(made)")
            #expect(made.stderr.contains("are not written in clear, because gone may have to be encrypted"), "\(made)")
            #expect(!site.folder.names(in: "backups").contains { $0.hasPrefix("globals") })
            let document = String(decoding: site.folder.read("document"), as: UTF8.self)
            #expect(document.hasPrefix("{\"databases\":[") && document.hasSuffix(",\"code\":1}\n"), "\(document)")
            // Without the roles, the backup of no database is enough.
            #expect(codes(site) == ["gone 1", "postgres 1"])
            let plain = try await site.granary(arguments)
            #expect(plain.status == 1 && site.folder.names(in: "backups").contains { $0.hasPrefix("globals") })
            #expect(codes(site) == ["gone 1", "postgres 0"])
        }
    }

    /// The exit codes of the databases in the file of metrics.
    private func codes(_ site: TestProject) -> [String] {
        String(decoding: site.folder.read("granary.prom"), as: UTF8.self)
            .matches(of: #/last_exit_code\{database="(\w+)"[^}]*\} (\d+)/#).map { "\($0.output.1) \($0.output.2)" }
            .sorted()
    }

    /// A pg_dump that runs `deed` when the second database is described.
    private func dump(that deed: String, in site: TestProject) async throws {
        let program = site.server.program("pg_dump")
        let script = """
            #!/bin/sh
            [ "$1" = --version ] && exec \(program) --version
            if mkdir "\(site.folder.file("first"))" 2>/dev/null; then exec \(program) "$@"; fi
            \(deed); exec sleep 60
            """
        try await writeScript(script, to: site.folder.file("bin/pg_dump"))
    }

    @Test func afterTheLossOfTheServerTheRestIsNotTried() async throws {
        try await withServer { site in
            try await makeDatabases("a", "b", "c", on: site.server)
            try await dump(that: "kill -QUIT $(head -n 1 '\(site.server.data)/postmaster.pid')", in: site)
            let outcome = try await site.granary("backup", "--all-databases", "--postgres-bin", "bin", "--json")
            #expect(outcome.status == 1, "\(outcome)")
            let lost = "not tried, because the server does not answer any more"
            #expect(outcome.stdout.hasPrefix("{\"databases\":[{\"file\":\"backups/a-"), "\(outcome)")
            #expect(outcome.stdout.contains("{\"database\":\"b\",\"error\":{"), "\(outcome)")
            #expect(outcome.stdout.contains("{\"database\":\"c\",\"error\":{\"message\":\"\(lost)\""), "\(outcome)")
            #expect(outcome.stdout.contains("\"globals\":{\"error\":{\"message\":\"\(lost)\""), "\(outcome)")
        }
    }

    @Test func anInterruptEndsTheRun() async throws {
        try await withServer { site in
            try await makeDatabases("a", "b", "c", on: site.server)
            try await dump(that: "kill -INT $PPID", in: site)
            let outcome = try await site.granary(
                "backup",
                "--all-databases",
                "--postgres-bin",
                "bin",
                "--metrics",
                "granary.prom"
            )
            #expect(outcome.status == 130, "\(outcome)")
            #expect(codes(site) == ["a 130", "b 130", "c 130", "postgres 130"])
            let files = site.folder.names(in: "backups")
            #expect(files.count == 2 && files.allSatisfy { $0.hasPrefix("a-") }, "\(files)")
        }
    }

    @Test func aFileAndOptionsOfOneDatabaseAreRefused() async throws {
        try await TestProject.with { site in
            try site.folder.write("", to: "there")
            let wrong = [
                ["--output", "-"], ["--output", "x.zip"], ["--output", "there"], ["--output", "s3://bucket/x"],
                ["--schema", "shop"], ["--table", "t"], ["--exclude-table-data", "t"], ["--service", "shop"],
            ]
            for options in wrong {
                let outcome = try await site.granary(["backup", "--all-databases"] + options)
                #expect(outcome.status == 64, "\(options): \(outcome)")
            }
            let stray = try await site.granary("backup", "--exclude-database", "x")
            #expect(stray.status == 64 && stray.stderr.contains("belongs to --all-databases"), "\(stray)")
        }
    }
}
