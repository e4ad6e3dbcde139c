import Migrations
import TestSupport
import Testing

/// The rules and what `docs/migrations.md` says of them.
@Suite struct ValidationPageTests {
    @Test func thePageListsEveryRuleWithItsSeverity() throws {
        let file = #filePath
        let project = file[..<(try #require(file.firstRange(of: "/Tests/"))).lowerBound]
        let page = String(decoding: readFile("\(project)/docs/migrations.md"), as: UTF8.self)
        let rows = page.matches(of: #/\n\| `([a-z-]+)` \| (error|warning|info) \|/#).map { "\($0.1) \($0.2)" }
        #expect(rows == ValidationRule.allCases.map { "\($0.rawValue) \($0.severity)" })
    }

    /// One name means one rule, whoever looks for it.
    @Test func noRuleHasTheNameOfALintRule() {
        let shared = Set(LintRules.all.map(\.name)).intersection(ValidationRule.names)
        #expect(shared == [])
    }
}
