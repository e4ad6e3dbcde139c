/// The place in a routine or in the rows of a COPY where an error occurred, from the server's CONTEXT, without the
/// values and statements in it.
package struct ErrorContext: Sendable, Equatable {
    package enum Routine: Sendable, Equatable {
        /// The body of a DO statement.
        case block
        /// A function or procedure as PL/pgSQL names it, such as `shop.f(integer)`.
        case function(String)
    }

    package struct Frame: Sendable, Equatable {
        package var routine: Routine
        /// The line in the body, from 1. The first line is that of the opening `$$`.
        package var line: Int
    }

    /// Lines of PL/pgSQL that call each other, the innermost first.
    package var frames: [Frame] = []
    /// The row of a COPY, from 1.
    package var copyLine: Int?
    /// The column of a COPY.
    package var copyColumn: String?

    /// - Parameter text: The field CONTEXT, in English.
    package init(_ text: String) {
        for line in text.split(separator: "\n") {
            if let match = line.firstMatch(of: #/^PL/pgSQL function (.+?) line ([0-9]+) at /#),
                let number = Int(match.2)
            {
                let isBlock = match.1 == "inline_code_block"
                frames.append(Frame(routine: isBlock ? .block : .function(String(match.1)), line: number))
            } else if copyLine == nil,
                let match = line.firstMatch(of: #/^COPY .+?, line ([0-9]+)(?:, column ([^:]+))?/#)
            {
                copyLine = Int(match.1)
                copyColumn = match.2.map { String($0) }
            }
        }
    }

    /// `line 4 of the DO block`, `line 5 of shop.f(integer), called in line 4 of the DO block`; nil if no PL/pgSQL is
    /// involved.
    package var sentence: String? {
        guard !frames.isEmpty else { return nil }
        let shown = frames.prefix(3).map { frame in
            switch frame.routine {
            case .block: "line \(frame.line) of the DO block"
            case .function(let name): "line \(frame.line) of \(name)"
            }
        }
        return shown.joined(separator: ", called in ")
    }
}

extension PostgresError.ServerFields {
    package var errorContext: ErrorContext { ErrorContext(context ?? "") }

    /// DETAIL without the values of rows; nil if nothing useful remains.
    package var detailWithoutValues: String? {
        guard let detail else { return nil }
        // These classes quote the row that failed, others do not. 44 is the class of WITH CHECK OPTION.
        guard ["22", "23", "44"].contains(where: sqlState.hasPrefix) else { return detail }
        // `Key (a, b)=(1, x) already exists.`: a value may contain any of these texts, but cannot be at the end of
        // DETAIL.
        let ends = [
            (" already exists.", ""), (" is duplicated.", ""), (" is not present in table ", "\"."),
            (" is still referenced from table ", "\"."),
        ]
        let found = ends.compactMap { phrase, ending in
            detail.hasSuffix(ending.isEmpty ? ")\(phrase)" : ending) ? detail.ranges(of: ")\(phrase)").last : nil
        }
        guard detail.hasPrefix("Key ("), let start = detail.firstRange(of: ")=("),
            let end = found.max(by: { $0.lowerBound < $1.lowerBound })
        else { return nil }
        return "\(detail[..<start.lowerBound])) \(detail[end.lowerBound...].dropFirst(2))"
    }
}
