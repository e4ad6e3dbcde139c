import MigrationChecks
import TestSupport
import Testing

/// Compares the rules with `docs/migrations.md`.
@Suite struct ValidationPageTests {
    @Test func thePageListsEveryRuleWithItsSeverity() throws {
        let file = #filePath
        let project = file[..<(try #require(file.firstRange(of: "/Tests/"))).lowerBound]
        let page = String(decoding: readFile("\(project)/docs/migrations.md"), as: UTF8.self)
        let rows = page.matches(of: #/\n\| `([a-z-]+)` \| (error|warning|info) \|/#).map { "\($0.1) \($0.2)" }
        let rules = ValidationRule.allCases.map { "\($0.rawValue) \($0.severity)" }
        #expect(rows.prefix(rules.count) == rules[...])
        // The severity of replay findings depends on the declarations.
        let replayed = rows.dropFirst(rules.count).map { $0.split(separator: " ")[0] }
        #expect(replayed == ReplayRule.allCases.map { Substring($0.rawValue) })
    }

    /// Each name belongs to only one rule.
    @Test func validationRulesAndLintRulesHaveDifferentNames() {
        let shared = Set(LintRules.all.map(\.name)).intersection(ValidationRule.names)
        #expect(shared == [])
        #expect(ValidationRule.names.isDisjoint(with: ReplayRule.allCases.map(\.rawValue)))
    }
}
