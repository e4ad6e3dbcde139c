import Glibc
import Synchronization
import TestSupport
import Testing

/// Who is told about a backup, and what.
@Suite struct NoticeTests {
    private static let users = "CREATE TABLE public.users (id int); INSERT INTO public.users VALUES (1), (2)"

    private func withProject(_ body: (TestProject) async throws -> Void) async throws {
        try await TestProject.with(Self.users) { project in
            try await project.mark()
            try await body(project)
        }
    }

    private func document(_ project: TestProject) -> String {
        String(decoding: project.folder.read("document"), as: UTF8.self)
    }

    @Test func aBackupTellsEveryoneOfItsSuccess() async throws {
        try await withProject { project in
            let bodies = Mutex<[String]>([])
            let server = try HTTPProxy(before: 0) { request, _ in
                bodies.withLock { $0.append(String(decoding: request.body, as: UTF8.self)) }
                return .answer(200)
            }
            let made = try await project.granary(
                "backup",
                "--ping",
                "\(server.endpoint)/secret?x=1",
                "--metrics",
                "granary.prom",
                "--on-success",
                "cat >document; echo shown; env >variables",
                "--on-failure",
                "touch failed",
                environment: ["GRANARY_JOBS": "1"]
            )
            #expect(made.status == 0 && made.stdout.hasPrefix("backups/"), "\(made)")
            #expect(made.stderr.hasSuffix("shown\n") && !made.stdout.contains("shown"), "\(made)")
            #expect(!made.stderr.contains("secret"))
            let targets = server.requests.map(\.target)
            #expect(targets.map { $0.prefix { $0 != "&" } } == ["/secret/start?x=1", "/secret?x=1"], "\(targets)")
            #expect(Set(targets.map { $0.suffix(40) }).count == 1, "\(targets)")
            let body = try #require(bodies.withLock { $0.last })
            #expect(body.hasPrefix("exit_code 0\n") && body.contains("\nrows 2\ntables 1\n"), "\(body)")
            for word in ["users", project.database, "development", "backups"] { #expect(!body.contains(word)) }
            #expect(document(project).hasPrefix(#"{"file":"backups/"#) && document(project).hasSuffix("\"code\":0}\n"))
            let variables = String(decoding: project.folder.read("variables"), as: UTF8.self)
            #expect(
                variables.contains("PATH=") && !variables.contains("GRANARY_") && !variables.contains("DATABASE_URL")
            )
            let metrics = String(decoding: project.folder.read("granary.prom"), as: UTF8.self)
            let labels = "{database=\"\(project.database)\",environment=\"development\"}"
            #expect(metrics.contains("granary_backup_last_exit_code\(labels) 0\n"), "\(metrics)")
            #expect(metrics.contains("granary_backup_rows\(labels) 2\n"), "\(metrics)")
            #expect(!project.folder.names().contains("failed"))
        }
    }

