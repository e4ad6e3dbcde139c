import PostgresClient
import Project
import Seeding
import TestSupport
import Testing

@Suite struct FileTests {
    @Test(
        arguments: [
            ("users.yaml", nil, nil, "users", SeedFile.Format.yaml, false),
            ("010_users.yml", 10, nil, "users", .yml, false),
            ("auth.roles.json", nil, "auth", "roles", .json, false),
            ("02_auth.roles.jsonl.gz", 2, "auth", "roles", .jsonl, true),
            ("user_roles.csv", nil, nil, "user_roles", .csv, false),
            ("a.b.c.tsv", nil, "a", "b.c", .tsv, false),
            ("900_fix.ups.sql.gz", 900, nil, "fix.ups", .sql, true),
        ] as [(String, Int?, String?, String, SeedFile.Format, Bool)]
    )
    func theNameDeterminesTableAndFormat(
        name: String,
        number: Int?,
        schema: String?,
        table: String,
        format: SeedFile.Format,
        isPacked: Bool
    ) throws {
        let file = try #require(SeedFile(layer: "common", file: name, folder: "seeds"))
        #expect(file.number == number)
        #expect(file.schema == schema)
        #expect(file.table == table)
        #expect(file.format == format)
        #expect(file.isPacked == isPacked)
        #expect(file.path == "seeds/common/\(name)")
    }

    @Test(arguments: ["README.md", ".users.yaml", "users.yaml~", "users", "010_.yaml", "users.gz"])
    func otherNamesArePassedOver(name: String) {
        #expect(SeedFile(layer: "common", file: name, folder: "seeds") == nil)
    }

