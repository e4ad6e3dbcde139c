import Testing

@testable import Basics

private enum Reason: FailureCode {
    case busy, file
    var exitStatus: Basics.ExitStatus { self == .busy ? .busy : .failed }
}

@Suite struct FailureTests {
    @Test func aFailureIsDescribedByItsPlaceAndItsMessage() {
        let place = FilePlace("a.sql", line: 3, column: 7)
        #expect("\(Failure<Reason>(.file, "it is empty"))" == "it is empty")
        #expect("\(Failure<Reason>(.file, at: place, "it is empty"))" == "a.sql:3:7: it is empty")
    }

    @Test func theExitStatusIsThatOfTheCode() {
        let errors: [any GranaryError] = [Failure<Reason>(.busy, ""), Failure<Reason>(.file, "")]
        #expect(errors.map(\.exitStatus) == [.busy, .failed])
    }

    @Test(arguments: [
        (FilePlace("a"), "a"), (FilePlace("a", line: 2), "a:2"), (FilePlace("a", line: 2, column: 5), "a:2:5"),
    ])
    func aPlaceIsWrittenAsCompilersDo(place: FilePlace, text: String) { #expect(place.description == text) }

    @Test func theNumbersOfExitAreTheContract() {
        #expect(ExitStatus.allCases.map(\.rawValue) == [0, 1, 2, 3, 4, 5, 64, 130])
    }
}
