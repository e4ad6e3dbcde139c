/// A psql command in a dump, and how a restore treats it. It is never executed.
enum PsqlCommand: Equatable {
    /// It does not matter to a restore.
    case skipped
    /// The following statements are for this database.
    case connect(String)
    /// The following text has this encoding.
    case encoding(String)
    /// The following statements may use this variable.
    case variable(String)
    /// It is refused: the reason, and the remedy.
    case refused(String, hint: String)

    init(_ name: String, _ arguments: String) {
        guard !arguments.contains("`") else {
            self = .refused("\\\(name) has a backquote, which makes psql run a program", hint: Self.removal)
            return
        }
        switch name {
        case "connect", "c": self = Self.connection(name, arguments)
        case "encoding": self = Self.encodingChange(arguments)
        case "set": self = Self.assignment(arguments)
        case _ where Self.harmless.contains(name) || name.hasPrefix("d"): self = .skipped
        default: self = .refused("\\\(name) is a command of psql, which restore does not run", hint: Self.removal)
        }
    }

    private static let removal = "remove the line, or run the file with psql"

    /// Commands that print something, or change how psql prints. pg_dump writes \restrict and \unrestrict around
    /// everything, to prevent psql from executing other commands.
    private static let harmless: Set<String> = [
        "restrict", "unrestrict", "echo", "qecho", "warn", "pset", "timing", "unset", "a", "C", "f", "H", "html", "t",
        "T",
        "x", "conninfo", "copyright", "errverbose", "h", "help", "?", "l", "list", "p", "print", "sf", "sv", "z",
    ]
}

// Commands that a restore must interpret.
extension PsqlCommand {
    private static func connection(_ command: String, _ arguments: String) -> PsqlCommand {
        let elsewhere = PsqlCommand.refused(
            "\\\(command) to another user or server is not followed",
            hint: "leave the database's name alone in it, or run the file with psql"
        )
        guard var words = words(arguments) else { return elsewhere }
        if words.first?.hasPrefix("-reuse-previous") == true { words.removeFirst() }
        guard words.dropFirst().allSatisfy({ $0 == "-" }) else { return elsewhere }
        guard let target = words.first, target != "-" else { return .skipped }
        guard !target.contains("://") else { return elsewhere }
        guard target.contains("=") else { return .connect(target) }
        guard let pairs = pairs(target), Array(pairs.keys) == ["dbname"], let name = pairs["dbname"] else {
            return elsewhere
        }
        return .connect(name)
    }

    private static func encodingChange(_ arguments: String) -> PsqlCommand {
        guard let word = words(arguments)?.first else { return .skipped }
        let isName = word.utf8.allSatisfy {
            $0 < 0x80
                && ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x5F)
        }
        return isName ? .encoding(word) : .refused("\\encoding names no encoding", hint: removal)
    }

    private static func assignment(_ arguments: String) -> PsqlCommand {
        let end = arguments.unicodeScalars.drop { $0.properties.isWhitespace }.prefix { !$0.properties.isWhitespace }
        let name = String(end)
        guard !name.isEmpty else { return .skipped }
        guard name != "SINGLELINE" else {
            return .refused("\\set SINGLELINE changes where statements end", hint: removal)
        }
        return .variable(name)
    }

    /// The words of the arguments as psql reads them; nil for an unterminated quotation and for a variable.
    private static func words(_ arguments: String) -> [String]? {
        var words: [String] = []
        var word: String?
        var rest = Substring(arguments).unicodeScalars
        while let next = rest.popFirst() {
            switch next {
            case "'", "\"":
                guard let text = quoted(by: next, &rest) else { return nil }
                word = (word ?? "") + text
            case ":": return nil
            case _ where next.properties.isWhitespace:
                if let whole = word { words.append(whole) }
                word = nil
            default: word = (word ?? "") + String(next)
            }
        }
        return words + (word.map { [$0] } ?? [])
    }

    /// Reads the rest of a quoted text, and its closing mark. Two marks in a row mean one mark, and in single quotes a
    /// backslash escapes the next character. Returns nil if the text does not end.
    private static func quoted(by mark: Unicode.Scalar, _ rest: inout Substring.UnicodeScalarView) -> String? {
        var text = String.UnicodeScalarView()
        while let next = rest.popFirst() {
            if next == mark {
                guard rest.first == mark else { return String(text) }
                rest.removeFirst()
                text.append(mark)
            } else if next == "\\", mark == "'" {
                guard let escaped = rest.popFirst() else { return nil }
                text.append(escaped)
            } else {
                text.append(next)
            }
        }
        return nil
    }

    /// Parses `keyword=value` and `keyword='value'` as libpq does; nil for anything else.
    private static func pairs(_ text: String) -> [String: String]? {
        var pairs: [String: String] = [:]
        var rest = Substring(text).unicodeScalars
        while true {
            rest = rest.drop { $0.properties.isWhitespace }
            guard !rest.isEmpty else { return pairs }
            let key = rest.prefix { $0 != "=" && !$0.properties.isWhitespace }
            rest = rest.dropFirst(key.count)
            guard rest.popFirst() == "=" else { return nil }
            var value = String.UnicodeScalarView()
            let isQuoted = rest.first == "'"
            if isQuoted { rest.removeFirst() }
            var isClosed = !isQuoted
            while let next = rest.popFirst() {
                if next == "\\" {
                    if let escaped = rest.popFirst() { value.append(escaped) }
                } else if isQuoted ? next == "'" : next.properties.isWhitespace {
                    isClosed = true
                    break
                } else {
                    value.append(next)
                }
            }
            guard isClosed else { return nil }
            pairs[String(key)] = String(value)
        }
    }
}
