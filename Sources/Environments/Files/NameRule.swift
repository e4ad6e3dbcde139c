/// Which names environments, services and schemas may have.
struct NameRule: Sendable {
    let noun: String
    /// A schema is called as PostgreSQL allows; the others are words in file names, make targets and messages too.
    let isWord: Bool

    static let environment = NameRule(noun: "environment", isWord: true)
    static let service = NameRule(noun: "service", isWord: true)
    static let schema = NameRule(noun: "schema", isWord: false)

    /// What is wrong with a name, as a sentence; nil when nothing is.
    func problem(with name: String) -> String? {
        if name.isEmpty { return "the name of the \(noun) is empty" }
        if name.utf8.count > 63 { return "the name of the \(noun) is longer than 63 bytes" }
        guard isWord else {
            if name.hasPrefix("pg_") || name == "information_schema" {
                return "the \(noun) \(name) belongs to PostgreSQL"
            }
            return name.unicodeScalars.contains { $0.value < 0x20 }
                ? "the name of the \(noun) has a control character" : nil
        }
        let isPlain = name.wholeMatch(of: #/[A-Za-z0-9_][A-Za-z0-9_.\-]*/#) != nil
        return isPlain ? nil : "\(name) cannot be the name of the \(noun)"
    }

    var hint: String {
        isWord
            ? "letters, digits, _, - and . will do, up to 63 of them, not beginning with - or ."
            : "a name of up to 63 bytes that does not begin with pg_"
    }
}
