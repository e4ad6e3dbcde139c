import Glibc
import Storage
import Synchronization
import TestSupport
import Testing

/// Drills as users of the command meet them, on temporary servers.
@Suite struct DrillTests {
    private static let schema = """
        CREATE TABLE public.users (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text);
        INSERT INTO public.users (name) SELECT 'name of ' || g FROM pg_catalog.generate_series(1, 3000) g;
        """

    /// A project with a marked database and a backup of it.
    private func withBackup(
        _ sql: String = schema,
        files: KeyValuePairs<String, String> = [:],
        _ body: (_ project: TestProject, _ file: String) async throws -> Void
    ) async throws {
        try await TestProject.with(sql, files: files, in: serverParent) { project in
            // The account of the temporary server must be able to enter its folder.
            chmod(project.folder.path, 0o755)
            var project = project
            project.variables["XDG_CACHE_HOME"] = project.folder.file("cache")
            project.variables["XDG_CONFIG_HOME"] = project.folder.file("settings")
            project.variables["GRANARY_SERVER_FOLDER"] = project.folder.file("servers")
            try await project.mark()
            let made = try await project.granary("backup", "--quiet")
            #expect(made.status == 0, "\(made)")
            try await body(project, made.stdout.trimmed)
        }
    }

    /// What temporary servers have left.
    private func leftOvers(_ project: TestProject) -> [String] {
        project.folder.names(in: "cache/granary/drills") + project.folder.names(in: "servers")
    }

    @Test func theNewestBackupIsRestoredOnATemporaryServerAndDeleted() async throws {
        try await withBackup { project, file in
            let told = ["--metrics", "granary.prom", "--on-success", "cat >document", "--on-failure", "touch failed"]
            let outcome = try await project.granary(["drill", "--max-age", "26h", "--json"] + told)
            #expect(outcome.status == 0, "\(outcome)")
            let document = String(decoding: project.folder.read("document"), as: UTF8.self)
            #expect(document.hasPrefix("{\"report\":\"granary drill\",\"ok\":true,"), "\(document)")
            #expect(document.hasSuffix(",\"seal\":null,\"code\":0}\n"), "\(document)")
            let metrics = String(decoding: project.folder.read("granary.prom"), as: UTF8.self)
            let labels = "{database=\"\(project.database)\",environment=\"development\"}"
            #expect(metrics.contains("granary_drill_last_exit_code\(labels) 0\n"), "\(metrics)")
            #expect(metrics.contains("granary_drill_rto_seconds\(labels) "), "\(metrics)")
            #expect(!project.folder.names().contains("failed"))
            for part in [
                "\"report\":\"granary drill\",\"ok\":true,\"file\":\"\(file)\"", "\"rpo_seconds\":", "\"rto_seconds\":",
                "{\"check\":\"rows\",\"ok\":true,", "{\"check\":\"age\",\"ok\":true,",
                "\"server\":\"a temporary server\"",
                "\"environment\":\"development\"",
            ] {
                #expect(outcome.stdout.contains(part), "\(part): \(outcome)")
            }
            #expect(!outcome.stdout.contains("name of"))
            #expect(leftOvers(project) == [])
            let listed = try await project.granary("backups", "--json")
            #expect(listed.stdout.contains(#/"drilled_at":"20[^"]+","drill_ok":true/#), "\(listed)")
            let shown = try await project.granary("backups")
            #expect(shown.stdout.contains("drilled"), "\(shown)")
        }
    }

    @Test func rolesAndOwnersAreRestoredOnATemporaryServer() async throws {
        let server = try await ThrowawayServer.shared()
        try await server.execute("CREATE ROLE drilled_owner")
        do {
            let sql = Self.schema + "ALTER TABLE public.users OWNER TO drilled_owner;"
            try await withBackup(
                sql,
                files: [
                    "smoke/owner.sql": """
                    SELECT 1 FROM pg_tables WHERE tablename = 'users' AND tableowner <> 'drilled_owner'
                    """
                ]
            ) { project, _ in
                let outcome = try await project.granary("drill", "--smoke", "smoke")
                #expect(outcome.status == 0, "\(outcome)")
                #expect(!outcome.stdout.contains("owners"), "\(outcome)")
            }
        } catch {
            Issue.record("\(error)")
        }
        try await server.execute("DROP ROLE drilled_owner")
    }

