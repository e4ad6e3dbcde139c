import Glibc
import Storage
import TestSupport
import Testing

private let users = """
    CREATE TABLE public.users (id int PRIMARY KEY, name text);
    INSERT INTO public.users SELECT g, 'name of ' || g FROM pg_catalog.generate_series(1, 3000) g;
    """

/// A project with a database and a bucket, and the variables of the store's owner.
func withBucket(
    _ sql: String = users,
    files: KeyValuePairs<String, String> = [:],
    _ body: (_ project: TestProject, _ store: ObjectStore, _ bucket: Bucket) async throws -> Void
) async throws {
    let store = try await ObjectStore.shared()
    let bucket = try ObjectStores(store.settings()).bucket(try store.newBucket())
    try await TestProject.with(sql, files: files) { project in
        var project = project
        project.variables.merge(store.variables()) { $1 }
        project.variables["XDG_STATE_HOME"] = project.folder.file("state")
        try await project.mark()
        try await body(project, store, bucket)
    }
}

/// Backups in a bucket, as users of the command meet them.
@Suite(.enabled(if: ObjectStore.isAvailable, "\(ObjectStore.absence)"))
struct BucketTests {
    @Test func aBackupInABucketIsListedVerifiedAndRestored() async throws {
        try await withBucket { project, _, bucket in
            let folder = "s3://\(bucket.name)/shop/"
            let made = try await project.granary("backup", "--output", folder, "--json")
            #expect(made.status == 0, "\(made)")
            let key = try #require(try bucket.objects(in: "shop/").map(\.key).first { $0.hasSuffix(".zip") })
            let path = "s3://\(bucket.name)/\(key)"
            #expect(made.stdout.contains("\"file\":\"\(path)\""), "\(made)")
            #expect(project.folder.names(in: "backups").isEmpty)
            let name = try #require(key.split(separator: "/").last.map(String.init))
            for file in [path, name] {
                let verified = try await project.granary("verify", file, environment: ["GRANARY_BACKUPS": folder])
                #expect(verified.status == 0 && verified.stdout.contains("3,000 rows"), "\(verified)")
            }
            let listed = try await project.granary("backups", "--backups", folder, "--json")
            #expect(listed.stdout.contains("\"file\":\"\(path)\""), "\(listed)")
            #expect(listed.stdout.contains("\"rows\":3000"), "\(listed)")
            let shown = try await project.granary("backups", "show", path)
            #expect(shown.stdout.contains("public.users"), "\(shown)")
            let counted = try await project.granary("counts", "--all", "--exact", "--since", path)
            #expect(counted.status == 0, "\(counted)")
            try await project.sql("DELETE FROM public.users WHERE id > 10")
            let restored = try await project.granary("restore", path, "--drop-old", "--confirm", project.database)
            #expect(restored.status == 0, "\(restored)")
            try await #expect(project.sql("SELECT pg_catalog.count(*) FROM public.users") == "3000")
        }
    }

    @Test(arguments: ["x.sql", "x.sql.gz"]) func aPlainDumpInABucketIsRestored(_ name: String) async throws {
        try await withBucket { project, _, bucket in
            let path = "s3://\(bucket.name)/\(name)"
            let made = try await project.granary("backup", "--output", path)
            #expect(made.status == 0 && made.stdout == path + "\n", "\(made)")
            let restored = try await project.granary("restore", path, "--into", "\(project.database)_x", "--trust")
            #expect(restored.status == 0, "\(restored)")
            try await psql(
                "postgresql:///postgres?host=\(project.server.folder)&user=\(ThrowawayServer.superuser)",
                "DROP DATABASE \"\(project.database)_x\""
            )
        }
    }