    @Test func scalarsOfYAMLStayAsTheyAreWritten() throws {
        let text = """
            - {a: no, b: 007, c: 1e3, d: 9007199254740993, e: 1.10, f: 2026-01-01, g: "null", h: 0x1F}
            - {a: , b: ~, c: null, d: NULL, e: "", f: 'x ''y', g: 12:30:45}
            """
        #expect(
            told(try YAMLText.read(text, path: "x.yaml"))
                == "[{a: no, b: 007, c: 1e3, d: 9007199254740993, e: 1.10, f: 2026-01-01, g: 'null', h: 0x1F}, "
                + "{a: ~, b: ~, c: ~, d: ~, e: '', f: 'x 'y', g: 12:30:45}]"
        )
    }

    @Test func yamlKnowsLinesTagsAnchorsAndMergeKeys() throws {
        let text = """
            base: &base {role: user, tier: 1}
            rows:
              alice:
                <<: *base
                tier: 2
                boss: !ref users{email: a@example.com, tier: 1}
                made: !sql "now()"
            """
        let node = try YAMLText.read(text, path: "x.yaml")
        #expect(
            told(node)
                == "{base: {role: user, tier: 1}, rows: {alice: {tier: 2, boss: !ref 'users{email: a@example.com, tier: 1}', made: !sql 'now()', role: user}}}"
        )
        #expect(node["rows"]?["alice"]?["boss"]?.line == 6)
    }

    @Test(arguments: [
        ("a: 1\na: 2\n", "x.yaml:2: the key a occurs twice"),
        ("a: [1, 2\nb: 3\n", "x.yaml:2:2: did not find expected ',' or ']'"),
        ("rows:\n  bob: {boss: @alice}\n", "x.yaml:2:15: found character that cannot start any token"),
        ("a: 1\nb: *c\n", "x.yaml:2: the alias *c names no anchor before it"),
        ("a: &a [*a]\n", "x.yaml:1: the alias *a names no anchor before it"),
        ("a: 1\n? [b]\n: 2\n", "x.yaml:2: a key of a mapping must be a text"),
        ("a: &b [1]\n*b : 2\n", "x.yaml:2: a key of a mapping must be a text"),
        ("a: \u{1}\n", "x.yaml: control characters are not allowed"),
        ("--- 1\n--- 2\n", "x.yaml:2: a second document begins here"),
    ])
    func brokenYAMLIsNamedByLine(text: String, message: String) {
        let error = #expect(throws: EnvironmentsError.self) { try YAMLText.read(text, path: "x.yaml") }
        #expect(error?.description == message)
    }

    @Test func anAliasMayBeAKey() throws {
        let node = try YAMLText.read("name: &n alice\nages: {*n : 7}\n", path: "x.yaml")
        #expect(node["ages"]?["alice"]?.text == "7")
    }

    /// A few lines with aliases could stand for millions of values.
    @Test func aliasesUnfoldIntoSoManyValuesAndNoMore() async throws {
        let most = YAMLText.valuesMax(bytes: 0)
        let ten = "[x, x, x, x, x, x, x, x, x, x]"
        let row = { (anchor: String, other: String) in
            "\(anchor): &\(anchor) [\((0..<10).map { _ in "*\(other)" }.joined(separator: ", "))]\n"
        }
        // A hundred thousand values are too many in addition to those of the file, ten thousand are not.
        let some = "a: &a \(ten)\n" + row("b", "a") + row("c", "b") + row("d", "c")
        #expect(throws: Never.self) { try YAMLText.read(some, path: "x.yaml") }
        let error = #expect(throws: EnvironmentsError.self) {
            try YAMLText.read(some + row("e", "d") + row("f", "e"), path: "x.yaml")
        }
        #expect(most == 100_000)
        #expect(error?.description.hasSuffix("the aliases of this file expand to too many values") == true)
        #expect(error?.hint != nil)
    }

    @Test func columnsAndKeysAreOneOnlyWhereTheirBytesAre() throws {
        let header = try DelimitedText(Array("caf\u{e9},cafe\u{301}\n1,2\n".utf8), separator: 0x2c, path: "x.csv")
            .header
        #expect(header.count == 2)
        let node = try YAMLText.read(
            "base: &b {caf\u{e9}: 1, x: 2}\nrow: {<<: *b, cafe\u{301}: 3, x: 4}",
            path: "x.yaml"
        )
        #expect(node["row"]?.members?.map(\.value.text) == ["3", "4", "1"])
    }

    @Test func anUnquotedReferenceIsExplained() {
        let error = #expect(throws: EnvironmentsError.self) {
            try YAMLText.read("bob: {boss: @alice}", path: "x.yaml")
        }
        #expect(error?.hint == "YAML reserves @: write \"@label\" in quotes, or !ref label")
    }

    @Test func jsonKeepsNumbersAsWrittenAndLines() throws {
        let node = try JSONRows.read(
            Array("[\n {\"a\": 1.10, \"b\": 12345678901234567890},\n {\"a\": null, \"b\": true}]".utf8),
            path: "x.json"
        )
        #expect(told(node) == "[{a: 1.10, b: 12345678901234567890}, {a: ~, b: true}]")
        #expect(node.elements?.map(\.line) == [2, 3])
    }

    @Test func linesOfJSONAreRowsAndErrorsKnowTheirLine() async throws {
        let node = try JSONRows.readLines(Array("{\"a\": 1}\n\n{\"a\": \"x\"}\n".utf8), path: "x.jsonl")
        #expect(told(node) == "[{a: 1}, {a: 'x'}]")
        #expect(node.elements?.map(\.line) == [1, 3])
        let error = await failure { try JSONRows.readLines(Array("{\"a\": 1}\n{a: 2}\n".utf8), path: "x.jsonl") }
        #expect(error?.description == "x.jsonl:2:2: a key in double quotes is missing")
    }

    @Test func csvDistinguishesNullFromEmptyAndKeepsLines() throws {
        let file = try TableFile.read("t.csv", "\u{FEFF}a,b,_label\r\n1,,\r\n\"\",\"x\ny \"\"z\"\"\",bob\r\n3,  ,\n")
        #expect(file.told == ["a='1' b=~ @2", "bob: a='' b='x\ny \"z\"' @3", "a='3' b='  ' @5"])
    }

    @Test func quotesAreReadAsCOPYReadsThem() throws {
        let file = try TableFile.read("t.csv", "a,b\n\"\"\"\",\"\"\"x\"\"\"\n\"a,\"\"\"\"b\",\"\"\n")
        #expect(file.told == ["a='\"' b='\"x\"' @2", "a='a,\"\"b' b='' @3"])
    }

    @Test func aLineEndsWithALineFeedAndNotWithACarriageReturnAlone() throws {
        let file = try TableFile.read("t.csv", "a,b\r\n1,x\ry\r\n\"2\",\"x\r\ny\"\r\n\r\n3,z")
        #expect(file.told == ["a='1' b='x\ry' @2", "a='2' b='x\r\ny' @3", "a='3' b='z' @6"])
    }

    @Test func jsonBetweenTabsNeedsNoQuotes() throws {
        let file = try TableFile.read("t.tsv", "a\tb\n1\t{\"k\": \"v\"}\n2\t\"{\"\"k\"\": 1}\"\n")
        #expect(file.told == ["a='1' b='{\"k\": \"v\"}' @2", "a='2' b='{\"k\": 1}' @3"])
    }

    @Test(arguments: [[0xE9, 0x0A], [0x22, 0xE9, 0x22, 0x0A]] as [[UInt8]])
    func aFileInAnotherEncodingIsNamedByLine(field: [UInt8]) async throws {
        let file = try #require(SeedFile(layer: "common", file: "t.csv", folder: "seeds"))
        let error = await failure { try TableFile(file, bytes: Array("a\nx\n".utf8) + field) }
        #expect(error?.description == "seeds/common/t.csv:3: the text is not UTF-8")
        #expect(error?.hint == "convert the file, for example with iconv -t UTF-8")
    }

    @Test func tsvHasTabs() throws {
        #expect(try TableFile.read("t.tsv", "a\tb\n1,5\t\n").told == ["a='1,5' b=~ @2"])
    }

    @Test(arguments: [
        ("", "seeds/common/t.csv: the file is empty"),
        ("a,a\n", "seeds/common/t.csv:1: the header names a twice"),
        ("a,\n", "seeds/common/t.csv:1: a column of the header has no name"),
        ("a,b\n1,2\n3\n", "seeds/common/t.csv:3: the row has 1 fields, but the header has 2"),
        ("a\n\"x\ny\n", "seeds/common/t.csv:2: a quoted field is not closed"),
        ("a\nx\"y\n", "seeds/common/t.csv:2: a field contains a quote but does not begin with one"),
        ("a\n\"x\"y\n", "seeds/common/t.csv:2: text follows the closing quote of a field"),
        ("a\n\"x\"\ry\n", "seeds/common/t.csv:2: text follows the closing quote of a field"),
        ("a;b\n1;2\n", "seeds/common/t.csv:1: the fields are separated by semicolons, but CSV uses commas"),
        ("a,_label\n1,x\n2,x\n", "seeds/common/t.csv:3: the label x is also in line 2"),
    ])
    func brokenCSVIsNamedByLine(text: String, message: String) async throws {
        let error = await failure { try TableFile.read("t.csv", text) }
        #expect(error?.description == message)
    }

    @Test func rowsAreAListOrLabelledWithOrWithoutOptions() throws {
        #expect(try TableFile.read("t.yaml", "- {a: 1}\n- {a: 2, _label: two}\n").told == ["a=1 @1", "two: a=2 @2"])
        #expect(try TableFile.read("t.yaml", "alice: {a: 1}\nbob:\n").told == ["alice: a=1 @1", "bob:  @2"])
        let file = try TableFile.read(
            "t.yaml",
            "key: [a, b]\non_conflict: keep\nprune: true\nrows:\n  alice: {a: 1}\ngenerate: 1_000\n"
        )
        #expect(file.told == ["alice: a=1 @5"])
        #expect(file.key == ["a", "b"])
        #expect(file.onConflict == .keep)
        #expect(file.prune == true)
        #expect(file.generate.map(told) == "{count: 1_000}")
        #expect(try TableFile.read("t.yaml", "").rows.isEmpty)
    }

    @Test(arguments: [
        ("on_conflict: merge\n", "seeds/common/t.yaml:1: on_conflict is merge"),
        ("rows: 7\n", "seeds/common/t.yaml:1: rows is a text or a number, neither a list nor a mapping of labels"),
        ("rows: []\ncolumns: 1\n", "seeds/common/t.yaml:2: columns is unknown"),
        ("- 1\n", "seeds/common/t.yaml:1: a row is a text or a number, not a mapping of columns"),
        ("rows: []\nprune: perhaps\n", "seeds/common/t.yaml:2: prune is neither true nor false"),
        ("just text", "seeds/common/t.yaml:1: the document is a text or a number, neither rows nor options"),
    ])
    func invalidTableFilesAreReportedWithTheLine(text: String, message: String) async throws {
        let error = await failure { try TableFile.read("t.yaml", text) }
        #expect(error?.description == message)
    }

    @Test func laterLayersWinColumnByColumn() throws {
        let files = try [
            TableFile.read("common/t.yaml", "a: {id: 1, name: one, note: x}\nb: {id: 2, name: two}\n"),
            TableFile.read("development/t.csv", "id,name\n1,ONE\n3,three\n"),
            TableFile.read("development/10_t.yaml", "b: {note: again}\n"),
        ]
        let rows = try LayerMerge.merge(files, key: ["id"])
        let shown = rows.map { row in
            row.cells.map { "\($0.key)=\($0.value.text ?? "~")" }.sorted().joined(separator: " ")
                + " \(row.label ?? "-")"
        }
        #expect(shown == ["id=1 name=ONE note=x a", "id=2 name=two note=again b", "id=3 name=three -"])
        #expect(
            rows.map { "\($0.place)" } == [
                "seeds/development/t.csv:2", "seeds/development/10_t.yaml:1", "seeds/development/t.csv:3",
            ]
        )
    }

    @Test func keysAreEqualOnlyIfTheirBytesAre() throws {
        let files = try [
            TableFile.read("common/t.csv", "id,n\n\"1\",a\ncaf\u{e9},b\ncafe\u{301},c\n"),
            TableFile.read("development/t.csv", "id,n\n1,A\n\"cafe\u{301}\",C\n01,d\n"),
        ]
        let rows = try LayerMerge.merge(files, key: ["id"])
        #expect(rows.map { $0["n"]?.text } == ["A", "b", "C", "d"])
    }

    @Test func theColumnsOfAKeyAreComparedOneByOne() throws {
        let rows = try LayerMerge.merge(
            [TableFile.read("t.csv", "a,b\nx,yz\nxy,z\n\"\",xyz\n,xyz\n,xyz\n")],
            key: ["a", "b"]
        )
        #expect(rows.count == 5)
    }

    @Test func theSameKeyTwiceInAFileIsAnError() async throws {
        let file = try TableFile.read("t.csv", "id,n\n1,a\n2,b\n1,c\n")
        let error = await failure { try LayerMerge.merge([file], key: ["id"]) }
        #expect(error?.description == "seeds/common/t.csv:4: the key (id) is also in line 2")
    }

    @Test(arguments: [
        "- {_label: alice, name: B}\n- {email: a@x, name: C}\n",
        "- {email: a@x, name: C}\n- {_label: alice, name: B}\n",
    ])
    func aRowIsMeantByItsLabelOrByItsKeyButNotByBoth(later: String) async throws {
        let files = try [
            TableFile.read("common/t.yaml", "alice: {email: a@x, name: A}\n"),
            TableFile.read("development/t.yaml", later),
        ]
        let error = await failure { try LayerMerge.merge(files, key: ["email"]) }
        #expect(error?.description == "seeds/development/t.yaml:2: the key (email) is also in line 1")
    }

    @Test func eachLayerMayChangeARowByLabelOrByKey() throws {
        let files = try [
            TableFile.read("common/t.yaml", "alice: {email: a@x, name: A}\n"),
            TableFile.read("development/t.csv", "_label,name,note\nalice,B,x\n"),
            TableFile.read("development/10_t.csv", "email,name\na@x,C\n"),
            TableFile.read("development/20_t.yaml", "alice: {age: 3}\n"),
        ]
        let rows = try LayerMerge.merge(files, key: ["email"])
        #expect(rows.map { $0["name"]?.text } == ["C"])
        #expect(rows[0]["note"]?.text == "x")
        #expect(rows[0]["age"]?.text == "3")
    }

    @Test(arguments: [
        ("@alice", "nil nil label(\"alice\")"), ("@users.alice", "nil users label(\"alice\")"),
        ("@auth.users.alice", "auth users label(\"alice\")"),
        ("users{email: a@example.com, tier=1}", "nil users email=a@example.com tier=1"),
        ("auth.users{name: 'x y'}", "auth users name=x y"),
    ])
    func referencesAreRead(text: String, expected: String) throws {
        let reference = try Reference(.text(text, line: 1), text: text, file: "f")
        var target = "\(reference.target)"
        if case .columns(let conditions) = reference.target {
            target = conditions.map { "\($0.column)=\($0.value)" }.joined(separator: " ")
        }
        #expect("\(reference.schema ?? "nil") \(reference.table ?? "nil") \(target)" == expected)
    }

    @Test func anAtSignIsAReferenceOnlyWhereOneIsExpected() throws {
        let cell = SeedNode.text("@alice", line: 1)
        #expect(try Reference.of(cell, inReferenceColumn: true, file: "f") != nil)
        #expect(try Reference.of(cell, inReferenceColumn: false, file: "f") == nil)
        #expect(try Reference.of(.text("@", line: 1), inReferenceColumn: true, file: "f") == nil)
    }
}

