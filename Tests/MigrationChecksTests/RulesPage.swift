import FoundationEssentials
import Migrations
import SQLText
import TestSupport

@testable import MigrationChecks

/// `docs/rules.md`, parsed.
struct RulesPage {
    /// The claim of the page about the bad example.
    enum Claim: Equatable {
        enum While: String {
            case always = ""
            case read = " while it is read"
            case rewritten = " while it is rewritten"
        }

        /// All of these tables are locked at the same time.
        case lock(String, [String], While)
        /// The SQLSTATE of the error.
        case error(String)
        /// A table, view, column or database that no longer exists.
        case gone(String)
        case empties(String)
        case none
    }

    struct Section {
        var name: String
        /// The line of the heading, counted from 1.
        var line: Int
        var prose: [String] = []
        var claim = Claim.none
        var setup: [String] = []
        var bad: [String] = []
        var good: [String] = []

        var isAboutCitus: Bool { name.hasPrefix("citus-") }
    }

    /// The SQL for the tables of the examples.
    private(set) var setup = ""
    /// The SQL that distributes these tables, for rules of the group `citus`.
    private(set) var citusSetup = ""
    private(set) var sections: [Section] = []
    /// The rows of the table of differences from squawk.
    private(set) var differences: [[String]] = []

    static let folder = #filePath.firstRange(of: "/Tests/").map { String(#filePath[..<$0.lowerBound]) } ?? "."

    init() throws { try self.init(text: Self.text("docs/rules.md")) }

    static func text(_ name: String) throws -> String {
        guard let data = FileManager.default.contents(atPath: "\(folder)/\(name)") else {
            throw CommandFailure(description: "there is no file \(name)")
        }
        return String(decoding: data, as: UTF8.self)
    }

    init(text: String) throws {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var index = 0
        while index < lines.count {
            let line = lines[index]
            if line.hasPrefix("```") {
                let end = lines[(index + 1)...].firstIndex { $0 == "```" } ?? lines.count
                take(String(line.dropFirst(3)), lines[(index + 1)..<end].joined(separator: "\n"))
                index = end
            } else if line.hasPrefix("### ") {
                sections.append(Section(name: String(line.dropFirst(4)), line: index + 1))
            } else if line.hasPrefix("| `"), line.contains("` |") {
                let cells = line.dropFirst(2).dropLast(2)
                differences.append(
                    cells.split(separator: " | ", omittingEmptySubsequences: false).map(String.init)
                )
            } else if !line.isEmpty, let last = sections.indices.last {
                sections[last].prose.append(line)
                if let claim = try Self.claim(line) { sections[last].claim = claim }
            }
            index += 1
        }
    }

    /// The setups of a section, in their order.
    func setups(of section: Section) -> [String] {
        [setup] + (section.isAboutCitus ? [citusSetup] : []) + section.setup
    }

    private mutating func take(_ kind: String, _ text: String) {
        if kind == "sql citus" { citusSetup = text }
        guard let last = sections.indices.last else {
            if kind == "sql setup" { setup = text }
            return
        }
        switch kind {
        case "sql setup": sections[last].setup.append(text)
        case "sql bad": sections[last].bad.append(text)
        case "sql good": sections[last].good.append(text)
        default: break
        }
    }

    /// Parses a claim such as `Lock: `SHARE` on `shop.orders` while it is read.`
    private static func claim(_ line: String) throws -> Claim? {
        guard let kind = ["Lock", "Error", "Gone", "Empties"].first(where: { line.hasPrefix("\($0): `") }) else {
            return nil
        }
        let parts = line.split(separator: "`", omittingEmptySubsequences: false).map(String.init)
        let spans = parts.indices.filter { $0 % 2 == 1 }.map { parts[$0] }
        guard line.hasSuffix("."), let first = spans.first, let end = parts.last?.dropLast() else {
            throw CommandFailure(description: line)
        }
        switch kind {
        case "Lock":
            guard let until = Claim.While(rawValue: String(end)), parts[2] == " on " else {
                throw CommandFailure(description: line)
            }
            return .lock(first, Array(spans.dropFirst()), until)
        case "Error": return .error(first)
        case "Gone": return .gone(first)
        default: return .empties(first)
        }
    }
}

/// A file as `validate` passes it to the linter.
func parsedFile(_ text: String, _ name: String = "000007_change.up.sql") throws -> ParsedFile {
    guard let fileName = MigrationFileName(name) else { throw CommandFailure(description: name) }
    let file = MigrationFile(name: fileName, path: name, text: text)
    let migration = Migration(
        version: fileName.version,
        digits: fileName.digits,
        title: fileName.title,
        layer: "",
        up: fileName.direction == .up ? file : nil,
        down: fileName.direction == .down ? file : nil
    )
    return try ParsedFile(file, of: migration)
}
