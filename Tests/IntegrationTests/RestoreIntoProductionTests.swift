import TestSupport
import Testing

/// No form of restore overwrites production by accident.
@Suite struct RestoreIntoProductionTests {
    private static let environments =
        #"{"service": "shop", "environments": {"prod-eu": {}, "development": {}, "qa": {}}}"#

    /// A database with two rows, marked `prod-eu`, and archives with one row of the same table, from three environments
    /// and without one.
    private static func withArchives(_ body: (TestProject) async throws -> Void) async throws {
        try await TestProject.withOrders(marked: "prod-eu", environments) { site in
            try await psql(site.url, "DELETE FROM shop.orders; INSERT INTO shop.orders VALUES (7, 'other')")
            for environment in ["development", "prod-eu"] { try await site.archive(of: environment) }
            try await site.archive(of: "qa", "--schema", "shop")
            for arguments in [
                ["backup", "--output", "plain.sql", "--quiet"],
                ["backup", "--output", "rows.zip", "--table", "shop.orders", "--quiet"],
            ] {
                let made = try await site.granary(arguments)
                try #require(made.status == 0, "\(made)")
            }
            try await psql(site.url, "DROP SCHEMA granary CASCADE")
            let unknown = try await site.granary("backup", "--output", "unknown.zip", "--quiet")
            try #require(unknown.status == 0, "\(unknown)")
            try await psql(site.url, "DELETE FROM shop.orders; INSERT INTO shop.orders VALUES (1, 'one'), (2, 'two')")
            try await site.mark("prod-eu")
            try await body(site)
        }
    }

    /// Each form, and the options that it needs besides `--confirm`.
    private static let forms: [(arguments: [String], from: String?)] = [
        (["development.zip"], nil), (["prod-eu.zip"], nil), (["unknown.zip"], nil), (["plain.sql"], nil),
        (["prod-eu.zip", "--drop-old"], nil), (["prod-eu.zip", "--in-place"], nil),
        (["development.zip", "--drop-old"], "development"), (["development.zip", "--in-place"], "development"),
        (["unknown.zip", "--drop-old"], "unknown"), (["unknown.zip", "--in-place"], "unknown"),
        (["development.zip", "--schema", "shop"], "development"), (["qa.zip"], "qa"),
        (["development.zip", "--data-only"], "development"),
        (["development.zip", "--table", "shop.orders", "--data-only"], "development"),
        (["development.zip", "--table", "shop.orders", "--rows", "replace"], "development"),
        (["development.zip", "--table", "shop.orders", "--rows", "missing"], nil),
        (["rows.zip", "--data-only"], "qa"),
    ]

