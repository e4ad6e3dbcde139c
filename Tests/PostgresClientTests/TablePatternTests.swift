import Testing

@testable import PostgresClient

@Suite struct TablePatternTests {
    private static let tables = [
        TableName(schema: "shop", name: "ref_units"), TableName(schema: "shop", name: "users"),
        TableName(schema: "ref_data", name: "users"), TableName(schema: "shop", name: "a.b"),
        TableName(schema: "a", name: "b"), TableName(schema: "shop", name: "caf\u{E9}"),
    ]

    @Test(
        arguments: [
            // A name alone is of any schema, and is compared with names of tables, not with those of schemas.
            ("users", ["shop.users", "ref_data.users"]),
            ("ref_*", ["shop.ref_units"]),
            ("*s", ["shop.ref_units", "shop.users", "ref_data.users"]),
            ("u*e*s", ["shop.users", "ref_data.users"]),
            ("*", ["shop.ref_units", "shop.users", "ref_data.users", "shop.a.b", "a.b", "shop.caf\u{E9}"]),
            // Both parts.
            ("shop.users", ["shop.users"]),
            ("ref_*.*", ["ref_data.users"]),
            ("*.users", ["shop.users", "ref_data.users"]),
            ("shop.*s", ["shop.ref_units", "shop.users"]),
            // A dot may be of the name itself.
            ("a.b", ["shop.a.b", "a.b"]),
            ("shop.a.b", ["shop.a.b"]),
            ("\"a\".\"b\"", ["a.b"]),
            ("\"shop\".\"a.b\"", ["shop.a.b"]),
            // Exactly as it is written.
            ("Users", []), ("cafe\u{301}", []), ("user", []), ("sers", []), ("", []), ("shop.", []), (".users", []),
            ("shop.users.*", []),
        ] as [(String, [String])]
    )
    func namesAndPatternsFit(pattern: String, fitting: [String]) {
        #expect(Self.tables.filter { TablePattern(pattern).fits($0) }.map(\.description) == fitting)
    }
}
