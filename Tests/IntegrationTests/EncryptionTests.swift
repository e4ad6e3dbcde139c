import Glibc
import TestSupport
import Testing

/// Encrypted backups as users of the command meet them.
@Suite struct EncryptionTests {
    private static let schema = """
        CREATE TABLE public.users (id int PRIMARY KEY, name text);
        INSERT INTO public.users SELECT g, 'name of ' || g FROM pg_catalog.generate_series(1, 3000) g;
        """

    /// A project with a database, an identity in `key.txt`, and its recipient.
    private func withProject(
        _ sql: String = schema,
        _ body: (_ project: TestProject, _ recipient: String) async throws -> Void
    ) async throws {
        try await TestProject.with(sql) { project in
            var project = project
            project.variables["XDG_CONFIG_HOME"] = project.folder.file("settings")
            let made = try await project.granary("key", "new", "--output", "key.txt")
            #expect(made.status == 0, "\(made)")
            #expect(!made.description.contains("AGE-SECRET-KEY"))
            try await project.mark()
            try await body(project, made.stdout.trimmed)
        }
    }

    @Test func aBackupForARecipientIsReadWithItsIdentityAlone() async throws {
        try await withProject { project, recipient in
            let made = try await project.granary("backup", "--recipient", recipient, "--json")
            #expect(made.status == 0, "\(made)")
            #expect(made.stdout.contains("\"encrypted\":true"))
            let file = try #require(project.folder.names(in: "backups").first)
            #expect(file.hasSuffix(".zip.age"))
            #expect(made.stderr.contains("only one recipient"))
            let bytes = project.folder.read("backups/\(file)")
            #expect(bytes.starts(with: Array("age-encryption.org/v1\n-> X25519 ".utf8)))
            #expect(!String(decoding: bytes, as: UTF8.self).contains("manifest"))
            for command in [
                ["verify", file], ["restore", file, "--into", "\(project.database)_x"], ["backups", "show", file],
            ] {
                let refused = try await project.granary(command)
                #expect(refused.status == 1, "\(refused)")
                #expect(
                    refused.stderr.contains("is encrypted, and no identity was given\nhint: --identity"),
                    "\(refused)"
                )
            }
            let key = ["--identity", "key.txt"]
            let verified = try await project.granary(["verify", file] + key)
            #expect(verified.status == 0 && verified.stdout.contains(" members, 3,000 rows"), "\(verified)")
            let shown = try await project.granary(["backups", "show", file] + key)
            #expect(shown.stdout.contains("for \(recipient)"), "\(shown)")
            let listed = try await project.granary(
                ["backups", "--json"],
                environment: ["GRANARY_AGE_IDENTITY_FILE": "key.txt"]
            )
            #expect(listed.stdout.contains("\"encrypted\":true,\"whole\":true"), "\(listed)")
            let counted = try await project.granary(["counts", "--all", "--exact", "--since", file] + key)
            #expect(counted.status == 0, "\(counted)")
            try await project.sql("DELETE FROM public.users WHERE id > 10")
            let restored = try await project.granary(
                ["restore", file, "--drop-old", "--confirm", project.database] + key
            )
            #expect(restored.status == 0, "\(restored)")
            try await #expect(project.sql("SELECT count(*), max(name) FROM public.users") == "3000|name of 999")
            try await project.sql("DELETE FROM public.users WHERE id = 7")
            let text = String(decoding: project.folder.read("key.txt"), as: UTF8.self)
            let part = try await project.granary(
                ["restore", file, "--table", "public.users", "--rows", "missing", "--confirm", project.database],
                environment: ["GRANARY_AGE_IDENTITY": text]
            )
            #expect(part.status == 0, "\(part)")
            try await #expect(project.sql("SELECT count(*) FROM public.users") == "3000")
        }
    }

    @Test(arguments: [".sql.age", ".sql.gz.age"]) func aPlainDumpIsEncryptedAndRestored(_ ending: String) async throws {
        try await withProject { project, recipient in
            let name = "shop\(ending)"
            let made = try await project.granary("backup", "--recipient", recipient, "--output", name)
            #expect(made.status == 0, "\(made)")
            let verified = try await project.granary("verify", name, "--identity", "key.txt", "--json")
            #expect(verified.stdout.contains("\"format\":\"plain dump\",\"ok\":true"), "\(verified)")
            try await project.sql("DROP TABLE public.users")
            let restored = try await project.granary(
                "restore",
                name,
                "--identity",
                "key.txt",
                "--drop-old",
                "--confirm",
                project.database
            )
            #expect(restored.status == 0, "\(restored)")
            try await #expect(project.sql("SELECT count(*) FROM public.users") == "3000")
        }
    }

    @Test func aPassphraseComesFromAFile() async throws {
        try await withProject { project, recipient in
            chmod(try project.folder.write("correct horse\n", to: "word.txt"), 0o600)
            let variables = ["GRANARY_PASSPHRASE_FILE": "word.txt"]
            let made = try await project.granary(
                "backup",
                "--passphrase",
                "--output",
                "p.zip.age",
                environment: variables
            )
            #expect(made.status == 0, "\(made)")
            let without = try await project.granary("verify", "p.zip.age", "--identity", "key.txt")
            #expect(without.status == 1 && without.stderr.contains("encrypted with a passphrase"), "\(without)")
            let verified = try await project.granary("verify", "p.zip.age", environment: variables)
            #expect(verified.status == 0, "\(verified)")
            let both = try await project.granary("backup", "--passphrase", "--recipient", recipient)
            #expect(both.status == 64, "\(both)")
            let unasked = try await project.granary("backup", "--passphrase")
            #expect(unasked.status == 64 && unasked.stderr.contains("no terminal to ask on"), "\(unasked)")
            for command in [["backup"], ["verify", "p.zip.age"]] {
                let secret = try await project.granary(command, environment: ["GRANARY_PASSPHRASE": "correct horse"])
                #expect(secret.status == 64 && !secret.description.contains("horse"), "\(secret)")
            }
        }
    }

    @Test func damageIsExitCodeTwo() async throws {
        try await withProject { project, recipient in
            try await project.granary("backup", "--quiet", "--recipient", recipient, "--output", "a.zip.age")
            let whole = project.folder.read("a.zip.age")
            func verify(_ bytes: [UInt8], _ what: String) async throws {
                try project.folder.write(bytes, to: "b.zip.age")
                let outcome = try await project.granary("verify", "b.zip.age", "--identity", "key.txt", "--json")
                #expect(outcome.status == 2, "\(what): \(outcome)")
                #expect(outcome.stdout.contains("\"ok\":false"), "\(what): \(outcome)")
            }
            for place in [0, 25, 40, 100, 150, 190, whole.count / 2, whole.count - 1] {
                var changed = whole
                changed[place] ^= 1
                try await verify(changed, "byte \(place)")
            }
            for count in [0, 100, 250, whole.count / 2, whole.count - 1] {
                try await verify(Array(whole[..<count]), "\(count)")
            }
            try await verify(whole + [0], "one byte more")
            try project.folder.write(Array(whole.dropLast()), to: "b.zip.age")
            let restored = try await project.granary(
                "restore",
                "b.zip.age",
                "--identity",
                "key.txt",
                "--into",
                "\(project.database)_x"
            )
            #expect(restored.status == 1 && restored.stderr.contains("cut off"), "\(restored)")
        }
    }

    @Test func theNameOfTheFileMustFit() async throws {
        try await withProject { project, recipient in
            for (arguments, message) in [
                (["--recipient", recipient, "--output", "a.zip"], "does not fit an encrypted backup"),
                (["--recipient", recipient, "--output", "a.dump.age"], "does not fit an encrypted backup"),
                (["--output", "a.zip.age"], "is for an encrypted backup, and this one is in clear"),
                (["--recipient", "age1qqqq"], "age1qqqq is not a recipient of age"),
            ] {
                let outcome = try await project.granary(["backup"] + arguments)
                #expect(outcome.status == 64 && outcome.stderr.contains(message), "\(outcome)")
            }
            #expect(project.folder.names().filter { $0.hasPrefix("a.") }.isEmpty)
        }
    }

    @Test func anIdentityIsNeverPrinted() async throws {
        try await withProject { project, _ in
            let text = String(decoding: project.folder.read("key.txt"), as: UTF8.self)
            let identity = try #require(text.split(separator: "\n").last.map(String.init))
            #expect(identity.hasPrefix("AGE-SECRET-KEY-1"))
            for arguments in [
                ["verify", identity], ["verify", identity, "--json"], ["backup", "--recipient", identity],
                ["backup", "--recipients-file", identity], ["verify", "x", "--identity", identity],
                ["restore", identity.lowercased()], ["verify", "--identify", identity], [identity],
                ["key", "recipient", "--identity", identity],
            ] {
                let outcome = try await project.granary(arguments)
                #expect(outcome.status != 0)
                let secret = identity.dropFirst("AGE-SECRET-KEY-".count)
                #expect(!outcome.description.lowercased().contains(secret.lowercased()), "\(outcome)")
            }
        }
    }

    @Test func keysAreMadeShownAndChecked() async throws {
        try await withProject { project, recipient in
            #expect(fileMode(project.folder.file("key.txt")) == 0o600)
            let again = try await project.granary("key", "new", "--output", "key.txt")
            #expect(again.status == 1 && again.stderr.contains("key.txt exists already"), "\(again)")
            let shown = try await project.granary("key", "recipient", "--identity", "key.txt")
            #expect(shown.stdout == recipient + "\n")
            let usual = try await project.granary("key", "new")
            #expect(fileMode(project.folder.file("settings/granary/identity.txt")) == 0o600)
            try await project.granary("backup", "--quiet", "--recipient", usual.stdout.trimmed, "--output", "a.zip.age")
            let checked = try await project.granary("key", "check", "a.zip.age")
            #expect(
                checked.status == 0 && checked.stdout.hasPrefix("ok  a.zip.age  encrypted for 1 recipient"),
                "\(checked)"
            )
            let other = try await project.granary("key", "check", "a.zip.age", "--identity", "key.txt")
            #expect(other.status == 2 && other.stdout.contains("no identity that was given opens the file"), "\(other)")
            // The wrong identity does not take back that the file was found whole.
            for (identity, status) in [("settings/granary/identity.txt", 0), ("key.txt", 2)] {
                let verified = try await project.granary("verify", "a.zip.age", "--identity", identity)
                #expect(verified.status == status, "\(verified)")
                #expect(status == 0 || verified.stderr.contains("hint: it is encrypted for other recipients"))
                let shown = try await project.granary("backups", "show", "a.zip.age", "--json")
                #expect(shown.stdout.contains("\"verified_at\":\"20"), "\(shown)")
            }
            chmod(project.folder.file("key.txt"), 0o604)
            let open = try await project.granary("key", "recipient", "--identity", "key.txt")
            #expect(open.status == 64 && open.stderr.contains("everyone on this machine"), "\(open)")
        }
    }

    @Test func anEnvironmentThatMustBeEncryptedIsNeverBackedUpInClear() async throws {
        try await withProject { project, recipient in
            func declare(_ config: String) throws {
                try project.folder.write(
                    #"{"environments": {"development": {"config": {\#(config)}}}}"#,
                    to: "migrations/environments.json"
                )
            }
            try declare(#""encrypted": true"#)
            let clean = ["clean", "--schema", "public", "--confirm", project.database]
            for arguments in [["backup"], clean] {
                let refused = try await project.granary(arguments)
                #expect(refused.status == 3, "\(refused)")
                #expect(refused.stderr.contains("backups of development must be encrypted"), "\(refused)")
            }
            #expect(project.folder.names(in: "backups").isEmpty)
            try await #expect(project.sql("SELECT count(*) FROM public.users") == "3000")
            let planned = try await project.granary("clean", "--schema", "public", "--plan")
            #expect(planned.status == 3, "\(planned)")
            #expect(planned.stdout.contains("in the way: backups of development must be encrypted"), "\(planned)")
            let dumped = try await runCommand(
                project.server.program("pg_dump"),
                ["--format", "custom", "--file", project.folder.file("theirs.dump"), project.url]
            )
            #expect(dumped.status == 0, "\(dumped)")
            let unconverted = try await project.granary("convert", "theirs.dump")
            #expect(unconverted.status == 3, "\(unconverted)")
            #expect(unconverted.stderr.contains("backups of development must be encrypted"), "\(unconverted)")
            try declare(#""encrypted": true, "recipients": ["\#(recipient)"]"#)
            let converted = try await project.granary("convert", "theirs.dump", "--quiet")
            #expect(converted.status == 0 && converted.stdout.hasSuffix(".zip.age\n"), "\(converted)")
            let pruned = try await project.granary("backups", "prune", "--keep-last", "1", "--dry-run")
            #expect(pruned.stderr.contains("which was converted from a dump"), "\(pruned)")
            let made = try await project.granary("backup", "--quiet")
            #expect(made.status == 0 && made.stdout.hasSuffix(".zip.age\n"), "\(made)")
            // It is verified without an identity, and the printed command says that one is needed.
            let cleaned = try await project.granary(clean)
            #expect(cleaned.status == 0, "\(cleaned)")
            #expect(cleaned.stdout.contains(" --identity IDENTITY_FILE "), "\(cleaned)")
            let configured = ["GRANARY_AGE_IDENTITY_FILE": "key.txt"]
            let words = cleaned.stdout.trimmed.replacing(" --identity IDENTITY_FILE", with: "").split(separator: " ")
            let undone = try await project.granary(words.dropFirst().map(String.init), environment: configured)
            #expect(undone.status == 0, "\(undone)")
            try await #expect(project.sql("SELECT count(*) FROM public.users") == "3000")
            try declare(#""encrypted": true, "recipients": ["nonsense"]"#)
            let wrong = try await project.granary("backup")
            #expect(wrong.status == 64 && wrong.stderr.contains("nonsense is not a recipient"), "\(wrong)")
        }
    }

    /// The rules in the database hold where the file is gone, and the stricter ones count.
    @Test func theRulesBesideTheMarkerHoldWithoutTheFile() async throws {
        try await withProject { project, recipient in
            let file = "migrations/environments.json"
            try project.folder.write(
                #"{"environments": {"development": {"config": {"encrypted": true, "recipients": ["\#(recipient)"]}}}}"#,
                to: file
            )
            try await project.mark()
            unlink(project.folder.file(file))
            let made = try await project.granary("backup", "--quiet")
            #expect(made.status == 0 && made.stdout.hasSuffix(".zip.age\n"), "\(made)")
            let shown = try await project.granary("env", "--json")
            #expect(shown.stdout.contains("\"encrypted\":true,\"recipients\":[\"\(recipient)\"]"), "\(shown)")
            try project.folder.write(
                #"{"environments": {"development": {"config": {"encrypted": false, "recipients": []}}}}"#,
                to: file
            )
            let cleaned = try await project.granary("clean", "--schema", "public", "--confirm", project.database)
            #expect(cleaned.status == 0 && cleaned.stdout.contains(".zip.age "), "\(cleaned)")
            try await project.mark()
            let clear = try await project.granary("backup", "--quiet")
            #expect(clear.status == 0 && clear.stdout.hasSuffix(".zip\n"), "\(clear)")
        }
    }

    /// A copy holds the same data. Without a file, a new marker does not take its rules away.
    @Test func theRulesHoldForACopyAndForADamagedMarker() async throws {
        try await withProject { project, recipient in
            let file = "migrations/environments.json"
            func declare(_ config: String) throws {
                try project.folder.write(#"{"environments": {"staging": {"config": {\#(config)}}}}"#, to: file)
            }
            try declare(#""encrypted": true, "recipients": ["\#(recipient)"]"#)
            try await project.mark("staging")
            unlink(project.folder.file(file))
            try await project.server.withDatabase(template: project.database) { copy in
                func expectEncrypted(_ what: String) async throws {
                    let made = try await project.granary("backup", "--quiet", environment: ["DATABASE_URL": copy])
                    #expect(made.status == 0 && made.stdout.hasSuffix(".zip.age\n"), "\(what): \(made)")
                }
                try await expectEncrypted("a copy")
                let marked = try await project.granary(
                    "env",
                    "mark",
                    "development",
                    environment: ["DATABASE_URL": copy]
                )
                #expect(marked.status == 0, "\(marked)")
                #expect(marked.stderr.contains("the rules that the database had stored still hold"), "\(marked)")
                try await expectEncrypted("a copy with its own marker")
                try await psql(copy, "ALTER TABLE granary.environment DROP COLUMN fingerprint")
                try await expectEncrypted("a damaged marker")
                try declare(#""encrypt": true"#)
                let misspelled = try await project.granary("env", "mark", "staging", "--force")
                #expect(misspelled.status == 3, "\(misspelled)")
                #expect(misspelled.stderr.contains("is not a rule, so it has no effect"), "\(misspelled)")
            }
        }
    }

    /// It may require encryption. So someone must say which environment it is, or who can read the backup.
    @Test func aMarkerThatTheRoleMayNotReadIsNotTakenForNone() async throws {
        let server = try await ThrowawayServer.start()
        try await TestProject.with(Self.schema, on: server) { project in
            try await project.mark()
            try await project.sql("CREATE ROLE plain LOGIN; GRANT SELECT ON public.users TO plain")
            let url = project.url.replacing("user=granary", with: "user=plain")
            let backup = ["backup", "--schema", "public"]
            let noted = try await project.granary(backup, environment: ["DATABASE_URL": url])
            #expect(noted.status == 0, "\(noted)")
            #expect(noted.stderr.contains("rules of encryption that it may hold do not count"), "\(noted)")
            try project.folder.write(
                #"{"environments": {"development": {}, "production": {"config": {"encrypted": true}}}}"#,
                to: "migrations/environments.json"
            )
            let refused = try await project.granary(backup, environment: ["DATABASE_URL": url])
            #expect(refused.status == 3, "\(refused)")
            #expect(refused.stderr.contains("it is unknown whether backups must be encrypted"), "\(refused)")
            let named = try await project.granary(
                backup + ["--env", "development"],
                environment: ["DATABASE_URL": url]
            )
            #expect(named.status == 0, "\(named)")
        }
        try await server.stop()
    }

    @Test func anEncryptedBackupWithoutItsIdentityIsNotCalledIncomplete() async throws {
        try await withProject { project, recipient in
            try await project.granary("backup", "--quiet", "--recipient", recipient)
            for name in project.folder.names(in: "backups") where name.hasSuffix(".json") {
                unlink(project.folder.file("backups/\(name)"))
            }
            let pruned = try await project.granary("backups", "prune", "--keep-last", "1", "--dry-run")
            #expect(pruned.status == 0, "\(pruned)")
            #expect(pruned.stderr.contains("which cannot be opened ("), "\(pruned)")
            #expect(!pruned.stderr.contains("complete"), "\(pruned)")
            let listed = try await project.granary("backups", "--json")
            #expect(listed.stdout.contains("\"encrypted\":true,\"whole\":null"), "\(listed)")
        }
    }
}

extension String {
    fileprivate var trimmed: String { hasSuffix("\n") ? String(dropLast()) : self }
}