    @Test func anEncryptedBackupInABucketIsReadWithItsIdentity() async throws {
        try await withBucket { project, _, bucket in
            let made = try await project.granary("key", "new", "--output", "key.txt")
            let recipient = made.stdout.filter { !$0.isNewline }
            let folder = "s3://\(bucket.name)/shop/"
            let backup = try await project.granary("backup", "--recipient", recipient, "--output", folder)
            #expect(backup.status == 0, "\(backup)")
            let path = backup.stdout.filter { !$0.isNewline }
            #expect(path.hasSuffix(".zip.age"))
            let refused = try await project.granary("verify", path)
            #expect(refused.status == 1 && refused.stderr.contains("no identity was given"), "\(refused)")
            let verified = try await project.granary("verify", path, "--identity", "key.txt")
            #expect(verified.status == 0 && verified.stdout.contains("3,000 rows"), "\(verified)")
            let checked = try await project.granary("key", "check", path, "--identity", "key.txt")
            #expect(checked.status == 0, "\(checked)")
        }
    }

    @Test func oldBackupsInABucketArePruned() async throws {
        try await withBucket { project, _, bucket in
            for name in ["a.zip", "b.zip"] {
                let made = try await project.granary("backup", "--output", "s3://\(bucket.name)/shop/\(name)")
                #expect(made.status == 0, "\(made)")
            }
            let folder = "s3://\(bucket.name)/shop"
            func names() throws -> [String] {
                try bucket.objects(in: "shop/").map(\.key).filter { $0.hasSuffix(".zip") }
            }
            let shown = try await project.granary(
                "backups",
                "prune",
                "--keep-last",
                "1",
                "--dry-run",
                "--backups",
                folder
            )
            #expect(shown.status == 0 && shown.stdout.contains("would be deleted"), "\(shown)")
            try #expect(names() == ["shop/a.zip", "shop/b.zip"])
            let pruned = try await project.granary("backups", "prune", "--keep-last", "1", "--backups", folder)
            #expect(pruned.status == 0, "\(pruned)")
            try #expect(names() == ["shop/b.zip"])
        }
    }

    @Test func anExistingObjectIsReplacedOnlyByForce() async throws {
        try await withBucket { project, _, bucket in
            let path = "s3://\(bucket.name)/x.zip"
            try bucket.replace("x.zip", [1])
            let refused = try await project.granary("backup", "--output", path)
            #expect(refused.status == 1 && refused.stderr.contains("\(path) exists already"), "\(refused)")
            try #expect(bucket.contents(of: "x.zip") == [1])
            let forced = try await project.granary("backup", "--output", path, "--force")
            #expect(forced.status == 0, "\(forced)")
            let verified = try await project.granary("verify", path)
            #expect(verified.status == 0, "\(verified)")
        }
    }

    /// A host that backs up has no other rights than to write.
    @Test func aBackupNeedsOnlyTheRightToWrite() async throws {
        try await withBucket { project, store, bucket in
            let made = try await project.granary(
                ["backup", "--output", "s3://\(bucket.name)/shop/"],
                environment: store.variables(.writer)
            )
            #expect(made.status == 0, "\(made)")
            let path = made.stdout.filter { !$0.isNewline }
            let refused = try await project.granary(["verify", path], environment: store.variables(.writer))
            #expect(refused.status == 1 && refused.stderr.contains("docs/object-stores.md"), "\(refused)")
            let verified = try await project.granary("verify", path)
            #expect(verified.status == 0, "\(verified)")
        }
    }

