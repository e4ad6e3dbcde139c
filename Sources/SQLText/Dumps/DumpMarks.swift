/// The opening and closing lines that show whether a plain dump is complete.
///
/// pg_dump and pg_dumpall write an opening and a closing line. A dump of granary announces in its header a closing line
/// with the number of tables and rows. A mark is a comment on a separate line between statements; the same text in a
/// row, a string or a function does not count.
package struct DumpMarks: Sendable, Equatable {
    package enum Maker: String, Sendable {
        case database = "pg_dump"
        case cluster = "pg_dumpall"
        case granary
    }

    package enum Verdict: Sendable, Equatable {
        /// Each header has its closing line, and the numbers in it are correct.
        case whole
        /// Nothing shows whether the dump is complete. `headless` is the line of a closing line without a header.
        case unmarked(headless: Int?)
        /// Something is missing: the line of the mark, and a sentence about it.
        case cut(line: Int, String)
    }

    /// Products based on PostgreSQL; each writes its own name.
    private static let products = ["PostgreSQL", "EnterpriseDB", "Greenplum Database", "YSQL"]
    /// The line of granary's header that announces the closing line.
    package static let announcement = "-- granary dump: the closing line holds the number of tables and rows"
    /// The line of granary's header that tells that the file holds no database.
    package static let globals = "-- granary globals: roles of a server, and no database"
    private static let closing = "-- granary dump complete: "

    /// The last line of a dump of granary.
    package static func closing(tables: Int, rows: Int) -> String { "\(closing)tables \(tables), rows \(rows)" }

    private struct Header: Equatable {
        var maker: Maker
        var line: Int
    }

    private struct Flaw: Equatable {
        var line: Int
        var sentence: String
    }

    /// Headers whose closing line has not been read yet. The dump of a cluster contains those of its databases.
    private var open: [Header] = []
    /// Whether the file holds the roles of a server, and no database.
    package private(set) var isOfGlobals = false
    private var flaws: [Flaw] = []
    private var closed = 0
    private var headless: Int?
    /// The number of tables read since granary's header.
    private var tables = 0
    private var rows = 0

    package init() {}

    /// Whether the current position is between granary's header and its closing line.
    package var isWithinGranary: Bool { open.contains { $0.maker == .granary } }

    /// - Precondition: The text has been read to its end.
    package var verdict: Verdict {
        if let flaw = flaws.first { return .cut(line: flaw.line, flaw.sentence) }
        if let header = open.first { return .cut(line: header.line, Self.unclosed(header)) }
        return closed > 0 && headless == nil ? .whole : .unmarked(headless: headless)
    }

    mutating func noteTable() { tables += 1 }
    mutating func noteRows(_ count: Int) { rows += count }

    /// A comment on a line of its own, from its first dash.
    mutating func note(_ comment: some StringProtocol, line: Int) {
        let text = comment.trimmingTrailingBlanks
        if text == Self.globals {
            isOfGlobals = true
        } else if text == Self.announcement {
            begin(.granary, line)
            (tables, rows) = (0, 0)
        } else if text.hasPrefix(Self.closing) {
            // A number that was cut off is not a closing line, or a wrong one.
            guard let said = Self.numbers(text.dropFirst(Self.closing.count)) else { return }
            end(.granary, line)
            guard said != (tables, rows) else { return }
            let sentence =
                "according to the closing line there are tables \(said.tables), rows \(said.rows), but the file has tables \(tables), rows \(rows)"
            flaws.append(Flaw(line: line, sentence: sentence))
        } else if let (maker, isClosing) = Self.mark(text) {
            isClosing ? end(maker, line) : begin(maker, line)
        }
    }

    private mutating func begin(_ maker: Maker, _ line: Int) {
        // Only a cluster's dump may contain another. Any other dump that is still open has no end.
        closeUnfinished(downTo: maker == .database && open.first?.maker == .cluster ? 1 : 0)
        open.append(Header(maker: maker, line: line))
    }

    private mutating func end(_ maker: Maker, _ line: Int) {
        guard let place = open.lastIndex(where: { $0.maker == maker }) else {
            headless = headless ?? line
            return
        }
        closeUnfinished(downTo: place + 1)
        open.removeLast()
        closed += 1
    }

    private mutating func closeUnfinished(downTo count: Int) {
        for header in open[count...] { flaws.append(Flaw(line: header.line, sentence: Self.unclosed(header))) }
        open.removeSubrange(count...)
    }

    private static func unclosed(_ header: Header) -> String {
        let line =
            switch header.maker {
            case .database: "PostgreSQL database dump complete"
            case .cluster: "PostgreSQL database cluster dump complete"
            case .granary: "granary dump complete"
            }
        return "the header of \(header.maker.rawValue) has no closing line \"\(line)\""
    }

    private static func mark(_ text: some StringProtocol) -> (Maker, isClosing: Bool)? {
        guard text.hasPrefix("-- ") else { return nil }
        let words = text.dropFirst(3)
        guard let product = products.first(where: { words.hasPrefix($0 + " database ") }) else { return nil }
        switch words.dropFirst(product.count) {
        case " database dump": return (.database, false)
        case " database dump complete": return (.database, true)
        case " database cluster dump": return (.cluster, false)
        case " database cluster dump complete": return (.cluster, true)
        default: return nil
        }
    }

    private static func numbers(_ text: some StringProtocol) -> (tables: Int, rows: Int)? {
        guard let match = String(text).wholeMatch(of: /tables ([0-9]+), rows ([0-9]+)/) else { return nil }
        guard let tables = Int(match.1), let rows = Int(match.2) else { return nil }
        return (tables, rows)
    }
}

extension StringProtocol {
    fileprivate var trimmingTrailingBlanks: Substring {
        var text = Substring(self)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
