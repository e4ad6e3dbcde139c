import Testing

@testable import GranaryCommands
@testable import MigrationChecks

@Suite struct FindingReportTests {
    @Test(
        arguments: [
            ([true, true], "2 migrations replayed, every down migration undoes its up migration"),
            ([true, false], "2 migrations replayed, 1 down migration does not undo its up migration"),
            // An up file that failed, or no down file.
            ([nil], "1 migration replayed, no down migration was run"),
            ([true, nil], "2 migrations replayed, every down migration that was run undoes its up migration"),
        ] as [([Bool?], String)]
    )
    func onlyWhatWasRunIsSaidToUndo(undoes: [Bool?], sentence: String) {
        let steps = undoes.enumerated().map { index, undoes in
            ReplayReport.Step(
                service: "shop",
                version: index + 1,
                name: "step",
                environment: "development",
                upMilliseconds: 1,
                undoes: undoes
            )
        }
        let summary = FindingReport(findings: [], fileCount: 4, replayed: steps).summary
        #expect(summary == "no findings in 4 files; \(sentence)")
    }
}