    @Test func aStoreThatCannotBeUsedIsNamedWithoutSecrets() async throws {
        try await withBucket { project, store, bucket in
            let path = "s3://\(bucket.name)/x.zip"
            let none = try await project.granary(
                ["backup", "--output", path],
                environment: ["AWS_ACCESS_KEY_ID": nil, "AWS_SECRET_ACCESS_KEY": nil, "HOME": project.folder.path]
            )
            #expect(none.status == 4 && none.stderr.contains("no credentials"), "\(none)")
            let wrong = try await project.granary(
                ["backup", "--output", path, "--verbose"],
                environment: ["AWS_SECRET_ACCESS_KEY": "sEcReT", "AWS_SESSION_TOKEN": "tOkEn"]
            )
            #expect(wrong.status == 1, "\(wrong)")
            for secret in ["sEcReT", "tOkEn", "Signature="] { #expect(!wrong.stderr.contains(secret), "\(wrong)") }
            let away = try await project.granary(
                ["verify", path],
                environment: ["AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"]
            )
            #expect(away.status == 4 && away.stderr.contains("cannot be reached"), "\(away)")
            let plain = try await project.granary("verify", path, "--s3-endpoint", "http://store.example.com")
            #expect(plain.status == 3 && plain.stderr.contains("--s3-insecure"), "\(plain)")
            let bad = try await project.granary("verify", "s3://")
            #expect(bad.status == 64, "\(bad)")
            let missing = try await project.granary("verify", path)
            #expect(missing.status == 1 && missing.stderr.contains("there is no object \(path)"), "\(missing)")
            _ = store
        }
    }

    /// One small read for each backup, and no identity.
    @Test func aListReadsTheFilesBesideTheBackupsAlone() async throws {
        try await withBucket { project, store, bucket in
            let made = try await project.granary("key", "new", "--output", "key.txt")
            let recipient = made.stdout.filter { !$0.isNewline }
            let folder = "s3://\(bucket.name)/shop/"
            for name in ["a.zip", "b.zip.age"] {
                let arguments =
                    ["backup", "--output", folder + name] + (name == "a.zip" ? [] : ["--recipient", recipient])
                let backup = try await project.granary(arguments)
                #expect(backup.status == 0, "\(backup)")
            }
            let proxy = try HTTPProxy(before: store.port) { _, _ in .pass }
            let list = ["backups", "--json", "--backups", folder, "--s3-endpoint", proxy.endpoint]
            let listed = try await project.granary(list)
            #expect(listed.status == 0, "\(listed)")
            #expect(listed.stdout.matches(of: #/"rows":3000/#).count == 2, "\(listed)")
            #expect(listed.stdout.contains("\"verified_at\":null") && listed.stdout.contains("\"locked\":false"))
            #expect(proxy.requests.count == 3)
            let verified = try await project.granary("verify", folder + "a.zip")
            #expect(verified.status == 0, "\(verified)")
            try await #expect(project.granary(list).stdout.contains("\"verified_at\":\"20"))
            // Of another installation nothing is believed that decides what is deleted.
            let other = try await project.granary(
                ["backups", "prune", "--keep-last", "1", "--backups", folder],
                environment: ["GRANARY_ARCHIVE_KEY": String(repeating: "other ", count: 8)]
            )
            #expect(other.status == 0 && other.stderr.contains("skipped \(folder)b.zip.age"), "\(other)")
            try #expect(bucket.objects(in: "shop/").count == 5)
            let prune = ["backups", "prune", "--keep-last", "1", "--backups", folder]
            // The newest that was verified stays until a newer one was.
            let kept = try await project.granary(prune)
            #expect(kept.stdout.contains("kept: verified"), "\(kept)")
            let newer = try await project.granary("verify", folder + "b.zip.age", "--identity", "key.txt")
            #expect(newer.status == 0, "\(newer)")
            let pruned = try await project.granary(prune)
            #expect(pruned.status == 0, "\(pruned)")
            try #expect(
                bucket.objects(in: "shop/").map(\.key) == ["shop/.granary", "shop/b.zip.age", "shop/b.zip.age.json"]
            )
        }
    }

