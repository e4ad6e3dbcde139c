import Environments
import TestSupport
import Testing

@Suite struct ServiceTests {
    @Test func theFirstOfAllSourcesNamesTheService() throws {
        let file = try environmentsFile("{\"service\": \"from-file\"}")
        func name(_ option: String?, _ variables: [String: String], _ file: EnvironmentsFile) throws -> String {
            try Service.resolve(
                option: option,
                variables: variables,
                file: file,
                migrations: "/srv/shop-api/migrations"
            ).name
        }
        try #expect(name("a", ["SERVICE_NAME": "b"], file) == "a")
        try #expect(name(nil, ["SERVICE_NAME": "b"], file) == "b")
        try #expect(name(nil, ["SERVICE_NAME": ""], file) == "from-file")
        try #expect(name(nil, [:], .usual) == "shop-api")
    }

    @Test func schemasComeFromTheFileOrTheName() throws {
        let file = try environmentsFile("{\"service\": \"shop-api\", \"schemas\": [\"shop\", \"audit\"]}")
        let own = try Service.resolve(option: nil, variables: [:], file: file, migrations: "m")
        #expect(own == Service(name: "shop-api", schemas: ["shop", "audit"], migrations: "m"))
        // The schemas of the file are not another service's.
        let other = try Service.resolve(option: "user-service", variables: [:], file: file, migrations: "m")
        #expect(other.schemas == ["user_service"])
        let unnamed = try environmentsFile("{\"schemas\": [\"shop\"]}")
        try #expect(
            Service.resolve(option: "x", variables: [:], file: unnamed, migrations: "m").schemas == ["shop"]
        )
    }

    @Test func theFolderIsFoundThroughTheFileSystem() async throws {
        try await ScratchFolder.with { folder in
            try folder.write("", to: "my-service/db/migrations/.gitkeep")
            func name(_ migrations: String) throws -> String {
                try Service.resolve(option: nil, variables: [:], file: .usual, migrations: migrations).name
            }
            try #expect(name(folder.file("my-service/db/../db/migrations/")) == "db")
            try #expect(name(folder.file("my-service/none/./x/../migrations")) == "none")
        }
    }

    @Test func namesThatWouldBreakSomethingAreRefused() throws {
        for name in ["", "a b", "-x", ".x", "a/b", "ü", "a\u{0}", String(repeating: "a", count: 64)] {
            let error = #expect(throws: EnvironmentsError.self) {
                _ = try Service.resolve(option: name, variables: [:], file: .usual, migrations: "m")
            }
            #expect(error?.code == .usage)
            #expect(error?.message.hasSuffix("and it comes from --service") == true)
        }
        let longest = String(repeating: "a", count: 63)
        try #expect(Service.resolve(option: longest, variables: [:], file: .usual, migrations: "m").name == longest)
        #expect(throws: EnvironmentsError.self) {
            _ = try Service.resolve(option: nil, variables: [:], file: .usual, migrations: "/migrations")
        }
    }

    @Test func servicesAreDiscoveredUnderTheirRoot() async throws {
        try await ScratchFolder.with { folder in
            try folder.write("", to: "services/shop-api/migrations/000001_a.up.sql")
            try folder.write(
                "{\"service\": \"accounts\", \"schemas\": [\"users\"]}",
                to: "services/user/migrations/environments.json"
            )
            try folder.write("", to: "services/.hidden/migrations/x")
            try folder.write("", to: "services/library/src/x")
            let root = folder.file("services")
            try #expect(
                Service.discover(root: root) == [
                    Service(name: "shop-api", schemas: ["shop_api"], migrations: "\(root)/shop-api/migrations"),
                    Service(name: "accounts", schemas: ["users"], migrations: "\(root)/user/migrations"),
                ]
            )
            try folder.write("{\"service\": \"accounts\"}", to: "services/zz/migrations/environments.json")
            let error = #expect(throws: EnvironmentsError.self) { _ = try Service.discover(root: root) }
            #expect(
                error?.message
                    == "\(root)/user/migrations and \(root)/zz/migrations are both of the service accounts"
            )
            #expect(throws: EnvironmentsError.self) { _ = try Service.discover(root: folder.file("none")) }
        }
    }
}
