import Glibc
import Storage
import Synchronization
import TestSupport
import Testing

/// What the commands that write into a bucket send, keep and say.
@Suite(.enabled(if: ObjectStore.isAvailable, "\(ObjectStore.absence)"))
struct BucketUploadTests {
    /// The options of an upload, and the headers that carry them.
    private static let options = ["--storage-class", "STANDARD_IA", "--sse", "AES256"]

    /// Passes requests on, and keeps those that made objects named `.zip`.
    private final class Watch: Sendable {
        let proxy: HTTPProxy

        init(_ store: ObjectStore) throws { proxy = try HTTPProxy(before: store.port) { _, _ in .pass } }

        var madeBackups: [HTTPProxy.Request] {
            proxy.requests.filter { $0.method == "PUT" && $0.target.hasSuffix(".zip") }
        }
    }

    private func expectOptions(_ requests: [HTTPProxy.Request]) {
        #expect(requests.count == 1)
        #expect(requests.first?.headers["x-amz-storage-class"] == "STANDARD_IA")
        #expect(requests.first?.headers["x-amz-server-side-encryption"] == "AES256")
    }

    @Test func aBackupIsSentWithItsOptions() async throws {
        try await withBucket { project, store, bucket in
            let watch = try Watch(store)
            let made = try await project.granary(
                ["backup", "--output", "s3://\(bucket.name)/", "--s3-endpoint", watch.proxy.endpoint] + Self.options
            )
            #expect(made.status == 0, "\(made)")
            expectOptions(watch.madeBackups)
        }
    }

    @Test func aConvertedBackupIsSentWithItsOptions() async throws {
        try await withBucket { project, store, bucket in
            let watch = try Watch(store)
            let dumped = try await runCommand(
                "pg_dump",
                ["--format=custom", "--file", project.folder.file("old.dump"), project.url]
            )
            try #require(dumped.status == 0, "\(dumped)")
            let made = try await project.granary(
                ["convert", "old.dump", "--output", "s3://\(bucket.name)/", "--s3-endpoint", watch.proxy.endpoint]
                    + Self.options
            )
            #expect(made.status == 0 && made.stdout.hasPrefix("s3://\(bucket.name)/"), "\(made)")
            expectOptions(watch.madeBackups)
            let verified = try await project.granary("verify", made.stdout.filter { !$0.isNewline })
            #expect(verified.status == 0 && verified.stdout.contains("3,000 rows"), "\(verified)")
        }
    }

    /// The printed line finds the store, too.
    @Test func whatIsCleanedIsRestoredFromABucket() async throws {
        try await withBucket("CREATE SCHEMA shop; CREATE TABLE shop.a AS SELECT 1 AS n") { project, store, bucket in
            let watch = try Watch(store)
            let cleaned = try await project.granary(
                [
                    "clean", "--service", "shop", "--confirm", project.database, "--quiet", "--backups",
                    "s3://\(bucket.name)/undo/", "--s3-endpoint", watch.proxy.endpoint,
                ] + Self.options
            )
            #expect(cleaned.status == 0, "\(cleaned)")
            expectOptions(watch.madeBackups)
            let line = cleaned.stdout.filter { !$0.isNewline }
            #expect(line.contains("--s3-endpoint \(watch.proxy.endpoint)"), "\(cleaned)")
            let words = line.split(separator: " ").dropFirst().map(String.init)
            let restored = try await project.granary(words, environment: ["AWS_ENDPOINT_URL_S3": nil])
            #expect(restored.status == 0, "\(restored)")
            try await #expect(project.sql("SELECT n FROM shop.a") == "1")
        }
    }

    @Test func rowsThatAMigrationDestroysAreBackedUpIntoABucket() async throws {
        let environments = """
            {"environments": {"development": {"config": {"backup_required": true}}}}
            """
        try await withBucket(
            "",
            files: [
                "migrations/environments.json": environments,
                "migrations/000001_a.up.sql": "CREATE TABLE a AS SELECT 1 AS n;",
                "migrations/000001_a.down.sql": "DROP TABLE a;",
            ]
        ) { project, store, bucket in
            let watch = try Watch(store)
            let up = try await project.granary("migrate", "up")
            try #require(up.status == 0, "\(up)")
            let down = try await project.granary(
                [
                    "migrate", "down", "1", "--confirm-version", "1", "--backups", "s3://\(bucket.name)/undo/",
                    "--s3-endpoint", watch.proxy.endpoint,
                ] + Self.options
            )
            #expect(down.status == 0, "\(down)")
            expectOptions(watch.madeBackups)
            #expect((down.stdout + down.stderr).contains("--s3-endpoint \(watch.proxy.endpoint)"), "\(down)")
            try #expect(bucket.objects(in: "undo/").contains { $0.key.hasSuffix(".zip") })
        }
    }

