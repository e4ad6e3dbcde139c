import PostgresClient
import TestSupport
import Testing

/// Objects with any names are restored exactly, cause no side effects, and cannot control a terminal.
@Suite struct HostileNameTests {
    /// A database, and a folder so deep that `../../` stays in the scratch folder.
    private struct Ground {
        let url: String
        let name: String
        let scratch: ScratchFolder
        var folder: String { scratch.file("a/b/work") }

        /// Runs granary there. Its output must be harmless, and must be JSON if that was requested.
        @discardableResult
        func granary(
            _ arguments: String...,
            at url: String? = nil,
            status: Int32 = 0,
            isExact: Bool = false,
            location: SourceLocation = #_sourceLocation
        ) async throws -> CommandOutcome {
            let outcome = try await runCommand(
                granaryBinary(),
                arguments,
                environment: variables(url),
                workingDirectory: folder
            )
            try #require(outcome.status == status, "\(arguments): \(outcome)", sourceLocation: location)
            for text in isExact ? [outcome.stderr] : [outcome.stdout, outcome.stderr] {
                #expect(steeringCharacters(text) == [], "\(arguments)", sourceLocation: location)
            }
            if arguments.contains("--json") {
                #expect(throws: Never.self, "\(arguments)", sourceLocation: location) {
                    try JSONTexts.of(outcome.stdout)
                }
            }
            return outcome
        }

        func variables(_ url: String? = nil) -> [String: String?] {
            ["DATABASE_URL": url ?? self.url, "GRANARY_ENV": "development"]
        }

        /// Runs a printed line as a user would paste it.
        func paste(_ line: String, location: SourceLocation = #_sourceLocation) async throws {
            let binary = try granaryBinary()
            let programs = String(binary.dropLast("/granary".count))
            let outcome = try await runCommand(
                "sh",
                ["-c", "PATH=\"$0:$PATH\"; \(line)", programs],
                environment: variables(),
                workingDirectory: folder
            )
            #expect(outcome.status == 0, "\(line): \(outcome)", sourceLocation: location)
        }

