import Archive
import Glibc
import Storage
import TestSupport
import Testing

private let tables = """
    CREATE TABLE public.users (id int PRIMARY KEY);
    CREATE TABLE public.notes (id int PRIMARY KEY);
    INSERT INTO public.users SELECT g FROM pg_catalog.generate_series(1, 30) g;
    """

/// Old backups, as users of the command delete and protect them.
@Suite struct PruningTests {
    private func withProject(
        files: KeyValuePairs<String, String> = [:],
        _ body: (TestProject) async throws -> Void
    ) async throws {
        try await TestProject.with(tables, files: files) { project in
            try await project.mark()
            _ = shell("mkdir '\(project.folder.file("backups"))'")
            try await body(project)
        }
    }

    /// The names of the backups, without the files beside them.
    private func names(_ project: TestProject) -> [String] {
        project.folder.names(in: "backups").filter { !$0.hasSuffix(".json") }
    }

    @Test func aBackupDeletesOlderOnesOfItsDatabaseWhenItIsWhole() async throws {
        try await withProject { project in
            for (name, part) in [
                ("a", []), ("emptied", ["--exclude-table-data", "users"]), ("part", ["--table", "notes"]),
            ] {
                let made = try await project.granary(["backup", "--output", "backups/\(name).zip"] + part)
                try #require(made.status == 0, "\(made)")
            }
            let made = try await project.granary(
                "backup",
                "--output",
                "backups/b.zip",
                "--prune",
                "--keep-last",
                "1",
                "--json"
            )
            #expect(made.status == 0, "\(made)")
            #expect(made.stdout.contains("\"pruned\":[\"backups/a.zip\"]"), "\(made)")
            // Neither a part nor what lacks rows was displaced, nor did it displace anything.
            #expect(names(project) == ["b.zip", "emptied.zip", "part.zip"])
            #expect(!project.folder.names(in: "backups").contains("a.zip.json"))
        }
    }

    @Test func aBackupOfAPartDeletesOnlyItsOwnPredecessorsAndNamesWhatPruneNeverDeletes() async throws {
        try await withProject { project in
            for name in ["a", "b"] { try await project.granary("backup", "--output", "backups/\(name).zip") }
            try await project.granary("backup", "--output", "backups/old.zip", "--table", "notes")
            try project.folder.write("not a backup", to: "backups/x.zip")
            let part = ["--table", "notes", "--prune", "--keep-last", "1"]
            let made = try await project.granary(["backup", "--output", "backups/new.zip"] + part)
            #expect(made.status == 0 && made.stderr.contains("note: prune never deletes backups/x.zip"), "\(made)")
            #expect(names(project) == ["a.zip", "b.zip", "new.zip", "x.zip"])
        }
    }

    @Test func aPruneThatFailsNamesWhatItHasDeleted() async throws {
        try await withProject { project in
            let key = try await project.granary("key", "new", "--output", "key.txt")
            let recipient = key.stdout.filter { !$0.isNewline }
            for name in ["a", "b", "c"] {
                try await project.granary("backup", "--output", "backups/\(name).zip.age", "--recipient", recipient)
            }
            // Another content of the same size, which no key here opens.
            var changed = project.folder.read("backups/b.zip.age")
            changed[changed.count - 1] ^= 1
            try project.folder.write(changed, to: "backups/b.zip.age")
            let pruned = try await project.granary("backups", "prune", "--keep-last", "1")
            #expect(pruned.status == 1 && pruned.stderr.contains("b.zip.age is not the file that"), "\(pruned)")
            #expect(pruned.stdout.contains(#/a.zip.age .* deleted\n/#), "\(pruned)")
            #expect(pruned.stdout.contains(#/b.zip.age .* not deleted\n/#), "\(pruned)")
            #expect(pruned.stdout.hasPrefix("backup ") && pruned.stdout.contains("\n1 backup deleted, "), "\(pruned)")
            #expect(names(project) == ["b.zip.age", "c.zip.age"])
        }
    }

    /// Prune keeps the newest that was verified, so a damaged one must not take the place of a whole one.
    @Test func damageTakesBackThatABackupWasVerified() async throws {
        try await withProject { project in
            try await project.granary("backup", "--output", "backups/a.zip")
            try await project.granary("verify", "a.zip")
            let before = try await project.granary("backups", "--json")
            #expect(before.stdout.contains("\"verified_at\":\"20"), "\(before)")
            var damaged = project.folder.read("backups/a.zip")
            // In the rows, so that directory and manifest are undamaged.
            damaged[100] ^= 1
            try project.folder.write(damaged, to: "backups/a.zip")
            let found = try await project.granary("verify", "a.zip")
            #expect(found.status == 2, "\(found)")
            let after = try await project.granary("backups", "--json")
            #expect(after.stdout.contains("\"verified_at\":null"), "\(after)")
        }
    }

