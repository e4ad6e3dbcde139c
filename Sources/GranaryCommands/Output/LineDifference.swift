/// The differences between two texts, line by line.
package struct LineDifference: Sendable, Equatable {
    package enum Change: Sendable, Equatable {
        case removed(line: Int, String)
        case added(line: Int, String)
    }

    /// In the order of the lines; `removed` lines are from the expected text, `added` ones from the found text.
    package private(set) var changes: [Change] = []

    /// A missing or additional line break at the end is ignored.
    package init(expected: String, found: String) {
        guard !expected.utf8.elementsEqual(found.utf8) else { return }
        let (before, after) = (Self.lines(expected), Self.lines(found))
        var numbers: [Line: Int] = [:]
        func number(_ line: String) -> Int {
            let next = numbers.count
            let number = numbers[Line(text: line), default: next]
            if number == next { numbers[Line(text: line)] = next }
            return number
        }
        let matching = LineMatching(before.map(number), after.map(number))
        var (old, new) = (0, 0)
        for same in matching.pairs + [(before.count, after.count)] {
            changes += (old..<same.old).map { .removed(line: $0 + 1, before[$0]) }
            changes += (new..<same.new).map { .added(line: $0 + 1, after[$0]) }
            (old, new) = (same.old + 1, same.new + 1)
        }
    }

    /// Compares bytes: Swift's strings are equal if they only look the same.
    private struct Line: Hashable {
        var text: String

        static func == (a: Line, b: Line) -> Bool { a.text == b.text && a.text.utf8.elementsEqual(b.text.utf8) }

        func hash(into hasher: inout Hasher) {
            var text = text
            text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        }
    }

    package var isEmpty: Bool { changes.isEmpty }

    private static func lines(_ text: String) -> [String] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }

    /// In the form of diff, preceded by line numbers.
    package func lines(file: String, found: String) -> [String] {
        guard !isEmpty else { return ["the schema of \(found) matches \(file)"].map(Formatting.harmless) }
        let changed = changes.map { change in
            switch change {
            case .removed(let line, let text): "- \(line): \(text)"
            case .added(let line, let text): "+ \(line): \(text)"
            }
        }
        return
            (["--- \(file)", "+++ \(found)"] + changed
            + ["\(counted(changes.count, "line")) differ\(changes.count == 1 ? "s" : "")"])
            .map(Formatting.harmless)
    }

    static let result = ResultDescription<(file: String, difference: LineDifference)>([
        .init("file", \.file), .init("ok", \.difference.isEmpty),
        .init("differences", each: change, \.difference.changes),
    ])

    private static let change = ResultDescription<Change>([
        .init("line", \.line), .part(removed, \.removed), .part(added, \.added),
    ])

    private static let removed = ResultDescription<String>([.init("expected", \.self)])
    private static let added = ResultDescription<String>([.init("found", \.self)])
}

extension LineDifference.Change {
    fileprivate var line: Int {
        switch self {
        case .removed(let line, _), .added(let line, _): line
        }
    }
    fileprivate var removed: String? { if case .removed(_, let text) = self { text } else { nil } }
    fileprivate var added: String? { if case .added(_, let text) = self { text } else { nil } }
}
