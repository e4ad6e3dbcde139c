internal import Glibc

/// Rows with headings, aligned by their width on a terminal: wide characters count two columns, combining marks none.
///
/// On a terminal, the widest columns that may shrink are shortened with an ellipsis until a row fits. If that is not
/// enough, the least important columns are omitted. Elsewhere nothing is shortened.
package struct TableRenderer: Sendable {
    package struct Column: Sendable {
        package var title: String
        /// Aligned to the right.
        package var isNumber: Bool
        /// Whether its text may be cut to fit.
        package var mayShrink: Bool
        /// The order in which columns are omitted on a narrow terminal, the lowest number first; nil for a column that
        /// is never omitted. An ornament has 0, and is omitted before anything is shortened.
        package var expendable: Int?

        package init(
            _ title: String,
            isNumber: Bool = false,
            mayShrink: Bool = false,
            expendable: Int? = nil
        ) {
            self.title = title
            self.isNumber = isNumber
            self.mayShrink = mayShrink
            self.expendable = expendable
        }
    }

    private let columns: [Column]
    private var rows: [[String]] = []
    private static let gap = 2
    private static let narrowest = 8

    package init(_ columns: [Column]) { self.columns = columns }

    /// Adds a row with a text for each column. Control characters are escaped.
    package mutating func add(_ row: [String]) { rows.append(row.map(Formatting.harmless)) }

    /// The lines, with headings first. Columns that are empty in every row are omitted.
    ///
    /// - Parameter width: The width of the terminal; nil for no limit.
    package func lines(width: Int?) -> [String] {
        var shown = self.columns.indices.filter { index in rows.contains { !$0[index].isEmpty } }
        let natural = self.columns.indices.map { index in
            (rows.map { Formatting.width($0[index]) } + [Formatting.width(self.columns[index].title)]).max() ?? 0
        }
        var widths = shown.map { natural[$0] }
        if let width {
            while Self.excess(widths, width) > 0 {
                let least = shown.filter { self.columns[$0].expendable != nil }
                    .min { self.columns[$0].expendable ?? 0 < self.columns[$1].expendable ?? 0 }
                if least.map({ self.columns[$0].expendable != 0 }) ?? true {
                    shrink(&widths, shown.map { self.columns[$0] }, to: width)
                }
                guard Self.excess(widths, width) > 0, let least else { break }
                shown.removeAll { $0 == least }
                widths = shown.map { natural[$0] }
            }
        }
        let columns = shown.map { self.columns[$0] }
        let cells = [columns.map(\.title)] + rows.map { row in shown.map { row[$0] } }
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

    /// The excess width of a row.
    private static func excess(_ widths: [Int], _ width: Int) -> Int {
        widths.reduce(0, +) + gap * max(0, widths.count - 1) - width
    }

    private func shrink(_ widths: inout [Int], _ columns: [Column], to width: Int) {
        while Self.excess(widths, width) > 0 {
            let widest = columns.indices.filter { columns[$0].mayShrink && widths[$0] > Self.narrowest }
                .max { widths[$0] < widths[$1] }
            guard let widest else { return }
            widths[widest] -= 1
        }
    }
}

extension StandardOutput {
    /// The width of the terminal on standard output; nil for a pipe or a file. `ioctl(TIOCGWINSZ)`.
    static var columns: Int? {
        guard isTerminal else { return nil }
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