    @Test func whatCannotBePrunedIsRefusedBeforeTheBackup() async throws {
        try await withProject { project in
            let refused: [[String]] = [
                ["--prune"], ["--keep-last", "1"], ["--prune", "--keep-last", "1", "--output", "-"],
                ["--prune", "--keep-last", "1", "--output", "x.sql"], ["--prune", "--keep-last", "-1"],
                ["--prune", "--keep-within", "soon"],
            ]
            for arguments in refused {
                let outcome = try await project.granary(["backup"] + arguments)
                #expect(outcome.status == 64, "\(arguments) \(outcome)")
            }
            #expect(names(project).isEmpty && !project.folder.names().contains("x.sql"))
        }
    }

    @Test func theEnvironmentSaysWhatIsKept() async throws {
        let environments = """
            {"environments": {"development": {"config": {"keep": {"last": 1}}}}}
            """
        try await withProject(files: ["environments.json": environments]) { project in
            for name in ["a", "b", "c"] {
                let made = try await project.granary("backup", "--output", "backups/\(name).zip", "--prune")
                #expect(made.status == 0, "\(made)")
                #expect(names(project) == ["\(name).zip"])
                #expect(made.stderr.contains("deleted backups/") == (name != "a"), "\(made)")
            }
        }
    }

    /// The new backup is whole, so its path is printed all the same.
    @Test func aFailureToPruneIsToldBesideTheBackup() async throws {
        try await withProject { project in
            let key = try await project.granary("key", "new", "--output", "key.txt")
            let recipient = key.stdout.filter { !$0.isNewline }
            for form in [[], ["--json"]] {
                let name = "backups/x\(form.count).zip.age"
                try project.folder.write("notes", to: "\(name).json")
                let made = try await project.granary(
                    ["backup", "--output", name, "--recipient", recipient, "--prune", "--keep-last", "1"]
                        + ["--on-failure", "cat >document", "--metrics", "granary.prom"] + form
                )
                #expect(made.status == 1, "\(made)")
                #expect(made.stderr.contains("error: the backup \(name) is whole, but"), "\(made)")
                let document = String(decoding: project.folder.read("document"), as: UTF8.self)
                #expect(
                    document.hasPrefix("{\"file\":\"\(name)\"") && document.contains("not all pruned"),
                    "\(document)"
                )
                let metrics = String(decoding: project.folder.read("granary.prom"), as: UTF8.self)
                #expect(metrics.contains(#/last_exit_code\{[^}]+\} 1\n/#), "\(metrics)")
                #expect(metrics.contains("granary_backup_last_success_timestamp_seconds{"), "\(metrics)")
                let text = form.isEmpty ? made.stderr : made.stdout
                #expect(text.contains("\(name) is whole, but older ones were not all pruned"), "\(made)")
                #expect(form.isEmpty ? made.stdout == name + "\n" : made.stdout.contains("\"file\":\"\(name)\""))
                #expect(made.stdout.split(separator: "\n").count == 1, "\(made)")
            }
        }
    }

    @Test func aLockBindsPruneAndSaysSo() async throws {
        try await withProject { project in
            for name in ["a", "b"] { try await project.granary("backup", "--output", "backups/\(name).zip") }
            let locked = try await project.granary("backups", "lock", "a.zip")
            #expect(locked.status == 0 && locked.stdout.contains("neither prunes nor replaces it"), "\(locked)")
            let prune = ["backups", "prune", "--keep-last", "1"]
            let kept = try await project.granary(prune)
            #expect(kept.stdout.contains("kept: locked"), "\(kept)")
            let listed = try await project.granary("backups", "--json")
            #expect(listed.stdout.contains("\"locked\":true"), "\(listed)")
            let before = project.folder.read("backups/a.zip")
            let replaced = try await project.granary("backup", "--force", "--output", "backups/a.zip")
            #expect(replaced.status == 3 && replaced.stderr.contains("backups/a.zip is locked"), "\(replaced)")
            #expect(replaced.stderr.contains("hint: granary backups unlock backups/a.zip "), "\(replaced)")
            #expect(project.folder.read("backups/a.zip") == before)
            let unlocked = try await project.granary("backups", "unlock", "a.zip", "--json")
            #expect(unlocked.stdout.contains("\"locked\":false,\"legal_hold\":false"), "\(unlocked)")
            let shown = try await project.granary(prune + ["--dry-run", "--json"])
            #expect(shown.stdout.contains("\"reasons\":[\"last\",\"newest\"]"), "\(shown)")
            #expect(shown.stdout.contains("\"skipped\":[]"), "\(shown)")
            #expect(names(project) == ["a.zip", "b.zip"])
            let pruned = try await project.granary(prune)
            #expect(pruned.status == 0 && project.folder.names(in: "backups") == ["b.zip", "b.zip.json"], "\(pruned)")
        }
    }

    /// With a pattern, the table of the next month belongs to the same selection.
    @Test func aNewTableThatAPatternMatchesBeginsNoOtherSelection() async throws {
        try await withProject { project in
            try await project.sql("CREATE TABLE public.events_1 (id int); INSERT INTO public.events_1 VALUES (1)")
            let backup = ["backup", "--exclude-table-data", "events_*", "--exclude-table-data"]
            let first = try await project.granary(backup + ["users", "--output", "backups/a.zip"])
            try #require(first.status == 0, "\(first)")
            try await project.sql("CREATE TABLE public.events_2 (id int); INSERT INTO public.events_2 VALUES (1)")
            let second = try await project.granary(
                backup + ["public.users", "--output", "backups/b.zip", "--prune", "--keep-last", "1"]
            )
            #expect(second.status == 0 && names(project) == ["b.zip"], "\(second)")
            let listed = try await project.granary("backups", "--json")
            #expect(listed.stdout.contains("\"complete\":false"), "\(listed)")
            let status = try await project.granary("status")
            let lack = "whole database without the rows of events_*, public.users"
            #expect(
                status.stdout.split(whereSeparator: \.isWhitespace).joined(separator: " ").contains(lack),
                "\(status)"
            )
        }
    }

    /// A sidecar that was lost is made again, since the backup itself can be read.
    @Test func aBackupWithoutItsDescriptionIsLocked() async throws {
        try await withProject { project in
            try await project.granary("backup", "--output", "backups/a.zip")
            _ = shell("rm '\(project.folder.file("backups/a.zip.json"))'")
            let locked = try await project.granary("backups", "lock", "backups/a.zip", "--json")
            #expect(locked.status == 0 && locked.stdout.contains("\"locked\":true"), "\(locked)")
            try await project.granary("backup", "--output", "backups/b.zip")
            let kept = try await project.granary("backups", "prune", "--keep-last", "1")
            #expect(kept.stdout.contains("kept: locked"), "\(kept)")
            try project.folder.write("not a backup", to: "backups/c.zip")
            let refused = try await project.granary("backups", "lock", "c.zip")
            #expect(refused.status == 1 && refused.stderr.contains("is not a complete backup"), "\(refused)")
        }
    }

    @Test func theBackupOfACleaningIsKeptForItsUndo() async throws {
        try await withProject { project in
            for _ in 1...2 {
                let cleaned = try await project.granary("clean", "--confirm", project.database, "--all")
                #expect(cleaned.status == 0, "\(cleaned)")
                try await project.sql("INSERT INTO public.users VALUES (1)")
            }
            let shown = try await project.granary("backups", "prune", "--keep-last", "1", "--json")
            #expect(shown.stdout.contains("\"deleted\":[]") && shown.stdout.contains("\"undo\""), "\(shown)")
            #expect(names(project).count == 2)
        }
    }
}

