import GranaryCommands
import PostgresClient
import Project
import Testing

@Suite struct DatabaseChoiceTests {
    /// All sources for the choice of a database. The tests remove them one by one, from the first.
    private static let all: DatabaseChoice.Given = {
        var given = DatabaseChoice.Given()
        given.url = "postgresql://option/one"
        given.hasLocalServer = true
        given.variables = [
            "DATABASE_URL": "postgresql://variable/two", "DATABASE_HOST": "parts", "DATABASE_NAME": "three",
            "PGHOST": "libpq", "PGDATABASE": "four",
        ]
        return given
    }()

    @Test func theOptionWinsOverEverything() throws {
        #expect(
            try DatabaseChoice.from(Self.all)
                == .server(ServerAddress("postgresql://option/one"), source: "--database-url")
        )
    }

    @Test func localIsSaidOnTheCommandLineAndWinsOverVariables() throws {
        var given = Self.all
        given.url = nil
        given.isLocal = true
        #expect(try DatabaseChoice.from(given) == .localServer(source: "--local"))
    }

    @Test func theURLAndLocalTogetherAreAMistake() {
        var given = Self.all
        given.isLocal = true
        #expect(code { try DatabaseChoice.from(given) } == .usage)
    }

    @Test func theURLVariableComesNext() throws {
        var given = Self.all
        given.url = nil
        #expect(
            try DatabaseChoice.from(given)
                == .server(ServerAddress("postgresql://variable/two"), source: "DATABASE_URL")
        )
    }

    @Test func thenTheFamilyOfDatabaseHost() throws {
        var given = Self.all
        given.url = nil
        given.variables["DATABASE_URL"] = ""
        given.variables["DATABASE_PORT"] = "5433"
        given.variables["DATABASE_USER"] = "app"
        given.variables["DATABASE_PASSWORD"] = "hush"
        given.variables["DATABASE_SSL_MODE"] = "require"
        let parameters = [
            ("host", "parts"), ("port", "5433"), ("user", "app"), ("password", "hush"), ("dbname", "three"),
            ("sslmode", "require"),
        ].map { ServerAddress.Parameter($0.0, $0.1) }
        #expect(
            try DatabaseChoice.from(given)
                == .server(ServerAddress("", overrides: parameters), source: "DATABASE_HOST")
        )
    }

    @Test func aHostWithoutANameIsHalfOfTheSettings() {
        var given = Self.all
        given.url = nil
        given.variables["DATABASE_URL"] = nil
        given.variables["DATABASE_NAME"] = nil
        #expect(code { try DatabaseChoice.from(given) } == .noDatabase)
    }

    @Test(arguments: ["PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE", "PGSERVICEFILE"])
    func lastTheDefaultsOfLibpqCount(variable: String) throws {
        var given = DatabaseChoice.Given()
        given.hasLocalServer = true
        given.variables[variable] = "x"
        #expect(try DatabaseChoice.from(given) == .server(ServerAddress(), source: variable))
    }

    @Test(arguments: ["PGPASSWORD", "PGSSLMODE", "PGPASSFILE", "DATABASE_PASSWORD", "DATABASE_USER"])
    func settingsWithoutADatabaseAreNoChoice(variable: String) {
        var given = DatabaseChoice.Given()
        given.variables[variable] = "x"
        #expect(code { try DatabaseChoice.from(given) } == .noDatabase)
    }

    @Test func aStoppedLocalServerIsTakenOnlyByName() throws {
        var given = DatabaseChoice.Given()
        given.hasLocalServer = true
        given.localServerIsStopped = true
        #expect(code { try DatabaseChoice.from(given) } == .noDatabase)
        #expect(!DatabaseChoice.isMade(from: given))
        given.isLocal = true
        #expect(try DatabaseChoice.from(given) == .localServer(source: "--local"))
    }

    @Test func theLocalServerIsLast() throws {
        var given = DatabaseChoice.Given()
        given.hasLocalServer = true
        #expect(try DatabaseChoice.from(given) == .localServer(source: ".granary"))
        given.environment = EnvironmentPolicy(name: "development")
        #expect(try DatabaseChoice.from(given) == .localServer(source: ".granary"))
    }

    @Test(arguments: ["staging", "Staging", "production", "PROD", "prod-eu", "eu_live"])
    func theLocalServerIsNeverUsedForStagingOrProduction(name: String) {
        var given = DatabaseChoice.Given()
        given.environment = EnvironmentPolicy(name: name)
        given.hasLocalServer = true
        #expect(code { try DatabaseChoice.from(given) } == .noDatabase)
        given.isLocal = true
        #expect(code { try DatabaseChoice.from(given) } == .refused)
    }

    @Test func withoutADatabaseTheHintNamesBothOptions() throws {
        let error = try #require(throws: CommandError.self) { try DatabaseChoice.from(DatabaseChoice.Given()) }
        #expect(error.code == .noDatabase)
        #expect(error.hint?.contains("--database-url") == true)
        #expect(error.hint?.contains("granary server start") == true)
    }

    @Test func anEmptyOptionDoesNotFallThrough() {
        var given = Self.all
        given.url = ""
        #expect(code { try DatabaseChoice.from(given) } == .usage)
    }

    @Test func aBadURLIsAMistakeInAnOptionAndNoDatabaseInAVariable() {
        var given = Self.all
        given.url = "mysql://app:hush@db/shop"
        #expect(code { try DatabaseChoice.from(given) } == .usage)
        given.url = nil
        given.variables["DATABASE_URL"] = "shop"
        #expect(code { try DatabaseChoice.from(given) } == .noDatabase)
    }

    private func code(_ body: () throws -> DatabaseChoice) -> CommandFailure? {
        do {
            _ = try body()
            return nil
        } catch {
            return (error as? CommandError)?.code
        }
    }
}

