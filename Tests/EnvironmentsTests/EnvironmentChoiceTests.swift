import Environments
import Testing

@Suite struct EnvironmentChoiceTests {
    private let file = try? environmentsFile(
        "{\"environments\": {\"a\": {}, \"b\": {}, \"c\": {}, \"d\": {}, \"e\": {}, \"f\": {}},\n \"current_environment\": \"f\"}"
    )

    private func choice(
        _ option: String? = nil,
        _ variables: [String: String] = [:],
        _ marker: MarkerState = .unmarked,
        file: EnvironmentsFile? = nil
    ) throws -> EnvironmentChoice? {
        try EnvironmentChoice.resolve(
            option: option,
            variables: variables,
            marker: marker,
            file: file ?? #require(self.file)
        )
    }

    @Test func theFirstOfAllSourcesCounts() throws {
        var variables = ["GRANARY_ENV": "b", "ENV": "c", "APP_ENV": "d"]
        try #expect(choice("a", variables, marked("e")) == EnvironmentChoice("a", .option))
        try #expect(choice(nil, variables, marked("e")) == EnvironmentChoice("b", .variable("GRANARY_ENV")))
        variables["GRANARY_ENV"] = ""
        try #expect(choice(nil, variables, marked("e")) == EnvironmentChoice("c", .variable("ENV")))
        variables["ENV"] = nil
        try #expect(choice(nil, variables, marked("e")) == EnvironmentChoice("d", .variable("APP_ENV")))
        variables["APP_ENV"] = ""
        try #expect(choice(nil, variables, marked("e")) == EnvironmentChoice("e", .marker))
        let place = TextPlace(file: "environments.json", line: 2, column: 25)
        try #expect(choice(nil, variables) == EnvironmentChoice("f", .file(place)))
        try #expect(choice(nil, variables, file: .usual) == nil)
    }

    @Test func theVariableOfTheOptionIsNamedAsTheSource() throws {
        // GRANARY_ENV reaches a command as --env.
        try #expect(choice("b", ["GRANARY_ENV": "b"])?.source == .variable("GRANARY_ENV"))
    }

    @Test func onlyWhatWasSaidWithTheCommandIsExplicit() throws {
        try #expect(choice("a")?.isExplicit == true)
        try #expect(choice(nil, ["APP_ENV": "a"])?.isExplicit == true)
        try #expect(choice(nil, [:], marked("a"))?.isExplicit == false)
        try #expect(choice()?.isExplicit == false)
    }

    @Test func aCopysMarkerChoosesNothing() throws {
        let copy = MarkerState.copy(of: Marker(name: "e", fingerprint: "9/9"))
        try #expect(choice(nil, [:], copy)?.name == "f")
    }

    @Test func anENVThatNamesNoEnvironmentIsTheShells() throws {
        try #expect(choice(nil, ["ENV": "/root/.shrc", "APP_ENV": "d"])?.name == "d")
        try #expect(choice(nil, ["ENV": "development"], file: .usual)?.name == "development")
    }

    @Test func undeclaredNamesAreUsageErrors() throws {
        let cases: [(String?, [String: String], MarkerState, String)] = [
            ("x", [:], .unmarked, "--env"), (nil, ["GRANARY_ENV": "x"], .unmarked, "GRANARY_ENV"),
            (nil, ["APP_ENV": "x"], .unmarked, "APP_ENV"), (nil, [:], marked("x"), "the marker in the database"),
        ]
        for (option, variables, marker, source) in cases {
            let error = #expect(throws: EnvironmentsError.self) { _ = try choice(option, variables, marker) }
            #expect(error?.code == .usage)
            #expect(error?.message == "\(source) names the environment x, which is not declared")
            #expect(error?.hint == "declared are a, b, c, d, e, f; environments.json declares others")
        }
        #expect(message { _ = try choice("") } == "--env names no environment")
    }

    @Test func withoutAFileAMarkersNameIsTaken() throws {
        try #expect(choice(nil, [:], marked("qa"), file: .usual)?.name == "qa")
        #expect(throws: EnvironmentsError.self) { _ = try choice("qa", [:], marked("qa"), file: .usual) }
    }
}