/// A prune that Ctrl-C ends.
@Suite struct InterruptedPruneTests {
    private static let key = String(repeating: "ours", count: 8)

    /// A backup as its sidecar describes it, which is all that prune reads.
    private static func put(_ name: String, _ createdAt: String, in store: TextStore) throws {
        let manifest = Manifest(
            granary: "1",
            createdAt: createdAt,
            database: .init(name: "shop", encoding: "UTF8", collate: "C", ctype: "C", owner: "app"),
            server: .init(version: "15.18", versionNumber: 150018),
            snapshot: "1",
            scope: .init()
        )
        var sidecar = Sidecar(file: name, bytes: 1, sha256: "", isEncrypted: false, manifest)
        (sidecar.address, sidecar.etag) = ("s3://\(TextStore.bucket)/\(name)", name)
        let contents = try sidecar.contents(sealedBy: SealKey(key))
        store[name] = .init("x", etag: name)
        store["\(name).json"] = .init(String(decoding: contents, as: UTF8.self), etag: "json")
    }

    @Test(arguments: [[], ["--json"]]) func itTellsWhatIsGone(form: [String]) async throws {
        try await ScratchFolder.with { folder in
            let mark = folder.file("stalled")
            let store = try TextStore { request in
                guard request.method == "DELETE", request.target.hasSuffix("/b.zip") else { return nil }
                try? Files.replace(mark, [], mode: 0o600)
                return .stall
            }
            for (day, name) in ["a", "b", "c", "d"].enumerated() {
                try Self.put("\(name).zip", "2026-11-0\(day + 1)T00:00:00Z", in: store)
            }
            let bucket = "s3://\(TextStore.bucket)/"
            let prune =
                "backups prune --keep-last 1 --backups \(bucket) --s3-endpoint '\(try #require(store.settings.endpoint))'"
            let outcome = try await runCommand(
                "/bin/bash",
                [
                    "-c",
                    """
                    set -m  # Else what runs in the background ignores an interrupt.
                    "$G" \(prune) --s3-style path \(form.joined()) & granary=$!
                    for _ in {1..400}; do [ -e stalled ] && break; sleep 0.05; done
                    kill -INT $granary; wait $granary
                    """,
                ],
                environment: [
                    "G": granaryBinary(), "GRANARY_ARCHIVE_KEY": Self.key, "AWS_ACCESS_KEY_ID": "a",
                    "AWS_SECRET_ACCESS_KEY": "b", "AWS_EC2_METADATA_DISABLED": "true",
                ],
                workingDirectory: folder.path
            )
            #expect(outcome.status == 130 && outcome.stderr.contains("granary: error: interrupted"), "\(outcome)")
            let isJSON = !form.isEmpty
            let gone: [String] = ["a", "b", "c"].filter { store["\($0).zip"] == nil }
            let left: [String] = ["a", "b", "c"].filter { store["\($0).zip"] != nil }
            #expect(left.contains("b") && store["d.zip"] != nil)
            func list(_ key: String, _ names: [String]) -> String {
                "\"\(key)\":[\(names.reversed().map { "\"\(bucket)\($0).zip\"" }.joined(separator: ","))]"
            }
            if isJSON {
                #expect(outcome.stdout.split(separator: "\n").count == 1, "\(outcome)")
                #expect(outcome.stdout.contains(list("deleted", gone)), "\(outcome)")
                #expect(outcome.stdout.contains(list("not_deleted", left)), "\(outcome)")
                #expect(outcome.stdout.contains(#/"error":\{"message":"interrupted",.*"code":130\}/#), "\(outcome)")
            } else {
                for name in gone { #expect(outcome.stdout.contains("\(name).zip") && !left.contains(name)) }
                let verdicts = outcome.stdout.split(separator: "\n").filter { $0.hasSuffix(" not deleted") }
                #expect(verdicts.count == left.count, "\(outcome)")
                #expect(outcome.stdout.contains("\n\(gone.count) backup"), "\(outcome)")
            }
        }
    }
}