    @Test func everyFormOverRowsNeedsItsAnswersOnTheCommandLine() async throws {
        try await Self.withArchives { site in
            let before = try await site.rows()
            try #require(before == "1 one, 2 two")
            for (form, from) in Self.forms {
                let confirm = ["--confirm", site.database]
                let origin = from.map { ["--from", $0] } ?? []
                let variables = ["GRANARY_CONFIRM": site.database, "GRANARY_FROM": from ?? "prod-eu"]
                var refused = [
                    try await site.granary(["restore"] + form), try await site.granary(["restore"] + form + origin),
                    try await site.granary(["restore"] + form + origin, environment: variables),
                    try await site.granary(["restore"] + form + origin + ["--confirm", "other"]),
                ]
                if from != nil {
                    refused.append(try await site.granary(["restore"] + form + confirm))
                    refused.append(try await site.granary(["restore"] + form + confirm, environment: variables))
                    refused.append(try await site.granary(["restore"] + form + confirm + ["--from", "prod-us"]))
                }
                for outcome in refused {
                    #expect(outcome.status == 3, "\(form): \(outcome)")
                    #expect(outcome.stderr.contains("nothing was changed"), "\(form): \(outcome)")
                }
                #expect(refused[0].stderr.contains("--confirm \(site.database)"), "\(form): \(refused[0])")
                if let from { #expect(refused[0].stderr.contains("--from \(from) "), "\(form): \(refused[0])") }
                #expect(refused[2].stderr.contains("GRANARY_CONFIRM is not enough for production"), "\(refused[2])")
                try await #expect(site.rows() == before, "\(form)")

                let plan = try await site.granary(["restore"] + form + ["--plan"])
                let answers = (origin + confirm).joined(separator: " ")
                #expect(plan.stdout.contains("this needs \(answers), because it replaces rows of"), "\(form): \(plan)")

                let done = try await site.granary(["restore"] + form + origin + confirm)
                #expect(done.status == 0, "\(form): \(done)")
                let isAdded = form.contains("missing")
                try await #expect(site.rows() == (isAdded ? "1 one, 2 two, 7 other" : "7 other"), "\(form)")
                try await psql(
                    site.url,
                    "DELETE FROM shop.orders; INSERT INTO shop.orders VALUES (1, 'one'), (2, 'two')"
                )
            }
        }
    }

    @Test func noQuestionIsAskedIfNoRowsCanBeLost() async throws {
        try await Self.withArchives { site in
            let copy = try await site.granary("restore", "development.zip", "--table", "shop.orders=copy")
            #expect(copy.status == 0, "\(copy)")
            try await #expect(site.rows("shop.copy") == "7 other")
            try await psql(site.url, "DROP TABLE shop.copy")
            let ifEmpty = try await site.granary("restore", "development.zip", "--data-only", "--if-empty")
            #expect(ifEmpty.status == 3, "\(ifEmpty)")
            #expect(ifEmpty.stderr.contains("rows were written since into shop.orders"), "\(ifEmpty)")
            try await #expect(site.rows() == "1 one, 2 two")
            // Another table has rows, but is not affected.
            try await psql(site.url, "CREATE TABLE shop.log AS SELECT 1 AS id; DELETE FROM shop.orders")
            let part = try await site.granary(
                "restore",
                "development.zip",
                "--table",
                "shop.orders",
                "--rows",
                "replace"
            )
            #expect(part.status == 0, "\(part)")
            try await #expect(site.rows() == "7 other")
            // The whole database still has rows.
            try await psql(site.url, "DELETE FROM shop.orders")
            let whole = try await site.granary("restore", "development.zip", "--drop-old")
            #expect(whole.status == 3, "\(whole)")
            #expect(whole.stderr.contains("such as those of shop.log"), "\(whole)")
            try await psql(site.url, "DELETE FROM shop.log")
            let empty = try await site.granary("restore", "development.zip", "--drop-old")
            #expect(empty.status == 0, "\(empty)")
            try await #expect(site.rows() == "7 other")
        }
    }

    @Test func outsideOfProductionVariablesCountAndNoQuestionIsAsked() async throws {
        try await Self.withArchives { site in
            try await site.mark("qa")
            let wrong = try await site.granary(
                "restore",
                "development.zip",
                "--drop-old",
                environment: ["GRANARY_CONFIRM": "other"]
            )
            #expect(wrong.status == 3, "\(wrong)")
            let origin = try await site.granary(
                "restore",
                "development.zip",
                "--drop-old",
                environment: ["GRANARY_FROM": "prod-eu"]
            )
            #expect(origin.status == 3, "\(origin)")
            #expect(origin.stderr.contains("--from names prod-eu, but development.zip is a backup of development"))
            try await #expect(site.rows() == "1 one, 2 two")
            let done = try await site.granary("restore", "development.zip", "--drop-old")
            #expect(done.status == 0, "\(done)")
            try await #expect(site.rows() == "7 other")
        }
    }

    @Test func intoAnotherDatabaseTheRowsOfThatOneCount() async throws {
        try await Self.withArchives { site in
            let copy = "\(site.database)_copy"
            let made = try await site.granary("restore", "development.zip", "--into", copy)
            #expect(made.status == 0, "\(made)")
            let other = site.url.replacing("/\(site.database)?", with: "/\(copy)?")
            let marked = try await runCommand(
                granaryBinary(),
                ["env", "mark", "prod-eu", "--force", "--database-url", other],
                workingDirectory: site.folder.path
            )
            try #require(marked.status == 0, "\(marked)")
            let refused = try await site.granary(
                "restore",
                "development.zip",
                "--into",
                copy,
                "--confirm",
                site.database
            )
            #expect(refused.status == 3, "\(refused)")
            let again = try await site.granary("restore", "development.zip", "--into", copy, "--drop-old")
            #expect(again.status == 3, "\(again)")
            try await psql(site.url, "DROP DATABASE \"\(copy)\"")
        }
    }
}