@Suite struct ConnectionTextTests {
    @Test func aURLIsReadAsLibpqReadsIt() throws {
        let text = try ConnectionText(
            "postgresql://app:h%40sh@db1:5432,db2/sh%20op?sslmode=disable&application_name=x",
            origin: ""
        )
        #expect(
            text.parameters == [
                "user": "app", "password": "h@sh", "host": "db1,db2", "port": "5432,", "dbname": "sh op",
                "sslmode": "disable", "application_name": "x",
            ]
        )
    }

    @Test func theAddressOfASocketIsInTheQuery() throws {
        let text = try ConnectionText("postgresql:///shop?host=/run/pg&user=app", origin: "")
        #expect(text.parameters == ["dbname": "shop", "host": "/run/pg", "user": "app"])
        #expect(try ConnectionText("postgres://[::1]:5433/x", origin: "").parameters["host"] == "::1")
    }

    @Test func aPasswordEndsAtTheFirstAt() throws {
        let text = try ConnectionText("postgresql://app:12?x=y@db/shop", origin: "")
        #expect(text.parameters == ["user": "app", "password": "12?x=y", "host": "db", "dbname": "shop"])
    }

    @Test func pairsMayBeQuoted() throws {
        let text = try ConnectionText("host = db password='a \\'b\\\\' dbname=shop user=''", origin: "")
        #expect(text.parameters == ["host": "db", "password": "a 'b\\", "dbname": "shop"])
    }

    @Test(arguments: [
        "postgresql://app:se/cret@db/shop", "postgresql://app:se@cret@db/shop", "postgresql://app:se%cret@db/shop",
        "postgresql://app:secret", "postgresql://db/shop?secret",
        "host=db password=a secret", "password='secret", "mysql://app:secret@db/shop", "secret",
        "postgresql://[::1/secret", "postgresql://db/shop@secret",
    ])
    func anErrorContainsNoPartOfTheURL(text: String) throws {
        let error = try #require(throws: CommandError.self) { _ = try ConnectionText(text, origin: "DATABASE_URL") }
        #expect(error.message.hasPrefix("DATABASE_URL "))
        for word in ["secret", "cret", "se", "app", "db/"] {
            #expect(!error.message.split(separator: " ").contains { $0 == word }, "\(error.message)")
        }
    }
}

@Suite struct ServerDescriptionTests {
    @Test func theURLDeterminesTheDatabase() {
        let server = ServerDescription(ServerAddress("postgresql://app:hush@db:5433/shop"), variables: ["PGHOST": "no"])
        #expect(server.host == "db:5433")
        #expect(server.database == "shop")
    }

    @Test func libpqsVariablesFillTheGaps() {
        let variables = ["PGHOST": "db", "PGPORT": "5434", "PGUSER": "app"]
        let server = ServerDescription(ServerAddress(), variables: variables)
        #expect(server.host == "db:5434")
        #expect(server.database == "app")
    }

    @Test func socketsServicesAndSeveralHosts() {
        #expect(ServerDescription(ServerAddress("postgresql:///x?host=/run/pg"), variables: [:]).host == "/run/pg:5432")
        #expect(ServerDescription(ServerAddress("postgresql:///x"), variables: [:]).host == "the local socket")
        #expect(ServerDescription(ServerAddress(), variables: ["PGSERVICE": "shop"]).host == "the service shop")
        let several = ServerDescription(ServerAddress("postgresql://a:1,b,[::1]:3/x"), variables: [:])
        #expect(several.host == "a:1,b:5432,[::1]:3")
        #expect(ServerDescription(ServerAddress("host=a,b port=7"), variables: [:]).host == "a:7,b:7")
    }
}