@Suite struct SeedSetTests {
    private func request(
        _ folder: ScratchFolder,
        _ environment: String,
        files: [String] = [],
        common: Bool = false
    ) -> SeedSet.Request {
        SeedSet.Request(
            folder: folder.file("seeds"),
            environment: environment,
            schemas: ["shop"],
            seedFiles: files,
            commonOnly: common
        )
    }

    private func names(_ set: SeedSet) -> [String] {
        set.tables.flatMap(\.files).map(\.file.name) + set.scripts.map(\.file.name)
    }

    @Test func layersAreCommonThenTheExtendedOnesThenTheEnvironment() async throws {
        try await ScratchFolder.with { folder in
            try folder.write(
                "environments:\n  staging: {extends: development, scale: 0.5}\nschema: app\n",
                to: "seeds/seeds.yaml"
            )
            for name in [
                "common/a.yaml", "development/a.yaml", "staging/a.yaml", "staging/x.b.csv", "production/a.yaml",
            ] {
                try folder.write(name.hasSuffix("csv") ? "id\n" : "", to: "seeds/\(name)")
            }
            try folder.write("SELECT 1;", to: "seeds/common/01_x.sql")
            let set = try SeedSet.read(request(folder, "staging"))
            #expect(
                names(set) == [
                    "common/a.yaml", "development/a.yaml", "staging/a.yaml", "staging/x.b.csv", "common/01_x.sql",
                ]
            )
            #expect(set.tables.map(\.name.description) == ["app.a", "x.b"])
            #expect(set.options.environments["staging"]?.scale == 0.5)
            #expect(
                try names(SeedSet.read(request(folder, "staging", common: true))) == [
                    "common/a.yaml", "common/01_x.sql",
                ]
            )
            #expect(
                try names(SeedSet.read(request(folder, "production"))) == [
                    "common/a.yaml", "production/a.yaml", "common/01_x.sql",
                ]
            )
        }
    }

    @Test func aCircleOfEnvironmentsIsAnError() async throws {
        try await ScratchFolder.with { folder in
            try folder.write("extends: {a: b, b: a}\n", to: "seeds/seeds.yaml")
            let error = await failure { try SeedSet.read(request(folder, "a")) }
            #expect(
                error?.description.hasSuffix("seeds.yaml:1: the environments a → b → a extend each other in a cycle")
                    == true
            )
        }
    }

    @Test(
        arguments: [
            ("app.t.yaml", "app.t.yml"), ("t.yaml", "t.yml.gz"), ("t.csv", "t.csv.gz"), ("t.YAML", "t.yaml"),
            ("x.sql", "x.sql.gz"),
        ]
    )
    func oneFileInTwoSpellingsIsAnError(one: String, other: String) async throws {
        try await ScratchFolder.with { folder in
            for name in [one, other] { try folder.write("", to: "seeds/common/\(name)") }
            let error = await failure { try SeedSet.read(request(folder, "development")) }
            #expect(
                error?.description.replacing(folder.file(""), with: "")
                    == "seeds/common/\(one) and seeds/common/\(other) both exist, but only one of them can be used"
            )
        }
    }

    @Test func aTableMayHaveSeveralFilesOfDifferentNames() async throws {
        try await ScratchFolder.with { folder in
            for name in ["common/t.yaml", "common/010_t.yaml", "common/u.yaml", "development/t.yml"] {
                try folder.write("", to: "seeds/\(name)")
            }
            try folder.write("id\n", to: "seeds/common/t.csv")
            let set = try SeedSet.read(request(folder, "development"))
            #expect(
                names(set) == [
                    "common/010_t.yaml", "common/t.csv", "common/t.yaml", "development/t.yml", "common/u.yaml",
                ]
            )
        }
    }

    @Test func anUnknownLocaleIsNamedWithItsLine() async throws {
        try await ScratchFolder.with { folder in
            try folder.write("seed: 1\nlocale: xx\n", to: "seeds/seeds.yml")
            let error = await failure { try SeedSet.read(request(folder, "development")) }
            #expect(error?.description.hasSuffix("seeds.yml:2: there are no word lists for the locale xx") == true)
        }
    }

    @Test func seedFilesOfAnEnvironmentAreTheOnesThatRun() async throws {
        try await ScratchFolder.with { folder in
            for name in ["common/a.yaml", "common/b.yaml", "extra/c.yaml", "development/d.yaml"] {
                try folder.write("", to: "seeds/\(name)")
            }
            let set = try SeedSet.read(
                request(folder, "development", files: ["common/a.yaml", "seeds/development", "extra/*.yaml"])
            )
            #expect(names(set) == ["common/a.yaml", "development/d.yaml", "extra/c.yaml"])
            let error = await failure { try SeedSet.read(request(folder, "development", files: ["common/z.yaml"])) }
            #expect(error?.description.contains("lists the seed file common/z.yaml for development") == true)
        }
    }

    @Test func packedFilesAreRead() async throws {
        try await ScratchFolder.with { folder in
            try folder.write("id\n7\n", to: "seeds/common/t.csv")
            let packed = try await runCommand("gzip", [folder.file("seeds/common/t.csv")])
            #expect(packed.status == 0)
            let set = try SeedSet.read(request(folder, "development"))
            #expect(set.tables.first?.files.first?.told == ["id='7' @2"])
        }
    }

    @Test func generatedRowsAreMergedOptionByOption() throws {
        let table = SeedSet.Table(
            name: .init(schema: "s", name: "t"),
            files: try [
                TableFile.read("common/t.yaml", "generate: {per: users, count: 2, columns: {a: 1, b: 2}}\n"),
                TableFile.read("development/t.yaml", "generate: {columns: {b: 3}}\n"),
            ]
        )
        #expect(table.generate.map { told($0.node) } == "{per: users, count: 2, columns: {a: 1, b: 3}}")
    }
}
