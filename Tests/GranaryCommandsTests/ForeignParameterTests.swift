import GranaryCommands
import PostgresClient
import Testing

@Suite struct ForeignParameterTests {
    private func parameters(_ query: String) throws -> ForeignParameters {
        try ForeignParameters("postgresql://app@db/shop\(query)", origin: "DATABASE_URL")
    }

    @Test func `A URL without foreign parameters stays as it is`() throws {
        let url = "?sslmode=require&connect_timeout=3&application_name=x&ssl=true"
        #expect(try parameters(url).address == ServerAddress("postgresql://app@db/shop\(url)"))
        #expect(try parameters(url).notes == [])
    }

    @Test func `Parameters of drivers are left out with a note`() throws {
        let found = try parameters(
            "?connection_limit=5&sslmode=disable&pool_timeout=3&x-migrations-table=a&charset=utf8"
        )
        #expect(found.address == ServerAddress("postgresql://app@db/shop?sslmode=disable"))
        #expect(
            found.notes == [
                "the parameters charset, connection_limit, pool_timeout, x-migrations-table of DATABASE_URL are for other programs, and left out"
            ]
        )
        #expect(!found.expectsPooler)
    }

    @Test func `A URL that was nothing but foreign parameters has no query`() throws {
        #expect(try parameters("?statement_cache_size=0").address == ServerAddress("postgresql://app@db/shop"))
    }

    @Test(arguments: [("true", true), ("false", false)])
    func `pgbouncer makes us look for a pooler`(value: String, expected: Bool) throws {
        #expect(try parameters("?pgbouncer=\(value)").expectsPooler == expected)
    }

    @Test(arguments: [
        ("?schema=public", "-c search_path=\"public\""), ("?schema=my%20shop", "-c search_path=\"my\\ shop\""),
        ("?search_path=shop,public", "-c search_path=shop,public"),
        ("?options=-cgeqo%3Doff&schema=a", "-cgeqo=off -c search_path=\"a\""),
    ])
    func `Schemas are honored`(query: String, options: String) throws {
        #expect(try parameters(query).address.overrides == [ServerAddress.Parameter("options", options)])
        #expect(try parameters(query).notes == [])
    }

    @Test(arguments: ["sslaccept", "sslidentity", "ssl"])
    func `What may protect the connection is refused by name`(name: String) {
        let error = #expect(throws: CommandError.self) { try parameters("?\(name)=strict") }
        #expect(error?.message.contains("the parameter \(name), which libpq does not know") == true)
    }

    @Test(arguments: ["password", "sslpassword"])
    func `Behind a password no name is shown, which may be a part of it`(keyword: String) {
        let error = #expect(throws: CommandError.self) { try parameters("?\(keyword)=a&secret=b") }
        #expect(error?.description.contains("secret") == false)
        #expect(error?.hint?.contains("%26") == true)
    }
}
