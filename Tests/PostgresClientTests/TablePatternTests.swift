import Testing

@testable import PostgresClient

@Suite struct TablePatternTests {
    private static let tables = [
        TableName(schema: "shop", name: "ref_units"), TableName(schema: "shop", name: "users"),
        TableName(schema: "ref_data", name: "users"), TableName(schema: "shop", name: "a.b"),
        TableName(schema: "a", name: "b"), TableName(schema: "shop", name: "caf\u{E9}"),
        TableName(schema: "shop", name: "Orders"), TableName(schema: "shop", name: "a*"),
    ]

    @Test(
        arguments: [
            // A name without a schema matches tables of all schemas. It is compared with table names only.
            ("users", ["shop.users", "ref_data.users"]),
            ("ref_*", ["shop.ref_units"]),
            ("*_units", ["shop.ref_units"]),
            ("u*e*s", ["shop.users", "ref_data.users"]),
            ("*", Self.tables.map(\.description)),
            // A schema and a name.
            ("shop.users", ["shop.users"]),
            ("ref_*.*", ["ref_data.users"]),
            ("*.users", ["shop.users", "ref_data.users"]),
            ("shop.*_*s", ["shop.ref_units"]),
            // A dot may be part of the name.
            ("a.b", ["shop.a.b", "a.b"]),
            ("shop.a.b", ["shop.a.b"]),
            ("\"a\".\"b\"", ["a.b"]),
            ("\"shop\".\"a.b\"", ["shop.a.b"]),
            // Compared exactly as written.
            ("cafe\u{301}", []), ("user", []), ("sers", []), ("", []), ("shop.", []), (".users", []),
            ("shop.users.*", []), ("a[", []),
            // As in psql: folded to lower case, `?` for one character, parts of regular expressions, and quotes.
            ("USERS", ["shop.users", "ref_data.users"]), ("user?", ["shop.users", "ref_data.users"]),
            ("u(se|xx)rs", ["shop.users", "ref_data.users"]), ("ref_[a-z]+.users", ["ref_data.users"]),
            ("orders", []), ("\"Orders\"", ["shop.Orders"]), ("Orders", ["shop.Orders"]), ("shop.\"a*\"", ["shop.a*"]),
            ("caf?", ["shop.caf\u{E9}"]),
        ] as [(String, [String])]
    )
    func namesAndPatternsFit(pattern: String, fitting: [String]) {
        #expect(Self.tables.filter { TablePattern(pattern).fits($0) }.map(\.description) == fitting)
    }

    @Test func `A name that is written exactly wins over the pattern`() {
        let choice = TablePattern.choice("a*", in: Self.tables) { $0 }
        #expect(choice.tables.map(\.description) == ["shop.a*"])
        #expect(choice.isExact)
        let pattern = TablePattern.choice("shop.a?*", in: Self.tables) { $0 }
        #expect(pattern.tables.map(\.description) == ["shop.a.b", "shop.a*"])
        #expect(!pattern.isExact)
    }

    @Test func `Schemas are chosen in the same way`() {
        let names = ["shop", "shop_old", "s*", "Odd"]
        #expect(TablePattern.names("shop*", among: names) == ["shop", "shop_old"])
        #expect(TablePattern.names("s*", among: names) == ["s*"])
        #expect(TablePattern.names("\"Odd\"", among: names) == ["Odd"])
        #expect(TablePattern.names("odd", among: names) == [])
    }

    @Test func `What was meant is told where it is near`() {
        #expect(TablePattern.advice("shop.usrs", among: Self.tables) == "did you mean shop.users?")
        #expect(TablePattern.advice("zzzzzzzz", among: Self.tables) == nil)
    }
}