    @Test func findingsEndWithTwoAndWhatCannotBeDoneWithOne() async throws {
        try await withBackup(files: ["smoke/all.sql": "SELECT * FROM users"]) { project, file in
            let bodies = Mutex<[String]>([])
            let checks = try HTTPProxy(before: 0) { request, _ in
                bodies.withLock { $0.append("\(request.target) \(String(decoding: request.body, as: UTF8.self))") }
                return .answer(200)
            }
            let told: [String: String?] = [
                "GRANARY_PING": "\(checks.endpoint)/secret", "GRANARY_METRICS": "granary.prom",
                "GRANARY_ON_FAILURE": "cat >document",
            ]
            let found = try await project.granary("drill", "--smoke", "smoke", environment: told)
            #expect(found.status == 2, "\(found)")
            let pings = bodies.withLock(\.self)
            #expect(pings.count == 2 && pings[0].hasPrefix("/secret/start?"), "\(pings)")
            #expect(pings.last?.hasPrefix("/secret/fail?") == true && pings.last?.contains("exit_code 2\n") == true)
            let document = String(decoding: project.folder.read("document"), as: UTF8.self)
            #expect(document.contains("\"ok\":false") && document.hasSuffix("\"code\":2}\n"), "\(document)")
            let metrics = String(decoding: project.folder.read("granary.prom"), as: UTF8.self)
            #expect(metrics.contains("granary_drill_last_exit_code{database=\"\(project.database)\","), "\(metrics)")
            #expect(!metrics.contains("last_success"), "\(metrics)")
            #expect(found.stdout.contains("FAIL  smoke"))
            #expect(found.stdout.contains("smoke/all.sql returned 3,000 rows"))
            let listed = try await project.granary("backups", "--json")
            #expect(listed.stdout.contains("\"drill_ok\":false"), "\(listed)")
            let missing = try await project.granary("drill", "no.zip")
            #expect(missing.status == 1, "\(missing)")
            let folder = try await project.granary("drill", "--smoke", "none")
            #expect(folder.status == 1 && folder.stderr.contains("there is no .sql file in none"), "\(folder)")
            let server = try await project.granary("drill", "--server", project.url)
            #expect(server.status == 3, "\(server)")
            #expect(server.stderr.contains("the server of --server is the one that was backed up"))
            let less = ["backup", "--exclude-table-data", "users", "--output", "backups/less.zip"]
            try await #expect(project.granary(less).status == 0)
            let same = ["drill", "--server", project.url, "--same-server", "--latest"]
            let beside = try await project.granary(same + [file])
            #expect(beside.status == 64, "\(beside)")
            let newest = try await project.granary(same)
            #expect(newest.status == 0 && newest.stdout.contains("\(file)  nothing found"), "\(newest)")
            #expect(newest.stderr.contains("note: less.zip is newer than"), "\(newest)")
            _ = shell("rm '\(project.folder.file(file))'")
            let other = try await project.granary(same)
            #expect(other.status == 0 && other.stderr.contains("note: less.zip is not complete (whole"), "\(other)")
            #expect(other.stdout.contains("not drilled: rows of public.users"), "\(other)")
        }
    }

    /// One document, for programs that read standard output, and for the command of the user.
    @Test func anErrorAfterTheRestoreIsInTheDocumentOfTheReport() async throws {
        let files: KeyValuePairs = ["smoke/end.sql": "SELECT pg_terminate_backend(pg_backend_pid())"]
        try await withBackup(files: files) { project, _ in
            let told = ["--json", "--quick", "--smoke", "smoke", "--on-failure", "cat >document"]
            let ended = try await project.granary(["drill"] + told)
            #expect(ended.status != 0 && ended.status != 2, "\(ended)")
            let lines = ended.stdout.split(separator: "\n")
            #expect(lines.count == 1 && lines[0].hasPrefix("{\"report\":\"granary drill\",\"ok\":false,"), "\(ended)")
            #expect(ended.stdout.contains("\"error\":{\"message\":"), "\(ended)")
            #expect(ended.stderr.contains("granary: error: "), "\(ended)")
            let document = String(decoding: project.folder.read("document"), as: UTF8.self)
            #expect(document.contains("\"rto_seconds\":") && document.contains("\"error\":{"), "\(document)")
            try project.folder.write("", to: "taken")
            let unwritten = try await project.granary("drill", "--json", "--quick", "--report", "taken/report.md")
            #expect(unwritten.status == 1, "\(unwritten)")
            #expect(unwritten.stdout.split(separator: "\n").count == 1, "\(unwritten)")
            #expect(unwritten.stdout.contains("\"error\":{\"message\":\"taken could not be written\""), "\(unwritten)")
        }
    }

