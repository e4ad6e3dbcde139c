import Testing

@testable import Basics

private enum Reason: FailureCode {
    case file
    var exitStatus: Basics.ExitStatus { .failed }
}

@Suite struct FindingTests {
    @Test func aFindingIsAtThePlaceOfItsError() {
        let error = Failure<Reason>(
            .file,
            at: FilePlace("a.yaml", line: 3, column: 7),
            "a key is missing",
            hint: "add it"
        )
        let expected = Finding(
            rule: "r",
            severity: .error,
            file: "a.yaml",
            line: 3,
            column: 7,
            message: "a key is missing",
            hint: "add it"
        )
        #expect(Finding(error, rule: "r", elsewhere: "seeds") == expected)
    }

    @Test(arguments: [(nil, "it is empty"), (FilePlace("a.yaml"), "a.yaml: it is empty")] as [(FilePlace?, String)])
    func anErrorWithoutALineIsAtTheFirstLineOfTheFileThatIsNamed(place: FilePlace?, message: String) {
        let finding = Finding(Failure<Reason>(.file, at: place, "it is empty"), rule: "r", elsewhere: "seeds")
        #expect(finding == Finding(rule: "r", severity: .error, file: "seeds", message: message))
    }
}
