internal import Glibc

/// Rows under headings, aligned by what a terminal shows of them: wide characters count two columns, marks none.
///
/// On a terminal the widest columns that may shrink are cut with an ellipsis until a row fits; elsewhere nothing is cut.
package struct TableRenderer: Sendable {
    package struct Column: Sendable {
        package var title: String
        /// Figures stand at the right.
        package var isNumber: Bool
        /// Whether its text may be cut to fit.
        package var mayShrink: Bool

        package init(_ title: String, isNumber: Bool = false, mayShrink: Bool = false) {
            self.title = title
            self.isNumber = isNumber
            self.mayShrink = mayShrink
        }
    }

    private let columns: [Column]
    private var rows: [[String]] = []
    private static let gap = 2
    private static let narrowest = 8

    package init(_ columns: [Column]) { self.columns = columns }

    /// A row with a text for each column; control characters are shown escaped.
    package mutating func add(_ row: [String]) { rows.append(row.map(Formatting.harmless)) }

    /// The lines, headings first; columns that are empty in every row are left out.
    ///
    /// - Parameter width: The terminal's columns; nil cuts nothing.
    package func lines(width: Int?) -> [String] {
        let shown = self.columns.indices.filter { index in rows.contains { !$0[index].isEmpty } }
        let columns = shown.map { self.columns[$0] }
        let cells = [columns.map(\.title)] + rows.map { row in shown.map { row[$0] } }
        var widths = columns.indices.map { index in cells.map { Formatting.width($0[index]) }.max() ?? 0 }
        if let width { shrink(&widths, columns, to: width) }
        return cells.map { row in
            var line = ""
            for (index, text) in row.enumerated() {
                if index > 0 { line += String(repeating: " ", count: Self.gap) }
                let text = Formatting.fitted(text, columns: widths[index])
                let space = String(repeating: " ", count: max(0, widths[index] - Formatting.width(text)))
                line += columns[index].isNumber ? space + text : text + space
            }
            while line.hasSuffix(" ") { line.removeLast() }
            return line
        }
    }

    private func shrink(_ widths: inout [Int], _ columns: [Column], to width: Int) {
        func excess() -> Int { widths.reduce(0, +) + Self.gap * max(0, widths.count - 1) - width }
        while excess() > 0 {
            let widest = columns.indices.filter { columns[$0].mayShrink && widths[$0] > Self.narrowest }
                .max { widths[$0] < widths[$1] }
            guard let widest else { return }
            widths[widest] -= 1
        }
    }
}

extension StandardOutput {
    /// The columns of the terminal that results are written to; nil for a pipe or a file. `ioctl(TIOCGWINSZ)`.
    static var columns: Int? {
        guard isTerminal else { return nil }
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