    @Test(arguments: ["report.json", "report.md", "report.txt"])
    func aReportIsSealedAndAnAlterationIsSeen(name: String) async throws {
        try await withBackup { project, file in
            let outcome = try await project.granary("drill", "--report", name)
            #expect(outcome.status == 0, "\(outcome)")
            let text = String(decoding: project.folder.read(name), as: UTF8.self)
            #expect(text.contains(file) && text.contains("hmac_sha_256"))
            let verified = try await project.granary("verify", name)
            #expect(verified.status == 0, "\(verified)")
            #expect(verified.stdout == "ok  \(name)  the report of a drill, sealed and unchanged  0.0 s\n")
            try project.folder.write(text.replacing("3,000", with: "3,001").replacing("3000", with: "3001"), to: name)
            let altered = try await project.granary("verify", name)
            #expect(altered.status == 2, "\(altered)")
            #expect(altered.stdout.contains("the report was changed after it was sealed"))
            try project.folder.write(text, to: name)
            let stranger = try await project.granary(
                "verify",
                name,
                environment: ["GRANARY_ARCHIVE_KEY": String(repeating: "other", count: 8)]
            )
            #expect(stranger.status == 2 && stranger.stdout.contains("does not have"), "\(stranger)")
        }
    }

    /// Starts the command, whose output goes into the file `out`.
    private func start(_ project: TestProject, _ arguments: String...) throws -> pid_t {
        let key = String(repeating: "key of the tests ", count: 3)
        let variables = project.variables.merging(["GRANARY_ARCHIVE_KEY": key]) { $1 }
            .compactMap { name, value in value.map { "\(name)='\($0)'" } }
        let words = ([try granaryBinary()] + arguments).map { "'\($0)'" }
        let started = shell(
            "(cd '\(project.folder.path)' && exec env \((variables + words).joined(separator: " ")) >out 2>&1) & echo $!"
        )
        return try #require(pid_t(started.output.trimmed))
    }

    @Test func aDrillThatWasKilledIsDeletedByTheNext() async throws {
        try await withBackup(files: ["slow/slow.sql": "SELECT 1 FROM pg_sleep(600)"]) { project, _ in
            let process = try start(project, "drill", "--smoke", "slow")
            try await eventually { String(decoding: project.folder.read("out"), as: UTF8.self).contains("smoke") }
            kill(process, SIGKILL)
            #expect(!leftOvers(project).isEmpty)
            let next = try await project.granary("drill")
            #expect(next.status == 0, "\(next)")
            #expect(next.stderr.contains("which a killed run had left"), "\(next)")
            #expect(leftOvers(project) == [])
        }
    }

    /// Also while the server is made, or starts: a program that was started for that goes on for a moment.
    @Test(arguments: sampled([100, 400, 800, 1500, 3000], every: 2))
    func aKillAtAnyMomentLeavesNothingForLong(milliseconds: Int) async throws {
        try await withBackup { project, _ in
            let process = try start(project, "drill")
            try await Task.sleep(for: .milliseconds(milliseconds))
            kill(process, SIGKILL)
            try await Task.sleep(for: .seconds(2))
            let next = try await project.granary("drill")
            #expect(next.status == 0, "\(next)")
            try await eventually {
                if leftOvers(project) == [] { return true }
                _ = try? await project.granary("drill")
                return false
            }
        }
    }

    @Test func aDrillThatIsInterruptedLeavesNothing() async throws {
        try await withBackup(files: ["slow/slow.sql": "SELECT 1 FROM pg_sleep(600)"]) { project, _ in
            let process = try start(project, "drill", "--smoke", "slow")
            try await eventually { String(decoding: project.folder.read("out"), as: UTF8.self).contains("smoke") }
            kill(process, SIGINT)
            try await eventually { leftOvers(project) == [] }
        }
    }

