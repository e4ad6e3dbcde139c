/// `00001_create_users.sql`, `20240101120000-create_users.sql`: digits, then a title.
struct NumberedName {
    let digits: String
    let title: String

    init?(_ name: String) {
        guard name.lowercased().hasSuffix(".sql") else { return nil }
        let stem = name.dropLast(4)
        let digits = stem.prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty else { return nil }
        self.digits = String(digits)
        title = Self.title(stem[digits.endIndex...])
    }

    /// What is left of a name, as a title: one word, and never none.
    static func title(_ rest: Substring) -> String {
        let title = rest.drop { !$0.isLetter && !$0.isNumber }
            .map { $0.isWhitespace || $0 == "/" ? "_" : $0 }
        return title.isEmpty ? "migration" : String(title)
    }
}

/// `V1_1__add_users.sql`, `U1_1__add_users.sql`, `R__views.sql`, `B5__everything.sql`.
struct FlywayName {
    enum Kind { case versioned, baseline, undo, repeatable }

    let kind: Kind
    /// With dots; empty for a repeatable one.
    let version: String
    let title: String

    /// - Parameter path: Folders before the name do not count.
    init?(_ path: String) {
        let name = path.split(separator: "/").last ?? ""
        guard let match = name.wholeMatch(of: #/([VUBR])([0-9]*(?:[._][0-9]+)*)__(.+)\.sql/#) else { return nil }
        switch match.1 {
        case "V": kind = .versioned
        case "B": kind = .baseline
        case "U": kind = .undo
        default: kind = .repeatable
        }
        guard match.2.isEmpty == (kind == .repeatable) else { return nil }
        version = String(match.2.replacing("_", with: "."))
        title = NumberedName.title(match.3)
    }
}
