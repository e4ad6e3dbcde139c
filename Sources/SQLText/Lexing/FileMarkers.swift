/// Instructions in the comments of a migration file for the tool that runs it.
///
/// Only `--` comments count; the same text in a string or in the body of a function does not.
package struct FileMarkers: Sendable, Equatable {
    /// `-- granary: key=value, key=value`
    package struct Option: Sendable, Equatable {
        package let key: String
        package let value: String
        /// From 1.
        package let line: Int

        package init(key: String, value: String, line: Int) {
            self.key = key
            self.value = value
            self.line = line
        }
    }

    package struct NoTransaction: Sendable, Equatable {
        /// The tool that uses this spelling.
        package enum Dialect: String, Sendable {
            case granary
            case goose
            case dbmate
            case atlas
            case graphile
            case sqlMigrate = "sql-migrate"
        }

        package let dialect: Dialect
        /// From 1.
        package let line: Int

        package init(dialect: Dialect, line: Int) {
            self.dialect = dialect
            self.line = line
        }
    }

    /// `-- squawk-ignore rule, rule` and `-- squawk-ignore-file rule`, as squawk reads them.
    package struct SquawkIgnore: Sendable, Equatable {
        /// Empty for all rules.
        package let rules: [String]
        package let isForFile: Bool
        /// From 1.
        package let line: Int

        package init(rules: [String], isForFile: Bool, line: Int) {
            self.rules = rules
            self.isForFile = isForFile
            self.line = line
        }
    }

    /// Set if the file asks to be run without a transaction.
    package private(set) var noTransaction: NoTransaction?
    /// `-- no-transaction` on another line than the first. Neither granary nor the tools that share this marker obey it
    /// there.
    package private(set) var misplacedNoTransactionLine: Int?
    package private(set) var options: [Option] = []
    package private(set) var squawkIgnores: [SquawkIgnore] = []
    /// `-- nothing to undo`: the down file is empty on purpose.
    package private(set) var nothingToUndoLine: Int?

    package init(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            guard Self.mayHoldMarkers(bytes) else { return }
            let first = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
            let tokens = SQLTokens(bytes, in: first..<bytes.count)
            var line = 1
            for token in tokens {
                let begin = token.range.lowerBound
                if token.kind == .lineComment, Self.maySay(bytes[token.range]) {
                    let startsLine = begin == first || bytes[begin - 1] == 0x0A
                    read(
                        Comment(
                            text: tokens.text(token),
                            line: line,
                            startsLine: startsLine,
                            startsFile: begin == first
                        )
                    )
                }
                for byte in bytes[token.range] where byte == 0x0A { line += 1 }
            }
        }
    }

    /// The values of a key, in the order of the file.
    package func values(_ key: String) -> [String] { options.filter { $0.key == key }.map(\.value) }

    /// The last value of a key.
    package subscript(key: String) -> String? { options.last { $0.key == key }?.value }

    /// The options in a comment of a statement, such as `-- granary: ignore rule`.
    package static func options(in comment: String, line: Int) -> [Option] {
        // Most comments are meant for readers; the first letter excludes them.
        let first = comment.utf8.first { $0 != UInt8(ascii: "-") && $0 > 0x20 }
        guard let first, first | 0x20 == UInt8(ascii: "g") || first >= 0x80,
            let body = comment.trimmingBlanks.body(after: "--"),
            let list = body.trimmingBlanks.body(after: "granary:")
        else { return [] }
        var options: [Option] = []
        for item in list.split(separator: ",") {
            let item = String(item).trimmingBlanks
            if let mark = item.firstIndex(of: "=") {
                let key = String(item[..<mark]).trimmingBlanks
                let value = String(item[item.index(after: mark)...]).trimmingBlanks
                options.append(Option(key: key.lowercased(), value: value, line: line))
            } else if let blank = item.firstIndex(where: { $0 == " " || $0 == "\t" }) {
                let value = String(item[blank...]).trimmingBlanks
                options.append(Option(key: item[..<blank].lowercased(), value: value, line: line))
            } else if let last = options.last, !item.isEmpty {
                // ignore a, b: another value of the same key.
                options.append(Option(key: last.key, value: item, line: line))
            } else if !item.isEmpty {
                options.append(Option(key: item.lowercased(), value: "", line: line))
            }
        }
        return options
    }
}