    @Test func whatWasFoundCanBeLookedAt() async throws {
        try await withBackup(files: ["smoke/all.sql": "SELECT * FROM users"]) { project, _ in
            let outcome = try await project.granary("drill", "--smoke", "smoke", "--keep-on-failure")
            #expect(outcome.status == 2, "\(outcome)")
            let look = try #require(outcome.stderr.firstMatch(of: #/the restored database is kept: (psql .*)/#)?.1)
            let counted = await longShell("\(look) -XAtc 'SELECT count(*) FROM users'")
            #expect(counted.output == "3000\n")
            let drop = try #require(outcome.stderr.firstMatch(of: #/to delete it: (.*)/#)?.1)
            let next = try await project.granary("drill")
            #expect(next.status == 0)
            #expect(await longShell("\(look) -XAtc 'SELECT count(*) FROM users'").output == "3000\n")
            let folder = try granaryBinary()
            let path = folder[..<(folder.lastIndex(of: "/") ?? folder.endIndex)]
            let servers = project.folder.file("servers")
            let dropped = await longShell("export PATH='\(path)':$PATH GRANARY_SERVER_FOLDER='\(servers)'; \(drop)")
            #expect(dropped.status == 0, "\(dropped)")
            #expect(leftOvers(project) == [])
        }
    }

    @Test func anEncryptedBackupIsDrilledWithItsIdentity() async throws {
        try await withBackup { project, _ in
            let made = try await project.granary("key", "new")
            let backup = try await project.granary("backup", "--quiet", "--recipient", made.stdout.trimmed)
            let file = backup.stdout.trimmed
            let outcome = try await project.granary("drill", file, "--json")
            #expect(outcome.status == 0, "\(outcome)")
            #expect(outcome.stdout.contains("\"encrypted\":true"))
            // The sidecar tells no name that the encryption hides.
            let sidecar = String(decoding: project.folder.read("\(file).json"), as: UTF8.self)
            #expect(sidecar.contains("\"drillOK\" : true") && !sidecar.contains("users"), "\(sidecar)")
        }
    }

    /// A backup of an older version has no sidecar, nor has one that was copied alone.
    @Test func aMissingSidecarIsMade() async throws {
        try await withBackup { project, file in
            unlink(project.folder.file("\(file).json"))
            let outcome = try await project.granary("drill")
            #expect(outcome.status == 0, "\(outcome)")
            let digest = await longShell("sha256sum '\(project.folder.file(file))'").output.prefix(64)
            let listed = try await project.granary("backups", "--json")
            #expect(listed.stdout.contains(#/"drilled_at":"20[^"]+","drill_ok":true/#), "\(listed)")
            #expect(listed.stdout.contains("\"sha256\":\"\(digest)\""), "\(listed)")
            // It is sealed, so that `verify` notes its result there, too.
            let verified = try await project.granary("verify", file)
            #expect(verified.status == 0, "\(verified)")
            let sidecar = String(decoding: project.folder.read("\(file).json"), as: UTF8.self)
            #expect(sidecar.contains("verifiedAt"), "\(sidecar)")
        }
    }