        /// Checks that only the requested objects exist. Each archive has its sidecar.
        func requireNothingElse(_ names: Set<String>, location: SourceLocation = #_sourceLocation) async throws {
            let all = names.union(names.filter { $0.hasSuffix(".zip") }.map { "\($0).json" })
            #expect(Set(scratch.names(in: "a/b/work")) == all, sourceLocation: location)
            #expect(scratch.names() == ["a"] && scratch.names(in: "a") == ["b"], sourceLocation: location)
            #expect(scratch.names(in: "a/b") == ["work"], sourceLocation: location)
            try await #expect(psql(url, "SELECT count(*) FROM public.victim") == "10", sourceLocation: location)
        }
    }

    private func withGround(
        _ name: String,
        _ sql: String = HostileNames.sql(),
        _ body: (Ground) async throws -> Void
    ) async throws {
        let server = try await ThrowawayServer.shared()
        try await ScratchFolder.with { scratch in
            try scratch.write("", to: "a/b/work/.keep")
            try await runCommand("rm", [scratch.file("a/b/work/.keep")])
            try await server.withDatabase(name) { url in
                try await psql(url, sql)
                let ground = Ground(url: url, name: name, scratch: scratch)
                try await ground.granary("env", "mark", "development")
                try await body(ground)
            }
        }
    }

    /// The lines in which two databases differ; empty if there are none.
    private func differences(_ one: String, _ other: String) async throws -> String {
        try await portrait(one).differences(from: portrait(other))
    }

    private func requireEqualRows(
        _ one: DatabasePortrait,
        _ url: String,
        location: SourceLocation = #_sourceLocation
    ) async throws {
        let other = try await portrait(url)
        let isEqual = one.rows == other.rows && one.sequences == other.sequences
        #expect(isEqual, "\(one.differences(from: other))", sourceLocation: location)
    }

    /// The database without its marker and log, which differ for each database.
    private func portrait(_ url: String) async throws -> DatabasePortrait {
        var portrait = try await DatabasePortrait.of(url)
        portrait.dump = lines(portrait.dump, without: "t\tdevelopment\t")
        portrait.rows = lines(portrait.rows, without: "granary.")
        portrait.sequences = lines(portrait.sequences, without: "granary.")
        return portrait
    }

    private func lines(_ text: String, without start: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).filter { !$0.hasPrefix(start) }
            .joined(separator: "\n")
    }

    @Test func anArchiveRestoresThemAndPrintsThemHarmlessly() async throws {
        let server = try await ThrowawayServer.shared()
        try await withGround("-rf \"'$(touch x)\n\u{1b}[2J") { ground in
            try await ground.granary("backup", "--output", "a.zip", "--verbose")
            try await ground.granary("verify", "a.zip", "--verbose")
            try await ground.granary("verify", "a.zip", "--json")
            try await ground.granary("backups", "show", "a.zip")
            let shown = try JSONTexts.of(try await ground.granary("backups", "show", "a.zip", "--json").stdout)
            for (index, name) in HostileNames.all.enumerated() {
                let table = HostileNames.all[(index + 1) % HostileNames.all.count]
                #expect(shown.contains("\(name).\(table)"), "\(name.debugDescription)")
            }
            try await ground.granary("restore", "a.zip", "--plan")
            try await ground.granary("restore", "a.zip", "--plan", "--json")

            let new = "new\u{202e}\n\(ground.name)"
            try await ground.granary("restore", "a.zip", "--into", new, "--verbose")
            try await #expect(differences(ground.url, server.url(database: new)) == "")
            try await server.execute("DROP DATABASE \(QuotedText.name(new))")

            let before = try await portrait(ground.url)
            try await psql(ground.url, "DROP SCHEMA \(QuotedText.name("$$")) CASCADE")
            try await ground.granary("restore", "a.zip", "--in-place", "--log-format", "json")
            try await requireEqualRows(before, ground.url)

            // The replaced database is kept, and the printed line drops it.
            let swapped = try await ground.granary("restore", "a.zip")
            try await requireEqualRows(before, ground.url)
            let drop = try #require(swapped.stderr.split(separator: "\n").first { $0.hasPrefix("to drop it: ") })
            try await ground.paste(String(drop.dropFirst("to drop it: ".count)))
            let left = try await psql(
                ground.url,
                "SELECT count(*) FROM pg_database WHERE datname LIKE '%before\\_%' AND datname LIKE '-rf%'"
            )
            #expect(left == "0")
            try await ground.requireNothingElse(["a.zip"])
        }
    }

    @Test func aPlainDumpBringsThemBack() async throws {
        let server = try await ThrowawayServer.shared()
        try await withGround("plain %s {{x}}") { ground in
            for file in ["p.sql", "p.sql.gz"] {
                try await ground.granary("backup", "--output", file)
                try await ground.granary("restore", file, "--into", "of \(file)")
                try await #expect(differences(ground.url, server.url(database: "of \(file)")) == "")
                try await server.execute("DROP DATABASE \(QuotedText.name("of \(file)"))")
            }
            try await ground.requireNothingElse(["p.sql", "p.sql.gz"])
        }
    }

    @Test func looksShowThemHarmlesslyAndJSONHasThemExactly() async throws {
        try await withGround("looks\r\u{9b}31m") { ground in
            for format in ["text", "md", "mermaid"] {
                try await ground.granary("schema", "--all", "--format", format)
            }
            for command in [["schema", "--format", "json"], ["tables", "--json"], ["counts", "--json"]] {
                let outcome = try await runCommand(
                    granaryBinary(),
                    command + ["--all"],
                    environment: ground.variables(),
                    workingDirectory: ground.folder
                )
                #expect(steeringCharacters(outcome.stdout + outcome.stderr) == [], "\(command)")
                let texts = try JSONTexts.of(outcome.stdout)
                for name in HostileNames.all { #expect(texts.contains(name), "\(command) \(name.debugDescription)") }
            }
            // Redirected output must be exact SQL.
            let sql = try await ground.granary("schema", "--all", "--format", "sql", isExact: true)
            for name in HostileNames.all { #expect(sql.stdout.contains(QuotedText.name(name))) }
            try await ground.granary("tables", "--all")
            try await ground.granary("counts", "--all", "--exact")
            try await ground.granary("env")
            let environment = try await ground.granary("env", "--json")
            #expect(try JSONTexts.of(environment.stdout).contains(ground.name))
            try await ground.granary("doctor")
            try await ground.granary("doctor", "--json")
            try await ground.requireNothingElse([])
        }
    }

    @Test func oneOfThemIsChosenExactly() async throws {
        try await withGround("chosen") { ground in
            let names = HostileNames.all
            for index in [0, 6, 8, 15, 20, 22, 23, 24, 25] {
                let (schema, table) = (names[index], names[(index + 1) % names.count])
                let spelled = "\(QuotedText.name(schema)).\(QuotedText.name(table))"
                try await ground.granary("backup", "--force", "--output", "s.zip", "--schema=\(schema)")
                let whole = try JSONTexts.of(try await ground.granary("backups", "show", "s.zip", "--json").stdout)
                #expect(
                    Set(names.indices.filter { whole.contains("\(names[$0]).\(names[($0 + 1) % names.count])") }) == [
                        index
                    ]
                )
                try await ground.granary("backup", "--force", "--output", "t.zip", "--table=\(spelled)")
                let one = try JSONTexts.of(try await ground.granary("backups", "show", "t.zip", "--json").stdout)
                #expect(
                    Set(names.indices.filter { one.contains("\(names[$0]).\(names[($0 + 1) % names.count])") }) == [
                        index
                    ]
                )
                try await ground.granary("restore", "t.zip", "--table=\(spelled)=copy of it", "--in-place")
                let rows = try await psql(ground.url, "SELECT count(*) FROM \(QuotedText.name(schema)).\"copy of it\"")
                #expect(rows == "3", "\(schema.debugDescription)")
            }
            try await ground.requireNothingElse(["s.zip", "t.zip"])
        }
    }

    /// Schemas whose names are only canonically equivalent are different.
    @Test func aSchemaOfAnEquivalentNameIsLeftAlone() async throws {
        try await withGround(
            "equivalent",
            """
            CREATE TABLE victim AS SELECT generate_series(1, 10);
            CREATE SCHEMA U&"caf\\00e9"; CREATE TABLE U&"caf\\00e9".t AS SELECT 1 AS a;
            CREATE SCHEMA U&"cafe\\0301"; CREATE TABLE U&"cafe\\0301".t AS SELECT 2 AS a;
            """
        ) { ground in
            try await ground.granary("backup", "--output", "a.zip")
            try await ground.granary("restore", "a.zip", "--in-place", "--schema", "caf\u{e9}")
            try await #expect(psql(ground.url, "SELECT a FROM U&\"cafe\\0301\".t") == "2")
            try await ground.granary("clean", "--schema", "caf\u{e9}", "--confirm", "equivalent", "--no-undo")
            try await #expect(psql(ground.url, "SELECT count(*) FROM U&\"caf\\00e9\".t") == "0")
            try await #expect(psql(ground.url, "SELECT a FROM U&\"cafe\\0301\".t") == "2")
        }
    }

    @Test func thePrintedLineRestoresCleanedRows() async throws {
        let name = "it's \"$(touch x)\" q'\u{301}\u{1b}[2J -\n"
        try await withGround(name) { ground in
            let before = try await portrait(ground.url)
            try await ground.granary("clean", "--all", "--plan", "--keep", "victim")
            try await ground.granary("clean", "--all", "--plan", "--json", "--keep", "victim")
            let refused = try await ground.granary("clean", "--all", "--keep", "victim", status: 3)
            let hint = try #require(refused.stderr.split(separator: "\n").last)
            let confirm = try #require(hint.firstRange(of: "--confirm ")).lowerBound
            try await ground.paste("granary clean --all --keep victim --backups undo \(hint[confirm...]) >line")
            let filled = try await psql(
                ground.url,
                "SELECT count(*) FROM \(QuotedText.name(HostileNames.all[0])).\(QuotedText.name(HostileNames.all[1]))"
            )
            #expect(filled == "0")
            let undo = String(decoding: ground.scratch.read("a/b/work/line"), as: UTF8.self)
            #expect(steeringCharacters(undo) == [])
            try await ground.paste(undo)
            try await requireEqualRows(before, ground.url)
            try await ground.requireNothingElse(["line", "undo"])
        }
    }

    @Test func seedsFillTables() async throws {
        // Names that can be file names: `/` would mean a folder, and `.` a schema.
        let names = HostileNames.all.filter {
            !$0.contains("/") && !$0.unicodeScalars.contains(".") && $0.utf8.count < 60
        }
        let tables = names.map { QuotedText.name($0) }
        let sql =
            "CREATE TABLE victim AS SELECT generate_series(1, 10);\nCREATE SCHEMA s;\n"
            + zip(names, tables).map { name, table in
                "CREATE TABLE s.\(table) (\(table) integer PRIMARY KEY, \(QuotedText.name(name + "-2")) text);\n"
            }.joined()
        try await withGround("seeded", sql) { ground in
            for (index, name) in names.enumerated() {
                if index.isMultiple(of: 2) {
                    let key = yaml(name)
                    try ground.scratch.write(
                        "- {\(key): 1, \(yaml(name + "-2")): \(yaml(name))}\n",
                        to: "a/b/work/seeds/common/s.\(name).yaml"
                    )
                } else {
                    try ground.scratch.write(
                        "\(csv(name)),\(csv(name + "-2"))\n1,\(csv(name))\n",
                        to: "a/b/work/seeds/common/s.\(name).csv"
                    )
                }
            }
            try await ground.granary("seed", "--plan", "--migrations", "none")
            try await ground.granary("seed", "--json", "--migrations", "none")
            try await ground.granary("seed", "--verbose", "--migrations", "none")
            for (name, table) in zip(names, tables) {
                let found = try await psql(
                    ground.url,
                    "SELECT \(QuotedText.name(name + "-2")) = \(HostileNames.literal(name)) FROM s.\(table)"
                )
                #expect(found == "t", "\(name.debugDescription)")
            }
            try await ground.requireNothingElse(["seeds"])
        }
    }

    private func yaml(_ text: String) -> String {
        "\""
            + text.unicodeScalars.map { scalar in
                scalar == "\"" || scalar == "\\" || QuotedText.isControl(scalar)
                    ? "\\U" + String(String(UInt64(scalar.value) + 0x1_0000_0000, radix: 16).dropFirst()) : "\(scalar)"
            }.joined() + "\""
    }

    private func csv(_ text: String) -> String {
        "\"" + text.unicodeScalars.map { $0 == "\"" ? "\"\"" : "\($0)" }.joined() + "\""
    }

    @Test func migrationsMakeThem() async throws {
        try await withGround("migrated\u{202e}", "CREATE TABLE victim AS SELECT generate_series(1, 10)") { ground in
            let up = HostileNames.sql().split(separator: ";\n").dropFirst(2).joined(separator: ";\n") + ";\n"
            let down = HostileNames.all.reversed().map { "DROP SCHEMA \(QuotedText.name($0)) CASCADE;\n" }.joined()
            try ground.scratch.write(up, to: "a/b/work/migrations/000001_odd.up.sql")
            try ground.scratch.write(down, to: "a/b/work/migrations/000001_odd.down.sql")
            for format in ["text", "json", "github"] {
                let outcome = try await runCommand(
                    granaryBinary(),
                    ["validate", "--format", format],
                    environment: ground.variables(),
                    workingDirectory: ground.folder
                )
                #expect(outcome.status == 0 || outcome.status == 2, "\(outcome)")
                #expect(steeringCharacters(outcome.stdout + outcome.stderr) == [], "\(format)")
                if format == "json" { _ = try JSONTexts.of(outcome.stdout) }
            }
            try await ground.granary("migrate", "up", "--dry-run")
            try await ground.granary("migrate", "up", "--verbose")
            try await ground.granary("migrate", "status", "--json")
            let made = try await psql(
                ground.url,
                "SELECT count(*) FROM pg_namespace WHERE nspname IN (\(HostileNames.all.map(HostileNames.literal).joined(separator: ",")))"
            )
            #expect(made == "\(HostileNames.all.count)")
            try await ground.granary("migrate", "down", "1", "--json", "--confirm", "000001", "--backups", "undo")
            try await ground.requireNothingElse(["migrations"])
        }
    }

    @Test func theLineThatGivesRightsToARoleOfAnyNameIsTrue() async throws {
        let role = "r'\u{301}\"$(touch x)\u{1b}[2J\n-"
        let server = try await ThrowawayServer.shared()
        try await withGround("roles", "CREATE TABLE victim AS SELECT generate_series(1, 10)") { ground in
            try await server.execute("CREATE ROLE \(QuotedText.name(role)) LOGIN")
            let theirs = ground.url.replacing(
                "user=granary",
                with: "user=" + role.utf8.map { "%" + String(UInt($0) + 0x100, radix: 16).dropFirst() }.joined()
            )
            let doctor = try await ground.granary("doctor", at: theirs, status: 2)
            let line = try #require(doctor.stdout.firstRange(of: "granary init --grant ")).lowerBound
            try await ground.paste(String(doctor.stdout[line...].prefix { $0 != "\n" }))
            let again = try await ground.granary("doctor", at: theirs, status: 2)
            #expect(!again.stdout.contains("init --grant"))
            try await ground.requireNothingElse([])
            try await psql(ground.url, "DROP OWNED BY \(QuotedText.name(role)); DROP ROLE \(QuotedText.name(role))")
        }
    }

    @Test func namesAtRandomComeBack() async throws {
        var random = seededRandom()
        let pieces =
            HostileNames.all + [
                "a", "B", " ", "é", "\u{301}", "'", "\"", "\\", ";", "\n", "--", "/*", "$1", "日", "\u{200f}",
            ]
        var names: Set<ExactText> = []
        while names.count < 16 {
            let name = (0...Int.random(in: 0..<4, using: &random)).map { _ in pieces.randomElement(using: &random) ?? ""
            }.joined()
            if name.utf8.count <= 60, !name.hasPrefix("pg_") { names.insert(ExactText(name)) }
        }
        let chosen = names.map(\.text).sorted()
        let server = try await ThrowawayServer.shared()
        try await withGround("at random", HostileNames.sql(chosen)) { ground in
            for file in ["a.zip", "p.sql"] {
                try await ground.granary("backup", "--output", file, "--verbose")
                try await ground.granary("restore", file, "--into", "of random", "--verbose")
                try await #expect(differences(ground.url, server.url(database: "of random")) == "", "\(chosen)")
                try await server.execute("DROP DATABASE \"of random\"")
            }
            try await ground.granary("schema", "--all")
            try await ground.requireNothingElse(["a.zip", "p.sql"])
        }
    }
}