    /// The database does not answer, so that its name is only in the options.
    @Test func aFailureTellsEveryoneWithItsCode() async throws {
        try await withProject { project in
            let server = try HTTPProxy(before: 0) { _, _ in .answer(404) }
            let options: [String: String?] = [
                "GRANARY_PING": "\(server.endpoint)/secret", "GRANARY_METRICS": "granary.prom",
                "GRANARY_ON_FAILURE": "cat >document", "GRANARY_ON_SUCCESS": "touch succeeded",
            ]
            let good = try await project.granary("backup", environment: ["GRANARY_METRICS": "granary.prom"])
            #expect(good.status == 0, "\(good)")
            let before = String(decoding: project.folder.read("granary.prom"), as: UTF8.self).split(separator: "\n")
            let url = "postgresql://app@127.0.0.1:1/\(project.database)"
            let closed = try await project.granary("backup", "--database-url", url, environment: options)
            #expect(closed.status == 4, "\(closed)")
            #expect(
                closed.stderr.hasSuffix("note: the pings could not be delivered: the answer was 404\n"),
                "\(closed)"
            )
            #expect(server.requests.map { $0.target.prefix { $0 != "?" } } == ["/secret/start", "/secret/fail"])
            #expect(
                document(project).hasPrefix(#"{"error":{"message":"#) && document(project).hasSuffix("\"code\":4}\n")
            )
            let after = String(decoding: project.folder.read("granary.prom"), as: UTF8.self).split(separator: "\n")
            let changed = zip(before, after).filter { $0 != $1 }.map { $1.prefix { $0 != "{" } }
            #expect(before.count == after.count && changed.contains("granary_backup_last_exit_code"), "\(after)")
            let expected: Set<Substring> = [
                "granary_backup_last_exit_code", "granary_backup_last_run_timestamp_seconds",
            ]
            #expect(Set(changed).isSubset(of: expected), "\(changed)")
            #expect(!project.folder.names().contains("succeeded"))
            // The database that would have listed the others is not what was to be backed up.
            let all = ["backup", "--all-databases", "--metrics", "all.prom", "--database-url", url]
            try await #expect(project.granary(all).status == 4)
            let text = String(decoding: project.folder.read("all.prom"), as: UTF8.self)
            #expect(text.contains("\ngranary_backup_last_exit_code 4\n"), "\(text)")
        }
    }

    @Test func aRefusalAndWrongArgumentsAreToldToo() async throws {
        try await withProject { project in
            try project.folder.write(
                #"{"environments": {"development": {"config": {"encrypted": true}}}}"#,
                to: "migrations/environments.json"
            )
            let hook = ["--on-failure", "cat >document"]
            let refused = try await project.granary(["backup", "--json"] + hook)
            #expect(refused.status == 3 && document(project).hasSuffix("\"code\":3}\n"), "\(refused)")
            #expect(refused.stdout.contains("must be encrypted"), "\(refused)")
            let wrong = try await project.granary(["backup", "--output", "x.sql", "--format", "zip"] + hook)
            #expect(wrong.status == 64 && document(project).hasSuffix("\"code\":64}\n"), "\(wrong)")
            let full = try await runCommand(
                "/bin/sh",
                ["-c", "exec '\(granaryBinary())' backup --on-failure 'cat >document' >/dev/full"],
                environment: project.variables,
                workingDirectory: project.folder.path
            )
            #expect(full.status == 1 && document(project).hasSuffix("\"code\":1}\n"), "\(full)")
        }
    }

    @Test(arguments: [SIGINT, SIGTERM]) func anInterruptIsToldToo(_ signal: CInt) async throws {
        try await withProject { project in
            let server = try HTTPProxy(before: 0) { _, _ in .answer(200) }
            let outcome = try await project.holding("LOCK TABLE public.users IN ACCESS EXCLUSIVE MODE") {
                try await runCommand(
                    "/bin/bash",
                    [
                        "-c",
                        """
                        set -m  # Else what runs in the background ignores an interrupt.
                        "$G" backup --ping '\(server.endpoint)/x' --on-failure 'cat >document' & granary=$!
                        for _ in {1..400}; do
                            psql -XqAt -d "$DATABASE_URL" -c "SELECT pg_catalog.count(*) FROM pg_catalog.pg_locks
                                WHERE NOT granted AND relation = 'public.users'::pg_catalog.regclass" | grep -q '^0' || break
                            sleep 0.05
                        done
                        tr '\\0' '\\n' </proc/$granary/cmdline >seen
                        kill -\(signal) $granary; wait $granary
                        """,
                    ],
                    environment: project.variables.merging(["G": granaryBinary()]) { $1 },
                    workingDirectory: project.folder.path
                )
            }
            #expect(outcome.status == 130, "\(outcome)")
            #expect(document(project).hasSuffix("\"code\":130}\n"))
            #expect(server.requests.map { $0.target.prefix { $0 != "?" } } == ["/x/start", "/x/fail"])
            let seen = String(decoding: project.folder.read("seen"), as: UTF8.self)
            #expect(seen.contains("--ping\n***\n") && !seen.contains(server.endpoint), "\(seen)")
        }
    }

    @Test func anAddressThatIsNoneIsRefusedWithoutBeingShown() async throws {
        try await ScratchFolder.with { folder in
            for option in [["--ping", "secret://x"], ["--ping=https://a:secret@b/"]] {
                let outcome = try await runCommand(granaryBinary(), ["backup"] + option, workingDirectory: folder.path)
                #expect(
                    outcome.status == 64 && outcome.stderr.contains("--ping takes an http or https URL"),
                    "\(outcome)"
                )
                #expect(!outcome.stderr.contains("secret"), "\(outcome)")
            }
        }
    }
}
