import SQLText
import TestSupport
import Testing

@testable import MigrationChecks

/// Compares granary's rules with squawk's rules of the same names, for statements whose findings by squawk are recorded
/// (`Benchmarks/lint-corpus`).
@Suite struct SquawkTests {
    private struct Line {
        var sql: String
        var theirs: Set<String>
    }

    private func corpus() throws -> [Line] {
        try RulesPage.text("Tests/lint-corpus/squawk.tsv").split(separator: "\n").filter { !$0.hasPrefix("#") }.map {
            let fields = $0.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
            return Line(sql: String(fields[0]), theirs: Set((fields.last ?? "").split(separator: ",").map(String.init)))
        }
    }

    /// Granary sets the timeouts itself, and asks for repeatable statements only in files without a transaction.
    private static let others: Set<String> = [
        "require-lock-timeout", "require-statement-timeout", "prefer-robust-stmts",
    ]

    private static let compared: Set<String> = Set(
        LintRules.all.filter { $0.origins.contains(.squawk) }.map(\.name)
    ).subtracting(others)

    @Test func rulesMatchSquawkExceptWhereThePageSaysSo() throws {
        let linter = Linter(rules: Set(LintRules.all.map(\.name)))
        var found: [[String]] = []
        for line in try corpus() {
            let ours = try Set(linter.findings(in: parsedFile(line.sql)).map(\.rule)).intersection(Self.compared)
            let theirs = line.theirs.subtracting(Self.others)
            guard ours != theirs else { continue }
            let names = { (names: Set<String>) in names.sorted().map { "`\($0)`" }.joined(separator: ", ") }
            found.append(["`\(line.sql)`", names(theirs.subtracting(ours)), names(ours.subtracting(theirs))])
        }
        let told = try RulesPage().differences.map { Array($0.prefix(3)) }
        for row in found { #expect(told.contains(row), "not told: | \(row.joined(separator: " | ")) |") }
        for row in told { #expect(found.contains(row), "not so: | \(row.joined(separator: " | ")) |") }
    }

    @Test func theCorpusHasBothSidesOfEachRule() throws {
        let lines = try corpus()
        for rule in Self.compared.subtracting(["prefer-repack"]) {
            #expect(lines.contains { $0.theirs.contains(rule) }, "\(rule)")
            #expect(lines.contains { !$0.theirs.contains(rule) }, "\(rule)")
        }
        #expect(lines.count > 130)
    }

    @Test func everyRuleThatSquawkHasOnIsKnownHere() throws {
        let theirs = try corpus().reduce(into: Set<String>()) { $0.formUnion($1.theirs) }
        #expect(theirs.subtracting(LintRules.byName.keys) == [])
        #expect(theirs.count > 40)
    }
}
