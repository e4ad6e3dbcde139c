import Glibc
import TestSupport
import Testing

/// Archives that another installation has made run their code only after a confirmation.
@Suite struct TrustTests {
    private static let code = """
        CREATE TABLE t AS SELECT 1 AS a;
        CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN NEW; END';
        CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
        """

    /// Runs granary as an installation with its own folder of settings, and without a key in the environment.
    private func granary(
        _ arguments: String...,
        as installation: String,
        at url: String,
        in folder: ScratchFolder,
        _ environment: [String: String?] = [:]
    ) async throws -> CommandOutcome {
        var variables: [String: String?] = [
            "GRANARY_ARCHIVE_KEY": nil, "XDG_CONFIG_HOME": "\(folder.path)/\(installation)",
            "DATABASE_URL": url, "GRANARY_ENV": "development",
        ]
        variables.merge(environment) { $1 }
        return try await runCommand(
            granaryBinary(),
            arguments,
            environment: variables,
            workingDirectory: folder.path
        )
    }

    private func withDatabase(
        _ sql: String,
        _ body: (_ url: String, _ folder: ScratchFolder) async throws -> Void
    ) async throws {
        let server = try await ThrowawayServer.start()
        try await TestProject.with(sql, on: server) { try await body($0.url, $0.folder) }
        try await server.stop()
    }