    @Test func aSidecarThatAnotherInstallationSealedIsLeftAlone() async throws {
        try await withBackup { project, file in
            let sidecar = project.folder.read("\(file).json")
            let outcome = try await project.granary(
                "drill",
                "--trust",
                environment: ["GRANARY_ARCHIVE_KEY": String(repeating: "other", count: 8)]
            )
            #expect(outcome.status == 0, "\(outcome)")
            #expect(
                outcome.stderr.contains("\(file).json is sealed by a key that this installation does not have"),
                "\(outcome)"
            )
            #expect(project.folder.read("\(file).json") == sidecar)
        }
    }

    @Test(arguments: ["plain", "custom", "directory"])
    func dumpsAreDrilledWithoutDigestsAndThatIsSaid(format: String) async throws {
        try await withBackup { project, _ in
            let path = project.folder.file("dump")
            let server = project.server
            let dumped = try await runCommand(server.program("pg_dump"), ["-F", format, "-f", path, project.url])
            #expect(dumped.status == 0, "\(dumped)")
            let outcome = try await project.granary("drill", "dump", "--json")
            #expect(outcome.status == 0, "\(outcome)")
            #expect(
                outcome.stdout.contains("{\"what\":\"digests of rows\",\"reason\":\"a dump has none to compare with\"}")
            )
            #expect(outcome.stdout.contains("{\"check\":\"sequences\",\"ok\":true"))
            // A folder is not one file.
            let digest = await longShell("sha256sum '\(path)'").output.prefix(64)
            #expect(outcome.stdout.contains("\"sha256\":\"\(digest)\"") == (format != "directory"), "\(outcome)")
            // No list of backups shows it, so nothing is written beside it.
            #expect(!outcome.stderr.contains("will not show"), "\(outcome)")
            #expect(project.folder.names().filter { $0.hasPrefix("dump") } == ["dump"])
        }
    }

    /// A backup in a folder of a new bucket.
    private func withObject(
        _ body: (_ project: TestProject, _ bucket: Bucket, _ folder: String, _ file: String) async throws -> Void
    ) async throws {
        let store = try await ObjectStore.shared()
        let bucket = try ObjectStores(store.settings()).bucket(try store.newBucket())
        try await withBackup { project, _ in
            var project = project
            project.variables.merge(store.variables()) { $1 }
            project.variables["XDG_STATE_HOME"] = project.folder.file("state")
            let folder = "s3://\(bucket.name)/shop/"
            let made = try await project.granary("backup", "--quiet", "--output", folder)
            #expect(made.status == 0, "\(made)")
            try await body(project, bucket, folder, made.stdout.trimmed)
        }
    }

    @Test(.enabled(if: ObjectStore.isAvailable, "\(ObjectStore.absence)"))
    func theNewestBackupInABucketIsDrilled() async throws {
        try await withObject { project, bucket, folder, file in
            let outcome = try await project.granary("drill", "--backups", folder, "--json")
            #expect(outcome.status == 0, "\(outcome)")
            #expect(outcome.stdout.contains("\"ok\":true,\"file\":\"\(file)\""), "\(outcome)")
            let listed = try await project.granary("backups", "--backups", folder, "--json")
            #expect(listed.stdout.contains(#/"drilled_at":"20[^"]+","drill_ok":true/#), "\(listed)")
            // A file that is cut off has no time of its own, so that of the store counts.
            try bucket.replace("shop/zz.zip", Array("PK\u{3}\u{4} and nothing else".utf8))
            let next = try await project.granary("drill", file, "--backups", folder)
            #expect(next.status == 0, "\(next)")
            try await Task.sleep(for: .milliseconds(1100))
            try bucket.replace("shop/zz.zip", Array("PK\u{3}\u{4} and nothing more".utf8))
            let newest = try await project.granary("drill", "--backups", folder)
            #expect(newest.status == 2, "\(newest)")
            #expect(newest.stdout.contains("zz.zip is newer than"), "\(newest)")
        }
    }

    @Test(.enabled(if: ObjectStore.isAvailable, "\(ObjectStore.absence)"))
    func theAgeOfADumpInABucketIsThatOfTheObject() async throws {
        try await withObject { project, _, folder, _ in
            let made = try await project.granary("backup", "--quiet", "--output", "\(folder)x.sql.gz")
            #expect(made.status == 0, "\(made)")
            let outcome = try await project.granary("drill", made.stdout.trimmed, "--max-age", "7d")
            #expect(outcome.status == 0, "\(outcome)")
            #expect(outcome.stdout.contains("ok    age"), "\(outcome)")
        }
    }

    @Test func aNewerFileThatCannotBeReadIsAFinding() async throws {
        try await withBackup { project, file in
            try project.folder.write(Array(project.folder.read(file).dropLast(500)), to: "backups/zz.zip")
            utimensat(
                AT_FDCWD,
                project.folder.file("backups/zz.zip"),
                [
                    timespec(tv_sec: time(nil) + 60, tv_nsec: 0), timespec(tv_sec: time(nil) + 60, tv_nsec: 0),
                ],
                0
            )
            let outcome = try await project.granary("drill")
            #expect(outcome.status == 2, "\(outcome)")
            #expect(outcome.stdout.contains("FAIL  newest"))
            #expect(outcome.stdout.contains("zz.zip is newer than"))
        }
    }

    private static let migrations: KeyValuePairs = [
        "migrations/000001_users.up.sql": "CREATE TABLE public.users (id int PRIMARY KEY, name text);",
        "migrations/000001_users.down.sql": "DROP TABLE public.users;",
        "environments.json": "{\"service\": \"shop\", \"schemas\": [\"public\"]}",
    ]

    /// The rules protect the real database.
    @Test func approvalsWindowsAndBackupsDoNotApplyToTheCopy() async throws {
        try await withBackup("", files: Self.migrations) { project, _ in
            let up = try await project.granary("migrate", "up")
            #expect(up.status == 0, "\(up)")
            let backup = try await project.granary("backup", "--quiet", "--output", "b.zip")
            #expect(backup.status == 0, "\(backup)")
            try project.folder.write(
                """
                {"service": "shop", "schemas": ["public"], "environments": {"development": {"config": {
                    "require_approval": true, "allow_destructive_operations": false, "backup_required": true,
                    "maintenance_window_required": true, "maintenance_window": "Sun 02:00-02:01 UTC"}}}}
                """,
                to: "environments.json"
            )
            try project.writeMigration("DROP TABLE public.users;", to: "000002_gone.up.sql")
            try project.writeMigration("CREATE TABLE public.users ();", to: "000002_gone.down.sql")
            let real = try await project.granary("migrate", "up")
            #expect(real.status == 3, "\(real)")
            let drill = try await project.granary("drill", "b.zip", "--migrate")
            #expect(drill.status == 0, "\(drill)")
            #expect(drill.stdout.contains("1 pending migration applied in "), "\(drill)")
        }
    }

    @Test func migrationsThatActOnAWholeServerAreAppliedOnlyToATemporaryOne() async throws {
        try await withBackup("", files: Self.migrations) { project, _ in
            let up = try await project.granary("migrate", "up")
            #expect(up.status == 0, "\(up)")
            let backup = try await project.granary("backup", "--quiet", "--output", "b.zip")
            #expect(backup.status == 0, "\(backup)")
            try project.writeMigration("CREATE ROLE drilled_beyond;", to: "000002_role.up.sql")
            try project.writeMigration("DROP ROLE drilled_beyond;", to: "000002_role.down.sql")
            let elsewhere = try await project.granary(
                ["drill", "b.zip", "--migrate", "--server", project.url, "--same-server"]
            )
            #expect(elsewhere.status == 0, "\(elsewhere)")
            #expect(elsewhere.stdout.contains("not drilled: 000002_role and the migrations after it"), "\(elsewhere)")
            try await #expect(
                project.sql("SELECT count(*) FROM pg_roles WHERE rolname = 'drilled_beyond'") == "0"
            )
            let own = try await project.granary("drill", "b.zip", "--migrate")
            #expect(own.status == 0, "\(own)")
            #expect(own.stdout.contains("1 pending migration applied in "), "\(own)")
        }
    }

    @Test func theLedgerIsComparedAndPendingMigrationsAreTimed() async throws {
        try await withBackup("", files: Self.migrations) { project, _ in
            let up = try await project.granary("migrate", "up")
            #expect(up.status == 0, "\(up)")
            try await project.sql("INSERT INTO public.users SELECT g, 'x' FROM generate_series(1, 1000) g")
            let backup = try await project.granary("backup", "--quiet", "--output", "b.zip")
            #expect(backup.status == 0, "\(backup)")
            try project.writeMigration(
                "ALTER TABLE public.users ALTER COLUMN id TYPE bigint;",
                to: "000002_wide.up.sql"
            )
            try project.writeMigration("ALTER TABLE public.users ALTER COLUMN id TYPE int;", to: "000002_wide.down.sql")
            let sound = try await project.granary("drill", "b.zip", "--migrate", "--json")
            #expect(sound.status == 0, "\(sound)")
            #expect(
                sound.stdout.contains(
                    #/"name":"000002_wide","seconds":[0-9.]+,"locks":\["public.users: ACCESS EXCLUSIVE"\],"rewritten":\["public.users"\]/#
                ),
                "\(sound)"
            )
            try project.writeMigration("ALTER TABLE public.users ADD CHECK (name <> 'x');", to: "000003_check.up.sql")
            try project.writeMigration("SELECT 1;", to: "000003_check.down.sql")
            let failing = try await project.granary("drill", "b.zip", "--migrate")
            #expect(failing.status == 2, "\(failing)")
            #expect(failing.stdout.contains("FAIL  migrations"), "\(failing)")
            #expect(failing.stdout.contains("000003_check"), "\(failing)")
            let without = try await project.granary("drill", "b.zip")
            #expect(without.status == 0, "\(without)")
            #expect(without.stdout.contains("1 migration applied, unchanged in the files; 2 pending"), "\(without)")
            try project.writeMigration("CREATE TABLE public.users (id int PRIMARY KEY);", to: "000001_users.up.sql")
            let changed = try await project.granary("drill", "b.zip")
            #expect(changed.status == 2, "\(changed)")
            #expect(changed.stdout.contains("000001_users is applied, and its file has changed since"), "\(changed)")
        }
    }
}

extension String {
    fileprivate var trimmed: String { hasSuffix("\n") ? String(dropLast()) : self }
}
