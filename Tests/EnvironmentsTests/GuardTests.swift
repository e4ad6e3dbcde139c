import Environments
import Testing

@Suite struct GuardTests {
    private func admit(
        writing: Bool = true,
        _ choice: EnvironmentChoice?,
        _ marker: MarkerState,
        tables: Bool = true,
        local: Bool = false
    ) throws -> Guard.Admission {
        try Guard.admit(
            writing: writing,
            Guard.Situation(
                choice: choice,
                marker: marker,
                hasUserTables: tables,
                isOwnLocalServer: local,
                database: "the database shop at db:5432",
                declared: ["development", "production"]
            )
        )
    }

    private let production = EnvironmentChoice("production", .option)
    private let byFile = EnvironmentChoice("development", .file(TextPlace(file: "e.json", line: 1, column: 1)))
    private let copy = MarkerState.copy(of: Marker(name: "production", fingerprint: "9/9"))

    @Test func theMarkedEnvironmentMayBeWritten() throws {
        try #expect(admit(production, marked("production")) == .go(production))
        try #expect(admit(nil, marked("production")) == .go(EnvironmentChoice("production", .marker)))
    }

    @Test func anotherEnvironmentIsRefusedWithBothNames() throws {
        for tables in [true, false] {
            for local in [true, false] {
                let error = #expect(throws: EnvironmentsError.self) {
                    _ = try admit(production, marked("development"), tables: tables, local: local)
                }
                #expect(error?.code == .refused)
                #expect(
                    error?.message == "the database shop at db:5432 is marked development, and --env says production"
                )
            }
        }
    }

    @Test func anEmptyDatabaseIsMarkedWhenTheEnvironmentWasGiven() throws {
        try #expect(admit(production, .unmarked, tables: false) == .mark(production))
        try #expect(admit(production, copy, tables: false) == .mark(production))
    }

    @Test func theLocalServerIsMarkedDevelopment() throws {
        let development = EnvironmentChoice("development", .localServer)
        for tables in [true, false] {
            try #expect(admit(nil, .unmarked, tables: tables, local: true) == .mark(development))
            try #expect(admit(byFile, copy, tables: tables, local: true) == .mark(development))
        }
        let test = EnvironmentChoice("test", .variable("APP_ENV"))
        try #expect(admit(test, .unmarked, local: true) == .mark(test))
    }

    @Test func anyOtherUnmarkedDatabaseIsRefusedWithTheLineThatMarksIt() throws {
        let cases: [(EnvironmentChoice?, Bool, String)] = [
            (production, true, "if it is for production, run: granary env mark production"),
            (byFile, true, "if it is for development, run: granary env mark development"),
            (byFile, false, "if it is for development, run: granary env mark development"),
            (nil, true, "run: granary env mark NAME, with one of development, production"),
            (nil, false, "run: granary env mark NAME, with one of development, production"),
        ]
        for (choice, tables, line) in cases {
            let error = #expect(throws: EnvironmentsError.self) { _ = try admit(choice, .unmarked, tables: tables) }
            #expect(error?.code == .refused)
            #expect(
                error?.message
                    == "the database shop at db:5432 is not marked with an environment, so nothing is written into it"
            )
            #expect(error?.hint == "nothing was changed; \(line)")
        }
    }

    @Test func aCopyIsUnmarkedAndSaysSo() throws {
        #expect(
            message { _ = try admit(production, copy) }
                == "the database shop at db:5432 is a copy of production, and nothing says what it is used for now, so "
                + "nothing is written into it"
        )
    }

    @Test func readingIsAlwaysAllowed() throws {
        for marker in [.unmarked, copy, marked("development")] {
            for choice in [nil, production] {
                let expected = choice ?? marker.environment.map { EnvironmentChoice($0, .marker) }
                try #expect(admit(writing: false, choice, marker) == .go(expected))
                try #expect(admit(writing: false, choice, marker, tables: false, local: true) == .go(expected))
            }
        }
    }
}