    @Test func ownArchivesComeBackWithoutBeingAskedAboutAndOthersAreRefused() async throws {
        try await withDatabase(Self.code) { url, folder in
            let backup = try await granary("backup", "--output", "a.zip", as: "mine", at: url, in: folder)
            try #require(backup.status == 0, "\(backup)")
            #expect(fileMode("\(folder.path)/mine/granary/archive.key") == 0o600)
            let own = try await granary("restore", "a.zip", "--into", "own", "--json", as: "mine", at: url, in: folder)
            #expect(own.status == 0, "\(own)")
            #expect(own.stdout.contains("\"trusted\":true"))
            #expect(!own.stderr.contains("was not made by this installation"))

            let refused = try await granary("restore", "a.zip", "--into", "new", as: "other", at: url, in: folder)
            #expect(refused.status == 3, "\(refused)")
            #expect(
                refused.stderr.contains(
                    """
                    granary: error: a.zip was not made by this installation, and would run 1 function in plpgsql, 1 of them SECURITY DEFINER, 1 trigger
                    hint: nothing was changed; if you know who made it: granary restore --trust a.zip --into new
                    """
                ),
                "\(refused)"
            )
            try await #expect(psql(url, "SELECT count(*) FROM pg_database WHERE datname = 'new'") == "0")
            // The line in the hint can be pasted.
            let trusted = try await granary(
                "restore",
                "--trust",
                "a.zip",
                "--into",
                "new",
                "--json",
                as: "other",
                at: url,
                in: folder
            )
            #expect(trusted.status == 0, "\(trusted)")
            #expect(trusted.stdout.contains("\"trusted\":false"))
            #expect(trusted.stderr.contains("- 1 trigger\n"))
            let variable = try await granary(
                "restore",
                "a.zip",
                "--into",
                "newer",
                as: "other",
                at: url,
                in: folder,
                ["GRANARY_TRUST": "1"]
            )
            #expect(variable.status == 0, "\(variable)")
        }
    }

    @Test func thePlanListsTheCodeThatWouldRun() async throws {
        try await withDatabase(Self.code) { url, folder in
            try #require(await granary("env", "mark", "development", as: "mine", at: url, in: folder).status == 0)
            let backup = try await granary("backup", "--output", "a.zip", as: "mine", at: url, in: folder)
            try #require(backup.status == 0, "\(backup)")
            for (installation, origin) in [("mine", "made"), ("other", "not made")] {
                let plan = try await granary("restore", "a.zip", "--plan", as: installation, at: url, in: folder)
                #expect(plan.status == 0)
                #expect(
                    plan.stdout.contains(
                        "It runs, \(origin) by this installation:\n- 1 function in plpgsql, 1 of them SECURITY DEFINER\n- 1 trigger\n"
                    ),
                    "\(plan)"
                )
                let json = try await granary(
                    "restore",
                    "a.zip",
                    "--plan",
                    "--json",
                    as: installation,
                    at: url,
                    in: folder
                )
                #expect(json.stdout.contains("\"trusted\":\(installation == "mine")"))
                #expect(
                    json.stdout.contains(
                        "\"runs\":{\"functions\":{\"plpgsql\":1},\"security_definers\":1,\"triggers\":1"
                    )
                )
            }
        }
    }

    /// The key of another folder belongs to another installation.
    @Test func aFolderOfSettingsThatIsNamedIsTheOnlyOne() async throws {
        try await withDatabase(Self.code) { url, folder in
            let home: [String: String?] = ["HOME": folder.file("home")]
            let key = try folder.write(
                String(repeating: "0a", count: 32) + "\n",
                to: "home/.config/granary/archive.key"
            )
            chmod(key, 0o600)
            let atHome = home.merging(["XDG_CONFIG_HOME": nil]) { $1 }
            _ = try await granary("backup", "--output", "home.zip", as: "mine", at: url, in: folder, atHome)
            #expect(!folder.names().contains("mine"))
            _ = try await granary("backup", "--output", "a.zip", as: "mine", at: url, in: folder, home)
            #expect(fileMode(folder.file("mine/granary/archive.key")) == 0o600)
            for (file, status) in [("a.zip", 0), ("home.zip", 3)] as [(String, Int32)] {
                let restored = try await granary(
                    "restore",
                    file,
                    "--into",
                    "new",
                    as: "mine",
                    at: url,
                    in: folder,
                    home
                )
                #expect(restored.status == status, "\(restored)")
            }
        }
    }

    /// As in a container with a read-only file system.
    @Test func withoutAWritableKeyTheBackupIsMadeWithoutASeal() async throws {
        try await withDatabase("CREATE TABLE t ()") { url, folder in
            let nowhere = ["XDG_CONFIG_HOME": "/proc/none"]
            let backup = try await granary("backup", "--output", "a.zip", as: "mine", at: url, in: folder, nowhere)
            #expect(backup.status == 0, "\(backup)")
            #expect(backup.stderr.contains("so the backup gets no seal"), "\(backup)")
            let shared = nowhere.merging(["GRANARY_ARCHIVE_KEY": String(repeating: "shared", count: 8)]) { $1 }
            let sealed = try await granary("backup", "--output", "b.zip", as: "mine", at: url, in: folder, shared)
            #expect(sealed.status == 0, "\(sealed)")
            #expect(!sealed.stderr.contains("seal"))
        }
    }

    @Test func aSharedKeyIsTrustedOnEveryMachine() async throws {
        try await withDatabase(Self.code) { url, folder in
            let shared = ["GRANARY_ARCHIVE_KEY": String(repeating: "shared", count: 8)]
            let backup = try await granary("backup", "--output", "a.zip", as: "mine", at: url, in: folder, shared)
            try #require(backup.status == 0, "\(backup)")
            #expect(!folder.names().contains("mine"))
            let other = try await granary("restore", "a.zip", "--into", "new", as: "other", at: url, in: folder, shared)
            #expect(other.status == 0, "\(other)")
            let without = try await granary("restore", "a.zip", "--into", "no", as: "other", at: url, in: folder)
            #expect(without.status == 3)
            let short = try await granary(
                "backup",
                as: "mine",
                at: url,
                in: folder,
                ["GRANARY_ARCHIVE_KEY": "short secret"]
            )
            #expect(short.status == 64)
            #expect(short.stderr.contains("GRANARY_ARCHIVE_KEY is too short"))
            #expect(!short.stderr.contains("short secret"))
        }
    }

    @Test func archivesWithoutCodeNeedNoTrust() async throws {
        let tables =
            "CREATE TABLE t (a int PRIMARY KEY CHECK (a > 0), at timestamptz DEFAULT now()); INSERT INTO t VALUES (1)"
        try await withDatabase(tables) { url, folder in
            let plain = try await granary("backup", "--output", "a.zip", as: "mine", at: url, in: folder)
            try #require(plain.status == 0, "\(plain)")
            let foreign = try await granary("restore", "a.zip", "--into", "new", as: "other", at: url, in: folder)
            #expect(foreign.status == 0, "\(foreign)")
            try await psql(url, "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'")
            let backup = try await granary("backup", "--output", "b.zip", as: "mine", at: url, in: folder)
            try #require(backup.status == 0, "\(backup)")
            try #require(try await granary("env", "mark", "development", as: "other", at: url, in: folder).status == 0)
            for part in [["--data-only"], ["--table", "t", "--rows", "missing"], ["--table", "t=u"]] {
                let rows = try await runCommand(
                    granaryBinary(),
                    ["restore", "b.zip"] + part,
                    environment: ["DATABASE_URL": url, "XDG_CONFIG_HOME": "\(folder.path)/other"],
                    workingDirectory: folder.path
                )
                #expect(rows.status == 0, "\(part): \(rows)")
            }
            let whole = try await granary("restore", "b.zip", "--into", "no", as: "other", at: url, in: folder)
            #expect(whole.status == 3)
        }
    }

    /// An archive that was changed, with corrected checksums.
    @Test func aChangedArchiveIsNotTrusted() async throws {
        try await withDatabase("CREATE TABLE t AS SELECT 1 AS a") { url, folder in
            let backup = try await granary("backup", "--output", "a.zip", as: "mine", at: url, in: folder)
            try #require(backup.status == 0, "\(backup)")
            let change = """
                import sys, zipfile, struct
                source = zipfile.ZipFile('a.zip')
                data = open('a.zip', 'rb').read()
                old = source.read('manifest.json')
                new = old.replace(b'CREATE TABLE public.t', b'CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$SELECT 1$$;CREATE TABLE public.t', 1)
                assert old != new
                import zlib
                offset = source.getinfo('manifest.json').header_offset
                common = struct.pack('<HHHHHIIIH', 20, 0x800, 0, 0, 0x21, zlib.crc32(new), len(new), len(new), 13)
                local = b'PK\\x03\\x04' + common + struct.pack('<H', 0) + b'manifest.json' + new
                start = source.start_dir
                end = data[start:]
                record = end.rindex(b'PK\\x01\\x02')
                directory = end[:record] + b'PK\\x01\\x02' + struct.pack('<H', 0x32d) + common + struct.pack('<HHHHII', 0, 0, 0, 0, 0o100600 << 16, offset) + b'manifest.json'
                count = len(source.namelist())
                out = data[:offset] + local + directory + b'PK\\x05\\x06' + struct.pack('<HHHHIIH', 0, 0, count, count, len(directory), offset + len(local), 0)
                open('b.zip', 'wb').write(out)
                """
            let changed = try await runCommand("python3", ["-c", change], workingDirectory: folder.path)
            try #require(changed.status == 0, "\(changed)")
            let verify = try await granary("verify", "b.zip", as: "mine", at: url, in: folder)
            #expect(verify.status == 0, "\(verify)")
            let restore = try await granary("restore", "b.zip", "--into", "new", as: "mine", at: url, in: folder)
            #expect(restore.status == 3, "\(restore)")
            #expect(restore.stderr.contains("b.zip was not made by this installation, and would run 1 function in sql"))
        }
    }

    /// A plain dump is meant to be run. Granary only lists the code in it.
    @Test func aPlainDumpIsRestoredAndItsCodeListed() async throws {
        try await withDatabase(Self.code) { url, folder in
            let dump = try await runCommand("pg_dump", ["-d", url, "-f", "\(folder.path)/a.sql"])
            try #require(dump.status == 0)
            let restore = try await granary(
                "restore",
                "a.sql",
                "--into",
                "new",
                "--json",
                as: "mine",
                at: url,
                in: folder
            )
            #expect(restore.status == 0, "\(restore)")
            #expect(
                restore.stderr.contains(
                    "a.sql runs:\n- 1 function in plpgsql, 1 of them SECURITY DEFINER\n- 1 trigger\n"
                ),
                "\(restore)"
            )
            #expect(restore.stdout.contains("\"trusted\":null"))
            #expect(!folder.names().contains("mine"))
        }
    }
}
