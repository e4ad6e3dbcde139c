import AgeEncryption
import Archive
import Glibc
import Inspection
import PostgresClient
import Storage
import TestSupport
import Testing

/// The built program.
@Suite struct CommandTests {
    private func granary(
        _ arguments: [String],
        _ url: String? = nil,
        in folder: ScratchFolder? = nil
    ) async throws -> CommandOutcome {
        func run(_ folder: ScratchFolder) async throws -> CommandOutcome {
            try await runCommand(
                granaryBinary(),
                arguments + ["--quiet"],
                environment: ["DATABASE_URL": url],
                workingDirectory: folder.path
            )
        }
        guard let folder else { return try await ScratchFolder.with { try await run($0) } }
        return try await run(folder)
    }

    @Test func tablesAndCountsAreDocumentsToo() async throws {
        try await Shop.with { url in
            let tables = try await granary(["tables", "--schema", "shop", "--json"], url)
            #expect(tables.status == 0)
            #expect(
                tables.stdout.contains(
                    #"{"schema":"shop","name":"Orders","kind":"table","bytes":40960,"heap_bytes":8192,"#
                )
            )
            #expect(tables.stdout.contains(#""index_bytes":24576,"toast_bytes":8192,"rows_estimate":30,"#))
            let counts = try await granary(["counts", "--all", "--exact", "--json"], url)
            #expect(
                counts.stdout
                    == #"{"tables":[{"table":"shop.Orders","schema":"shop","name":"Orders","rows":30,"exact":true,"obstacle":null},"#
                    + #"{"table":"shop.customers","schema":"shop","name":"customers","rows":120,"exact":true,"obstacle":null},"#
                    + #"{"table":"shop.events","schema":"shop","name":"events","rows":5,"exact":true,"obstacle":null}]}"#
                    + "\n"
            )
        }
    }

    @Test func theServicesSchemasAreTheDefaultOtherwiseTheWholeDatabase() async throws {
        try await Shop.with("CREATE SCHEMA other; CREATE TABLE other.t ()") { url in
            // The name of the scratch folder is not that of a schema.
            try await #expect(granary(["counts"], url).stdout.contains("other.t"))
            try await #expect(!granary(["counts", "--service", "shop"], url).stdout.contains("other.t"))
            let none = try await granary(["counts", "--service", "nobody"], url)
            #expect(none.status == 0 && none.stdout.isEmpty)
            try await #expect(granary(["counts", "--all", "--schema", "shop"], url).status == 64)
        }
    }

    @Test func aSchemaThatDiffersFromItsFileIsTwo() async throws {
        try await Shop.with { url in
            try await ScratchFolder.with { folder in
                for name in ["s.txt", "s.md", "s.json", "s.mmd", "s.sql"] {
                    let format =
                        ["txt": "text", "mmd": "mermaid"][String(name.dropFirst(2))] ?? String(name.dropFirst(2))
                    let written = try await granary(["schema", "--schema", "shop", "--format", format], url)
                    #expect(written.status == 0 && !written.stdout.isEmpty, "\(written)")
                    try folder.write(written.stdout, to: name)
                    let same = try await granary(["schema", "--schema", "shop", "--check", name], url, in: folder)
                    #expect(same.status == 0, "\(same)")
                }
                try await psql(url, "ALTER TABLE shop.events ADD tag text")
                for name in ["s.md", "s.sql"] {
                    let other = try await granary(["schema", "--schema", "shop", "--check", name], url, in: folder)
                    #expect(other.status == 2 && other.stdout.contains("+ "), "\(other)")
                    #expect(other.stdout.contains("tag"))
                }
                let text = try await granary(["schema", "--schema", "shop", "--check", "s.txt"], url, in: folder)
                #expect(text.stdout.split(separator: "\n").count == 4, "\(text)")
                #expect(text.stdout.hasSuffix("1 line differs\n"))
                try await #expect(granary(["schema", "--check", "none"], url, in: folder).status == 1)
            }
        }
    }

    @Test func aLockedTableBlocksNoCommand() async throws {
        try await Shop.with { url in
            try await Shop.holding("shop.customers", url) {
                for command in [["tables"], ["counts"], ["schema"]] {
                    let outcome = try await granary(command + ["--all"], url)
                    #expect(outcome.status == 0, "\(outcome)")
                }
                try await #expect(granary(["schema", "--all", "--format", "sql"], url).status == 5)
            }
        }
    }

    @Test func theCatalogueShowsAndPrunes() async throws {
        try await Shop.with { url in
            try await ScratchFolder.with { folder in
                try folder.write("mine", to: "backups/notes.txt")
                for name in ["a.zip", "b.zip"] {
                    let made = try await granary(
                        ["backup", "--output", "backups/\(name)", "--schema", "shop"],
                        url,
                        in: folder
                    )
                    #expect(made.status == 0, "\(made)")
                }
                let whole = try await granary(["backup", "--output", "backups/whole.zip"], url, in: folder)
                #expect(whole.status == 0, "\(whole)")
                try folder.write("PK\u{3}\u{4} cut", to: "backups/cut.zip")
                let list = try await granary(["backups"], in: folder)
                let lines = list.stdout.split(separator: "\n")
                try #require(lines.count == 6, "\(list)")
                #expect(lines[0].hasPrefix("file       time"))
                #expect(lines.filter { $0.contains("155") && $0.contains("  yes    no") }.count == 3)
                #expect(lines[4].hasPrefix("cut.zip"))
                #expect(lines[5].hasPrefix("4 files, "))
                let shown = try await granary(["backups", "show", "whole.zip"], in: folder)
                #expect(shown.status == 0)
                for text in [
                    "whole database: 4 tables, 155 rows, 4 chunks", "extensions    -", "shop.customers",
                ] {
                    #expect(shown.stdout.contains(text), "\(shown)")
                }
                try await #expect(granary(["backups", "show", "cut.zip"], in: folder).status == 1)
                let since = try await granary(["counts", "--schema", "shop", "--since", "whole.zip"], url, in: folder)
                #expect(since.stdout.hasPrefix("table           then  now  change\n"), "\(since)")
                try await prunes(folder)
            }
        }
    }

    @Test func aNamedFolderOfBackupsMustExist() async throws {
        for command in [["backups"], ["backups", "prune", "--keep-last", "2"]] {
            let missing = try await granary(command + ["--backups", "backps"])
            #expect(missing.status == 1 && missing.stderr.contains("there is no folder backps"), "\(missing)")
            try await #expect(granary(command).status == 0)
        }
    }

    private func prunes(_ folder: ScratchFolder) async throws {
        func names() async throws -> String {
            try await runCommand("ls", ["backups"], workingDirectory: folder.path).stdout
        }
        try await #expect(granary(["backups", "prune"], in: folder).status == 64)
        let none = try await granary(["backups", "prune", "--keep-last", "0"], in: folder)
        #expect(none.status == 64 && none.stderr.contains("a number must be 1 or more"), "\(none)")
        let before = try await names()
        let plan = try await granary(["backups", "prune", "--keep-last", "1", "--dry-run"], in: folder)
        #expect(plan.status == 0 && plan.stdout.contains("1 backup would be deleted, "), "\(plan)")
        try await #expect(names() == before)
        let most = ["backups", "prune", "--keep-last", "\(Int.max)", "--keep-daily", "\(Int.max)"]
        try await #expect(granary(most, in: folder).stdout.hasSuffix("0 backups deleted, 0 B\n"))
        try await #expect(names() == before)
        let done = try await granary(["backups", "prune", "--keep-last", "1", "--json"], in: folder)
        #expect(done.stdout.hasPrefix(#"{"dry_run":false,"deleted":["backups/"#), "\(done)")
        let after = try await names().split(separator: "\n").filter { !$0.hasSuffix(".zip.json") }
        #expect(after.count == 4)
        for kept in ["cut.zip", "notes.txt", "whole.zip"] { #expect(after.contains { $0 == kept }) }
    }

    @Test func theDoctorNamesEachProblemAndItsRemedy() async throws {
        try await Shop.with { url in
            let ill = try await granary(["doctor"], url)
            #expect(ill.status == 2, "\(ill)")
            #expect(ill.stdout.contains("problem  marker"))
            #expect(ill.stdout.contains("→ granary env mark NAME"))
            try await ScratchFolder.with { folder in
                try await #expect(granary(["env", "mark", "development"], url, in: folder).status == 0)
                let well = try await granary(["doctor"], url, in: folder)
                #expect(well.status == 0, "\(well)")
                #expect(well.stdout.hasSuffix("no problems\n"))
                #expect(well.stdout.contains("ok       marker        development"))
                // The role of the tests has the name of granary's schema.
                #expect(well.stdout.contains("unqualified names mean the schema granary"), "\(well)")
                let elsewhere = try await granary(["doctor"], url + "&options=-csearch_path%3Dpublic", in: folder)
                #expect(!elsewhere.stdout.contains("unqualified names"), "\(elsewhere)")
                try await psql(url, "DROP ROLE IF EXISTS outsider; CREATE ROLE outsider LOGIN")
                let outside = try await granary(
                    ["doctor"],
                    url.replacing("user=granary", with: "user=outsider"),
                    in: folder
                )
                #expect(
                    outside.stdout.contains(
                        """
                        problem  marker        outsider has no right to read the marker: nothing is written to the database
                                               → as the database's owner: granary init --grant outsider

                        """
                    ),
                    "\(outside)"
                )
                try await psql(url, "DROP ROLE outsider")
                let document = try await granary(["doctor", "--json"], url, in: folder)
                #expect(document.stdout.hasPrefix(#"{"ok":true,"checks":[{"name":"granary","status":"ok","#))
            }
            try await psql(url, "DROP ROLE IF EXISTS patient; CREATE ROLE patient LOGIN")
            let poor = try await granary(["doctor"], url.replacing("user=granary", with: "user=patient"))
            #expect(poor.status == 2 && poor.stdout.contains("GRANT pg_read_all_data TO \"patient\""), "\(poor)")
            #expect(poor.stdout.contains("note     rights"))
            try await psql(url, "DROP ROLE patient")
        }
    }

    /// A part of a database, another database and another environment do not help.
    @Test func theDoctorMissesABackupThatIsNewEnough() async throws {
        try await Shop.with { url in
            try await ScratchFolder.with { folder in
                let limit = ["doctor", "--max-backup-age", "26h"]
                let name = String(url.dropFirst("postgresql:///".count).prefix { $0 != "?" })
                try await #expect(granary(["env", "mark", "development"], url, in: folder).status == 0)
                let none = try await granary(limit, url, in: folder)
                let sentence = "backups has no backup of the whole database \(name) in development"
                #expect(none.status == 2 && none.stdout.contains(sentence), "\(none)")
                try await #expect(granary(["backup", "--schema", "shop"], url, in: folder).status == 0)
                try await #expect(granary(limit, url, in: folder).status == 2)
                let made = try await granary(["backup"], url, in: folder)
                let well = try await granary(limit, url, in: folder)
                #expect(well.status == 0 && well.stdout.contains("ok       newest backup"), "\(made)\(well)")
                let other = url.replacing("/\(name)?", with: "/postgres?")
                let elsewhere = try await granary(limit, other, in: folder)
                #expect(elsewhere.stdout.contains("no backup of the whole database postgres"), "\(elsewhere)")
                // The database that is lost needs its backup.
                let lost = try await granary(limit, "postgresql://app@127.0.0.1:1/\(name)", in: folder)
                #expect(lost.status == 2 && lost.stdout.contains("ok       newest backup"), "\(lost)")
                let wrong = try await granary(["doctor", "--max-backup-age", "soon"], url, in: folder)
                #expect(wrong.status == 64, "\(wrong)")

                let catalogue = try await BackupCatalogue.read(folder: folder.file("backups"), keyring: .none)
                let whole = try #require(catalogue.entries.first { $0.summary?.isWholeDatabase == true })
                let created = try #require(whole.summary.flatMap { UTCTime.parse(extended: $0.createdAt) })
                func judge(_ environment: String?, after seconds: Int) -> Doctor.Check {
                    BackupAge(database: name, environment: environment, ageMax: .seconds(3600))
                        .judge(catalogue, now: created + seconds) { "\($0) s" }
                }
                #expect(judge("development", after: 3600).verdict == .good)
                #expect(judge("production", after: 3600).verdict == .problem)
                #expect(judge(nil, after: 3601).detail == "\(whole.file) is 3601 s old, and 3600 s is the limit")
                // Clocks differ a little. A backup of next year is not new.
                #expect(judge(nil, after: -60).verdict == .good)
                #expect(judge(nil, after: -61).detail.hasSuffix(", except those that are dated in the future"))
            }
        }
    }

    @Test func theDoctorOfNoDatabaseIsTwoWithTheWayOut() async throws {
        let none = try await granary(["doctor"])
        #expect(none.status == 2 && none.stdout.contains("→ granary server start"), "\(none)")
        let closed = try await granary(["doctor", "--json"], "postgresql://app:hush@127.0.0.1:1/shop")
        #expect(closed.status == 2 && closed.stdout.hasPrefix(#"{"ok":false"#))
        #expect(
            closed.stdout.contains(#""remedy":"check that the server runs, and the host, port, user and database""#)
        )
        #expect(!closed.stdout.contains("hush") && !closed.stderr.contains("hush"))
    }
}