// Reading one comment.
extension FileMarkers {
    /// The beginnings of the first words that are recognized here.
    private static let beginnings: [StaticString] = [
        "granary:", "nothing", "squawk-ignore", "no-transaction", "+", "migrate:", "atlas:", "!",
    ]

    /// Whether a comment may begin with such a word. True for comments with blanks or letters outside ASCII.
    private static func maySay(_ comment: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        let text = comment.dropFirst(2).drop { $0 == 0x20 || $0 == 0x09 }
        guard let first = text.first else { return false }
        return first < 0x20 || first >= 0x80 || beginnings.contains { begins(text, $0) }
    }

    /// Whether two dashes precede such a word, possibly in a string. Most files contain none and need no further check.
    private static func mayHoldMarkers(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var position = 0
        while position + 1 < bytes.count {
            guard bytes[position] == UInt8(ascii: "-"), bytes[position + 1] == UInt8(ascii: "-") else {
                position += 1
                continue
            }
            position += 2
            while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x09 { position += 1 }
            if beginnings.contains(where: { begins(bytes[position...], $0) }) { return true }
        }
        return false
    }

    /// Compares without regard to case; `word` is in lower case.
    private static func begins(_ bytes: Slice<UnsafeBufferPointer<UInt8>>, _ word: StaticString) -> Bool {
        let word = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
        return bytes.count >= word.count
            && zip(bytes, word).allSatisfy { byte, letter in
                byte == letter || byte | 0x20 == letter && letter >= UInt8(ascii: "a")
            }
    }

    private struct Comment {
        /// From its dashes to the end of the line.
        var text: String
        var line: Int
        var startsLine: Bool
        var startsFile: Bool

        /// In lower case, with words separated by one blank.
        var words: [Substring] {
            text.dropFirst(2).lowercased().split { $0 == " " || $0 == "\t" || $0 == "\r" }
        }
    }

    private mutating func read(_ comment: Comment) {
        options += Self.options(in: comment.text, line: comment.line)
        let words = comment.words
        if Self.saysNothingToUndo(words) { nothingToUndoLine = nothingToUndoLine ?? comment.line }
        if let command = words.first, command == "squawk-ignore" || command == "squawk-ignore-file" {
            let rules = words.dropFirst().flatMap { $0.split(separator: ",") }.map(String.init)
            squawkIgnores.append(
                SquawkIgnore(rules: rules, isForFile: command == "squawk-ignore-file", line: comment.line)
            )
        }
        guard noTransaction == nil, let dialect = Self.dialect(of: comment, words) else { return }
        if dialect == .granary, !comment.startsFile {
            misplacedNoTransactionLine = misplacedNoTransactionLine ?? comment.line
        } else {
            noTransaction = NoTransaction(dialect: dialect, line: comment.line)
        }
    }

    /// Whether the comment says so, alone or with a separate reason: `nothing to undo here but the index` does not
    /// count.
    private static func saysNothingToUndo(_ words: [Substring]) -> Bool {
        guard words.count >= 3, words[0] == "nothing", words[1] == "to" else { return false }
        if words[2] == "undo" {
            guard words.count > 3, let mark = words[3].first else { return true }
            return "(-–—".contains(mark) || ["because", "as", "since"].contains(words[3])
        }
        return words[2].dropLast() == "undo" && ".:,;".contains(words[2].last!)
    }

    /// The tool whose spelling the comment uses to ask for no transaction; nil if it does not ask.
    private static func dialect(of comment: Comment, _ words: [Substring]) -> NoTransaction.Dialect? {
        switch words.first {
        case "no-transaction": return .granary
        case "+goose": return comment.startsLine && words.dropFirst() == ["no", "transaction"] ? .goose : nil
        case "migrate:up", "migrate:down": return words.dropFirst().contains("transaction:false") ? .dbmate : nil
        case "atlas:txmode": return words.dropFirst() == ["none"] ? .atlas : nil
        case "!": return words.dropFirst() == ["no-transaction"] ? .graphile : nil
        case "!no-transaction": return .graphile
        case "+migrate": return words.dropFirst().contains("notransaction") ? .sqlMigrate : nil
        default: return nil
        }
    }
}

extension String {
    fileprivate var trimmingBlanks: String {
        var slice = self[...]
        while let last = slice.last, last.isWhitespace { slice.removeLast() }
        return String(slice.drop(while: \.isWhitespace))
    }

    /// The text after a prefix, compared without case; nil if the text begins differently.
    fileprivate func body(after prefix: String) -> String? {
        lowercased().hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }
}
