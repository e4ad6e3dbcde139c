import TestSupport
import Testing

@testable import Project

@Suite struct ChoiceTests {
    private var file: EnvironmentsFile {
        get throws {
            try EnvironmentsFile(
                JSONText(
                    Array(
                        #"{"environments": {"development": {}, "live": {}}, "current_environment": "development"}"#.utf8
                    ),
                    path: "e.json"
                )
            )
        }
    }

    @Test func theFirstThatIsSaidCounts() throws {
        let all = ["ENV": "live", "APP_ENV": "development"]
        func name(_ option: String?, _ variables: [String: String], _ marker: String?) throws -> String? {
            try EnvironmentChoice.resolve(option: option, variables: variables, marker: marker, file: file).map {
                "\($0.name) by \($0.source)"
            }
        }
        #expect(try name("development", all, "live") == "development by --env")
        let named = try EnvironmentChoice.resolve(
            option: "live",
            from: "GRANARY_ENV",
            variables: all,
            marker: nil,
            file: file
        )
        #expect(named == EnvironmentChoice(name: "live", source: .variable("GRANARY_ENV")))
        #expect(try name(nil, all, "development") == "live by ENV")
        #expect(try name(nil, ["ENV": "/etc/shrc", "APP_ENV": "live"], "development") == "live by APP_ENV")
        #expect(try name(nil, ["ENV": "", "APP_ENV": ""], "live") == "live by the marker in the database")
        #expect(try name(nil, [:], nil) == "development by current_environment of e.json")
        #expect(try EnvironmentChoice.resolve(option: nil, variables: [:], marker: nil, file: .usual) == nil)
    }

    @Test func anUndeclaredNameIsUsageAndNamesTheDeclaredOnes() throws {
        for (option, variables) in [("prod", [:]), (nil, ["APP_ENV": "prod"])] as [(String?, [String: String])] {
            let error = #expect(throws: EnvironmentsError.self) {
                try EnvironmentChoice.resolve(option: option, variables: variables, marker: nil, file: file)
            }
            #expect(error?.code == .usage)
            #expect(error?.hint == "declared are development, live")
        }
    }

    @Test func theFirstSourceThatNamesTheServiceCounts() throws {
        var file = EnvironmentsFile.usual
        func name(_ option: String?, _ variables: [String: String]) throws -> String {
            try Service.resolve(option: option, variables: variables, file: file, folder: "/x/pay-roll/migrations").name
        }
        #expect(try name(nil, [:]) == "pay-roll")
        file.service = "of-the-file"
        #expect(try name(nil, [:]) == "of-the-file")
        #expect(try name(nil, ["SERVICE_NAME": "of-the-variable"]) == "of-the-variable")
        #expect(try name("of-the-option", ["SERVICE_NAME": "of-the-variable"]) == "of-the-option")
        let service = try Service.resolve(option: "a-b", variables: [:], file: file, folder: "m")
        #expect(service.schemas == ["a_b"])
        file.schemas = ["one", "two"]
        // The file describes another service.
        #expect(try Service.resolve(option: "a-b", variables: [:], file: file, folder: "m").schemas == ["a_b"])
        #expect(try Service.resolve(option: nil, variables: [:], file: file, folder: "m").schemas == ["one", "two"])
        #expect(
            try Service.resolve(option: "of-the-file", variables: [:], file: file, folder: "m").schemas == [
                "one", "two",
            ]
        )
        file.service = nil
        #expect(try Service.resolve(option: "a-b", variables: [:], file: file, folder: "m").schemas == ["one", "two"])
        for bad in ["", "a/b", "a\nb", String(repeating: "x", count: 64)] {
            #expect(throws: EnvironmentsError.self) {
                try Service.resolve(option: bad, variables: [:], file: file, folder: "m")
            }
        }
    }

    @Test func servicesOfAFolderAreThoseWithMigrations() async throws {
        try await ScratchFolder.with { folder in
            try folder.write("", to: "services/orders/migrations/x")
            try folder.write(#"{"service": "people"}"#, to: "services/user-service/migrations/environments.json")
            try folder.write("", to: "services/docs/x")
            let found = try Service.all(in: folder.file("services"), variables: [:])
            #expect(found.map(\.0.name) == ["orders", "people"])
            #expect(throws: EnvironmentsError.self) {
                try Service.all(in: folder.file("services/docs"), variables: [:])
            }
        }
    }
}