/// Locks in a bucket.
@Suite(.enabled(if: ObjectStore.isAvailable, "\(ObjectStore.absence)"))
struct BucketLockTests {
    @Test func aLockIsALegalHoldWhereTheBucketHasObjectLock() async throws {
        try await withBucket { project, store, plain in
            let bucket = try ObjectStores(store.settings()).bucket("held-\(getpid())")
            try bucket.replace("", [], headers: [("x-amz-bucket-object-lock-enabled", "true")])
            for bucket in [bucket, plain] {
                let folder = "s3://\(bucket.name)/shop/"
                for name in ["a", "b"] {
                    let made = try await project.granary("backup", "--output", "\(folder)\(name).zip")
                    try #require(made.status == 0, "\(made)")
                }
                let hasHold = bucket.name != plain.name
                let locked = try await project.granary("backups", "lock", "\(folder)a.zip", "--json")
                #expect(locked.status == 0, "\(locked)")
                #expect(locked.stdout.contains("\"legal_hold\":\(hasHold)"), "\(locked)")
                try #expect(bucket.object("shop/a.zip")?.isHeld == hasHold)
                // The note is enough, and so is the hold.
                let prune = ["backups", "prune", "--keep-last", "1", "--backups", folder]
                let kept = try await project.granary(prune)
                #expect(kept.stdout.contains("kept: locked"), "\(kept)")
                if hasHold {
                    try bucket.delete("shop/a.zip.json")
                    let held = try await project.granary(prune)
                    #expect(held.stdout.contains("kept: locked"), "\(held)")
                }
                let unlocked = try await project.granary("backups", "unlock", "\(folder)a.zip")
                #expect(unlocked.status == 0, "\(unlocked)")
                let pruned = try await project.granary(prune)
                #expect(pruned.status == 0, "\(pruned)")
                try #expect(bucket.object("shop/a.zip") == nil && bucket.object("shop/b.zip") != nil)
                // A note that this installation cannot change still binds prune, although the hold is ended.
                try await project.granary("backups", "lock", "\(folder)b.zip")
                let refused = try await project.granary(
                    ["backups", "unlock", "\(folder)b.zip"],
                    environment: ["GRANARY_ARCHIVE_KEY": String(repeating: "other ", count: 8)]
                )
                #expect(refused.status == 1 && refused.stderr.contains("was not unlocked"), "\(refused)")
            }
        }
    }
}
