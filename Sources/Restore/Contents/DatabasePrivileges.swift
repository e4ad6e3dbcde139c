internal import Archive
internal import SQLText

/// The privileges on an archived database. pg_dump writes only the differences from PostgreSQL's defaults.
struct DatabasePrivileges {
    private(set) var all: [Manifest.Privilege]
    private static let names = ["CREATE", "TEMPORARY", "CONNECT"]

    init(owner: String) {
        all =
            ["TEMPORARY", "CONNECT"].map { Manifest.Privilege(grantee: nil, privilege: $0, grantable: false) }
            + Self.names.map { Manifest.Privilege(grantee: owner, privilege: $0, grantable: false) }
    }

    /// Applies `GRANT CREATE,CONNECT ON DATABASE shop TO reader WITH GRANT OPTION`, or a REVOKE; ignores other
    /// statements.
    mutating func run(_ sql: String) {
        let words = Lexeme.all(of: sql).filter { !$0.kind.isTrivia }
        guard let verb = words.first?.text, ["GRANT", "REVOKE"].contains(verb),
            let on = words.firstIndex(where: { $0.isKeyword("ON") }),
            let mark = words[on...].firstIndex(where: { $0.isKeyword("TO") || $0.isKeyword("FROM") }),
            mark + 1 < words.count
        else { return }
        let role = words[mark + 1]
        let grantee: String? = role.isKeyword("PUBLIC") ? nil : role.name
        let isAboutOption = words[1..<on].contains { $0.isKeyword("OPTION") }
        let named = words[1..<on].map(\.text)
        for name in Self.names where named.contains("ALL") || named.contains(name) {
            let before = all.firstIndex { $0.grantee == grantee && $0.privilege == name }
            switch (verb, before) {
            case ("GRANT", let place?):
                if words.last?.isKeyword("OPTION") == true { all[place].grantable = true }
            case ("GRANT", nil):
                let isGrantable = words.last?.isKeyword("OPTION") == true
                all.append(Manifest.Privilege(grantee: grantee, privilege: name, grantable: isGrantable))
            case (_, let place?) where isAboutOption: all[place].grantable = false
            case (_, let place?): all.remove(at: place)
            case (_, nil): break
            }
        }
    }
}

extension Lexeme {
    fileprivate func isKeyword(_ word: String) -> Bool { kind == .word && text == word }
}
