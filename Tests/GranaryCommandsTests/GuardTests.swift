import Bookkeeping
import Project
import Testing

@testable import GranaryCommands

@Suite struct GuardTests {
    private func admit(
        _ choice: EnvironmentChoice?,
        _ marker: MarkerState,
        isEmpty: Bool = false,
        isLocal: Bool = false
    ) -> Result<Guard.Admission, EnvironmentsError> {
        Result {
            () throws(EnvironmentsError) in
            try Guard.admit(.init(choice: choice, marker: marker, isEmpty: isEmpty, isLocal: isLocal, database: "shop"))
        }
    }

    private let staging = EnvironmentChoice(name: "staging", source: .option)
    private let byFile = EnvironmentChoice(name: "staging", source: .file("e.json"))

    @Test func equalGoesAndDifferentIsRefusedWithBothNames() throws {
        #expect(try admit(staging, .marked("staging")).get() == .init(environment: "staging", marks: false))
        #expect(try admit(nil, .marked("production")).get() == .init(environment: "production", marks: false))
        for local in [false, true] {
            let error = #expect(throws: EnvironmentsError.self) {
                try admit(staging, .marked("production"), isEmpty: true, isLocal: local).get()
            }
            #expect(error?.code == .refused)
            #expect(error?.message.contains("marked production") == true)
            #expect(error?.message.contains("--env says staging") == true)
        }
    }

    @Test func unmarkedDatabasesAreMarkedOnlyIfTheUserSaidSo() throws {
        #expect(try admit(nil, .unmarked, isLocal: true).get() == .init(environment: "development", marks: true))
        // A general declaration in a file does not refer to this server.
        #expect(try admit(byFile, .unmarked, isLocal: true).get() == .init(environment: "development", marks: true))
        #expect(try admit(staging, .unmarked, isLocal: true).get() == .init(environment: "staging", marks: true))
        #expect(try admit(staging, .unmarked, isEmpty: true).get() == .init(environment: "staging", marks: true))
        for (choice, isEmpty) in [(staging, false), (byFile, true), (nil, true), (nil, false)]
            as [(EnvironmentChoice?, Bool)]
        {
            let error = #expect(throws: EnvironmentsError.self) { try admit(choice, .unmarked, isEmpty: isEmpty).get() }
            #expect(error?.code == .refused)
            let means = choice == nil && isEmpty ? "--env NAME" : "granary env mark \(choice?.name ?? "NAME")"
            #expect(error?.hint?.contains(means) == true, "\(error?.hint ?? "")")
        }
    }

    @Test func anUndeclaredMarkerIsNamedAndNothingIsWritten() throws {
        for (choice, isLocal) in [(nil, false), (nil, true), (EnvironmentChoice(name: "qa", source: .marker), false)]
            as [(EnvironmentChoice?, Bool)]
        {
            let situation = Guard.Situation(
                choice: choice,
                marker: .marked("qa"),
                isEmpty: true,
                isLocal: isLocal,
                database: "shop",
                declared: .usual
            )
            let error = #expect(throws: EnvironmentsError.self) { try Guard.admit(situation) }
            #expect(error?.code == .refused)
            #expect(error?.message.contains("is marked qa, which is none of the usual environments") == true)
            #expect(error?.hint?.contains("the declared environments are development, staging, production") == true)
        }
        let file = try EnvironmentsFile(JSONText(Array(#"{"environments": {"qa": {}}}"#.utf8), path: "m/e.json"))
        var situation = Guard.Situation(
            choice: nil,
            marker: .marked("qa"),
            isEmpty: true,
            isLocal: false,
            database: "shop",
            declared: file
        )
        #expect(try Guard.admit(situation).environment == "qa")
        situation.marker = .marked("staging")
        let error = #expect(throws: EnvironmentsError.self) { try Guard.admit(situation) }
        #expect(error?.message.contains("marked staging, which m/e.json does not declare") == true)
    }

    @Test func aCopyCountsAsUnmarkedWithAMessage() throws {
        let error = #expect(throws: EnvironmentsError.self) { try admit(staging, .copy(of: "production")).get() }
        #expect(error?.message.contains("is an unmarked copy of production") == true)
        #expect(try admit(staging, .copy(of: "production"), isEmpty: true).get().marks)
    }
}
