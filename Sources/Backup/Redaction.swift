internal import Archive

/// Takes secrets out of the schema: passwords of user mappings, connection strings of subscriptions.
enum Redaction {
    static let placeholder = "'left out of the backup'"

    /// Replaces the secrets; returns the names of what they belonged to.
    static func redact(_ items: inout [Manifest.SchemaItem]) -> [String] {
        var redacted: [String] = []
        for index in items.indices {
            let text =
                switch items[index].kind {
                case "USER MAPPING": userMapping(items[index].sql)
                case "SUBSCRIPTION": subscription(items[index].sql)
                default: items[index].sql
                }
            guard text != items[index].sql else { continue }
            items[index].sql = text
            redacted.append("\(items[index].kind.lowercased()) \(items[index].name)")
        }
        return redacted
    }

    /// `OPTIONS (user 'u', password 'p')`: every option but the user's name may be a secret of some wrapper's.
    private static func userMapping(_ sql: String) -> String {
        var result = ""
        var name = ""
        for part in LiteralSplit(sql) {
            switch part {
            case .text(let text):
                result += text
                name =
                    text.split { !($0.isLetter || $0.isNumber || $0 == "_") }.last.map(String.init)?.lowercased() ?? ""
            case .literal(let literal):
                result += name == "user" || name == "username" ? literal : placeholder
            }
        }
        return result
    }

    /// `CONNECTION '…'` is the first literal of the statement.
    private static func subscription(_ sql: String) -> String {
        var result = ""
        var isConnection = false
        for part in LiteralSplit(sql) {
            switch part {
            case .text(let text):
                result += text
                isConnection = text.uppercased().hasSuffix("CONNECTION ")
            case .literal(let literal): result += isConnection ? "'dbname=left_out_of_the_backup'" : literal
            }
        }
        return result
    }
}

/// A statement as text and single-quoted literals, in turn; quoted names are text.
private struct LiteralSplit: Sequence, IteratorProtocol {
    enum Part {
        case text(String)
        case literal(String)
    }

    private var rest: Substring

    init(_ sql: String) { rest = sql[...] }

    mutating func next() -> Part? {
        guard let first = rest.first else { return nil }
        return first == "'" ? .literal(takeLiteral()) : .text(takeText())
    }

    /// With its doubled quotes; an escape string's prefix stays with the text before it.
    private mutating func takeLiteral() -> String {
        var index = rest.index(after: rest.startIndex)
        while index < rest.endIndex {
            let next = rest.index(after: index)
            if rest[index] == "\\" {
                index = next < rest.endIndex ? rest.index(after: next) : next
            } else if rest[index] == "'" {
                guard next < rest.endIndex, rest[next] == "'" else { return take(upTo: next) }
                index = rest.index(after: next)
            } else {
                index = next
            }
        }
        return take(upTo: rest.endIndex)
    }

    private mutating func takeText() -> String {
        var index = rest.startIndex
        var isName = false
        while index < rest.endIndex, isName || rest[index] != "'" {
            if rest[index] == "\"" { isName.toggle() }
            index = rest.index(after: index)
        }
        return take(upTo: index)
    }

    private mutating func take(upTo end: Substring.Index) -> String {
        defer { rest = rest[end...] }
        return String(rest[..<end])
    }
}
