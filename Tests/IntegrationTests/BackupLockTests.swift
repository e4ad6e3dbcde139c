import Glibc
import TestSupport
import Testing

/// What other commands do while a backup runs.
@Suite struct BackupLockTests {
    /// Passes a project to `body` while a backup of it into `backups` runs and holds its tables.
    private func whileBackedUp(_ body: @escaping @Sendable (TestProject) async throws -> Void) async throws {
        try await TestProject.withOrders(marked: "development") { site in
            try await waitingDump(in: site)
            try site.writeMigration("ALTER TABLE shop.orders ADD COLUMN price int;", to: "000001_price.up.sql")
            try site.writeMigration("ALTER TABLE shop.orders DROP COLUMN price;", to: "000001_price.down.sql")
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    let first = try await site.granary("backup", "--postgres-bin", "bin")
                    try #require(first.status == 0, "\(first)")
                }
                group.addTask {
                    defer { _ = try? site.folder.write("", to: "go") }
                    try await eventually { site.folder.names().contains("reading") }
                    try await body(site)
                }
                // The first failure ends the other.
                while try await group.next() != nil {}
            }
        }
    }

    /// A pg_dump that makes `reading`, and waits for `go`.
    private func waitingDump(in site: TestProject) async throws {
        let program = site.server.program("pg_dump")
        let script = """
            #!/bin/sh
            [ "$1" = --version ] && exec \(program) --version
            touch "\(site.folder.file("reading"))"
            until [ -e "\(site.folder.file("go"))" ]; do sleep 0.02; done
            exec \(program) "$@"
            """
        try await writeScript(script, to: site.folder.file("bin/pg_dump"))
    }

    @Test func aSecondBackupIntoTheSameFolderIsRefusedWithTheFirstNamed() async throws {
        try await whileBackedUp { site in
            for folder in ["backups", "./backups/", site.folder.file("backups")] {
                let second = try await site.granary("backup", "--backups", folder)
                #expect(second.status == 5, "\(second)")
                #expect(
                    second.stderr.contains(
                        #/error: another backup of test_\d+ into \S+ is running: process \d+ \(granary of granary\), since 20\S+Z\nhint: try again/#
                    ),
                    "\(second)"
                )
            }
            for other in [
                ["--backups", "others"], ["--output", "backups/shop.zip"], ["--output", "-", "--format", "sql"],
            ] {
                let allowed = try await site.granary(["backup"] + other)
                #expect(allowed.status == 0, "\(allowed)")
            }
        }
    }

    @Test func theBackupOfAClearingDoesNotWaitForIt() async throws {
        try await whileBackedUp { site in
            let cleaned = try await site.granary("clean", "--service", "shop", "--confirm", site.database)
            #expect(cleaned.status == 0, "\(cleaned)")
            #expect(site.folder.names(in: "backups").contains { $0.contains("before-clean") }, "\(cleaned)")
        }
    }

    @Test func thePlanAndTheRunOfMigrationsNameItWithItsTables() async throws {
        try await whileBackedUp { site in
            let plan = try await site.granary("migrate", "plan", "--json")
            #expect(
                plan.stdout.contains(
                    #/"running_backups":\[\{"pid":\d+,"since":"20[^"]+Z","tables":\["shop.orders"\]\}\]/#
                ),
                "\(plan)"
            )
            let sentence =
                #/a backup is running: process \d+ \(granary of granary\), since 20\S+Z; it holds shop.orders, and the migrations that lock this table wait until it is done/#
            let text = try await site.granary("migrate", "plan")
            #expect(text.stdout.contains(sentence), "\(text)")
            let run = try await site.granary("migrate", "up", "--lock-timeout", "100ms", "--lock-budget", "300ms")
            #expect(run.status == 5 && run.stderr.contains(sentence), "\(run)")
        }
    }

    @Test func aKilledBackupLeavesNoLock() async throws {
        try await TestProject.withOrders(marked: "development") { site in
            try await waitingDump(in: site)
            let script = """
                "$0" backup --postgres-bin bin & backup=$!
                until [ -e reading ]; do sleep 0.02; done
                kill -KILL $backup; wait $backup; echo $?
                """
            let killed = try await runCommand(
                "bash",
                ["-c", script, try granaryBinary()],
                environment: site.variables,
                workingDirectory: site.folder.path
            )
            #expect(killed.stdout == "137\n", "\(killed)")
            let next = try await site.granary("backup")
            try site.folder.write("", to: "go")
            #expect(next.status == 0, "\(next)")
        }
    }
}