    /// The parts must be large enough for rows that are written as they are, in more bytes than on disk.
    @Test func moreIsExpectedOfABackupThatIsNotCompressed() async throws {
        try await withBucket(
            "CREATE TABLE public.a AS SELECT pg_catalog.md5(g::text) AS a FROM pg_catalog.generate_series(1, 50000) g"
        ) { project, store, bucket in
            var expected: [Int] = []
            for level in ["0", "1"] {
                let made = try await project.granary(
                    "backup",
                    "--output",
                    "s3://\(bucket.name)/\(level).zip",
                    "--compress",
                    level,
                    "--verbose"
                )
                let told = try #require(made.stderr.firstMatch(of: #/for about ([0-9]+) MiB/#), "\(made)")
                expected.append(try #require(Int(told.1)))
            }
            #expect(expected[1] >= 2 && expected[0] >= 2 * expected[1], "\(expected)")
            withExtendedLifetime(store) {}
        }
    }

    /// The file beside a backup comes after it, and nothing depends on it.
    @Test(arguments: [403, 501]) func aBackupWithoutTheFileBesideItIsDone(_ status: Int) async throws {
        try await withBucket { project, store, bucket in
            let proxy = try HTTPProxy(before: store.port) { request, _ in
                request.method == "PUT" && request.target.hasSuffix(".json") ? .answer(status) : .pass
            }
            let made = try await project.granary(
                "backup",
                "--output",
                "s3://\(bucket.name)/x.zip",
                "--s3-endpoint",
                proxy.endpoint
            )
            #expect(made.status == 0 && made.stderr.contains("x.zip.json, could not be written"), "\(made)")
            let order = proxy.requests.filter { $0.method == "PUT" }.map(\.target).filter { $0.contains("x.zip") }
            #expect(order.first == "/\(bucket.name)/x.zip")
            // A store that does not know the condition is asked again without it.
            #expect(Set(order.dropFirst()) == ["/\(bucket.name)/x.zip.json"])
            let listed = try await project.granary("backups", "--json", "--backups", "s3://\(bucket.name)/")
            #expect(listed.stdout.contains("\"rows\":3000"), "\(listed)")
        }
    }

    /// Sidecars of other backups have arrived before the first is answered.
    @Test func aListReadsSeveralFilesAtATime() async throws {
        try await withBucket { project, store, bucket in
            for name in ["a.zip", "b.zip", "c.zip"] {
                let made = try await project.granary("backup", "--output", "s3://\(bucket.name)/\(name)")
                try #require(made.status == 0, "\(made)")
            }
            let waiting = Mutex((now: 0, most: 0))
            let proxy = try HTTPProxy(before: store.port) { request, _ in
                guard request.target.hasSuffix(".json") else { return .pass }
                waiting.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
                for _ in 0..<200 where waiting.withLock({ $0.most < 3 }) { usleep(50_000) }
                waiting.withLock { $0.now -= 1 }
                return .pass
            }
            let listed = try await project.granary(
                "backups",
                "--backups",
                "s3://\(bucket.name)/",
                "--s3-endpoint",
                proxy.endpoint
            )
            #expect(listed.status == 0 && listed.stdout.contains("3 files"), "\(listed)")
            #expect(waiting.withLock { $0.most } == 3)
        }
    }

    /// Neither the most detailed log, nor the journal of uploads, nor what is kept about stores.
    @Test func credentialsAreWrittenNowhere() async throws {
        try await withBucket { project, store, bucket in
            // The journal keeps an upload that could not be aborted.
            let proxy = try HTTPProxy(before: store.port) { request, number in
                if request.isCompletion || request.isAbort { return .answer(403) }
                return number == 2 ? .answer(503) : .pass
            }
            try await project.sql(
                """
                CREATE TABLE public.noise AS SELECT pg_catalog.md5(g::text) || pg_catalog.md5((-g)::text) AS a
                FROM pg_catalog.generate_series(1, 200000) g
                """
            )
            for format in ["text", "json"] {
                let failed = try await project.granary(
                    "backup",
                    "--output",
                    "s3://\(bucket.name)/x.zip",
                    "--part-size",
                    "5MiB",
                    "--s3-endpoint",
                    proxy.endpoint,
                    "--verbose",
                    "--log-format",
                    format
                )
                #expect(failed.status == 1, "\(failed)")
                let journal = project.folder.names(in: "state/granary/uploads")
                #expect(!journal.isEmpty)
                let kept =
                    journal.map { "uploads/\($0)" }
                    + ["stores"].flatMap { folder in
                        project.folder.names(in: "state/granary/\(folder)").map { "\(folder)/\($0)" }
                    }
                let texts = kept.map { String(decoding: project.folder.read("state/granary/\($0)"), as: UTF8.self) }
                for text in texts + [failed.stdout, failed.stderr] {
                    for secret in ["owner's secret", "Signature=", "AWS4-HMAC", "authorization"] {
                        #expect(!text.lowercased().contains(secret.lowercased()), "\(text)")
                    }
                }
                for file in journal {
                    #expect(fileMode(project.folder.file("state/granary/uploads/\(file)")) == 0o600)
                }
            }
            let doctor = try await project.granary("doctor", "--backups", "s3://\(bucket.name)/")
            #expect(doctor.stdout.contains("uploads of s3://\(bucket.name)/x.zip"), "\(doctor)")
            #expect(doctor.stdout.contains("s3://\(bucket.name)/: 0 backups"), "\(doctor)")
        }
    }

    @Test func theDoctorNamesABucketThatCannotBeUsed() async throws {
        try await withBucket { project, store, bucket in
            let missing = try await project.granary("doctor", "--backups", "s3://\(bucket.name)-x/")
            #expect(missing.status == 2 && missing.stdout.contains("problem  backups"), "\(missing)")
            let writer = try await project.granary(
                ["doctor", "--backups", "s3://\(bucket.name)/"],
                environment: store.variables(.writer)
            )
            #expect(writer.stdout.contains("cannot be listed with these credentials"), "\(writer)")
        }
    }
}