    @Test(.enabled(if: Boto.isInstalled, "\(Boto.absence)"))
    func aLockedBackupCannotBeDeleted() async throws {
        try await withBucket { project, store, _ in
            let name = "locked-\(getpid())"
            let made = try await Boto.run("s3.create_bucket(Bucket='\(name)', ObjectLockEnabledForBucket=True)", store)
            try #require(made.status == 0, "\(made)")
            // Small enough for one request, and large enough for parts.
            try await project.sql(
                """
                CREATE TABLE public.noise AS SELECT pg_catalog.md5(g::text) || pg_catalog.md5((-g)::text) AS a
                FROM pg_catalog.generate_series(1, 300000) g
                """
            )
            for arguments in [["--table", "public.users"], ["--part-size", "5MiB"]] {
                let path = "s3://\(name)/x\(arguments.count).\(arguments[0].count).zip"
                let locked = try await project.granary(
                    ["backup", "--output", path, "--lock-until", "2999-01-01", "--lock-mode", "compliance"] + arguments
                )
                #expect(locked.status == 0, "\(locked)")
                let key = path.split(separator: "/").last ?? ""
                let outcome = try await Boto.run(
                    """
                    found = s3.head_object(Bucket='\(name)', Key='\(key)')
                    print(found['ObjectLockMode'], found['ObjectLockRetainUntilDate'].year)
                    try:
                        s3.delete_object(Bucket='\(name)', Key='\(key)', VersionId=found['VersionId'])
                    except botocore.exceptions.ClientError as error:
                        print(error.response['Error']['Code'])
                    """,
                    store
                )
                #expect(outcome.stdout == "COMPLIANCE 2999\nAccessDenied\n", "\(outcome)")
                let listed = try await project.granary("backups", "--json", "--backups", "s3://\(name)/")
                #expect(listed.stdout.contains("\"locked\":true"), "\(listed)")
            }
        }
    }

    /// A store without Object Lock on the bucket refuses it, and nothing is written.
    @Test func aLockThatTheBucketDoesNotHaveIsRefused() async throws {
        try await withBucket { project, _, bucket in
            let refused = try await project.granary(
                "backup",
                "--output",
                "s3://\(bucket.name)/x.zip",
                "--lock-until",
                "2999-01-01"
            )
            #expect(refused.status == 1 && refused.stderr.contains("a bucket with Object Lock"), "\(refused)")
            try #expect(bucket.object("x.zip") == nil)
        }
    }

    /// The backup is killed while its upload is under way; the next one removes what it left.
    @Test(arguments: [SIGKILL, SIGTERM]) func aBackupThatIsKilledLeavesNoObject(_ signal: CInt) async throws {
        try await withBucket { project, store, bucket in
            // Large enough for a part, and incompressible.
            try await project.sql(
                """
                CREATE TABLE public.noise AS SELECT pg_catalog.md5(g::text) || pg_catalog.md5((-g)::text) AS a
                FROM pg_catalog.generate_series(1, 400000) g
                """
            )
            let path = "s3://\(bucket.name)/shop/x.zip"
            let parts = try HTTPProxy(before: store.port) { request, _ in request.isPart ? .stall : .pass }
            let arguments = ["backup", "--part-size", "5MiB", "--s3-endpoint", parts.endpoint]
            async let killed = project.granary(arguments + ["--output", path])
            try await eventually { parts.requests.contains(where: \.isPart) }
            let processes = shell("pgrep -f -- '--s3-endpoint \(parts.endpoint)'").output.split(separator: "\n")
            for process in processes { kill(pid_t(process) ?? 0, signal) }
            let outcome = try await killed
            #expect(outcome.status != 0, "\(outcome)")
            try #expect(bucket.object("shop/x.zip") == nil)
            try #expect(bucket.uploads(prefix: "").count == (signal == SIGKILL ? 1 : 0))
            // The journal names the server, so the next run must use the same.
            let next = try await project.granary(
                arguments + ["--output", "s3://\(bucket.name)/shop/y.sql", "--table", "public.users"]
            )
            #expect(next.status == 0, "\(next)")
            if signal == SIGKILL { #expect(next.stderr.contains("aborted the upload of \(path)"), "\(next)") }
            try #expect(bucket.uploads(prefix: "").isEmpty)
        }
    }
}
