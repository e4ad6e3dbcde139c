/// A name that begins with digits: `00001_create_users.sql`, `20240101120000-create_users.sql`.
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

    /// The rest of a name as a title: one word, never empty.
    static func title(_ rest: Substring) -> String {
        let title = rest.drop { !$0.isLetter && !$0.isNumber }
            .map { $0.isWhitespace || $0 == "/" ? "_" : $0 }
        return title.isEmpty ? "migration" : String(title)
    }
}

/// A name in Flyway's format: `V1_1__add_users.sql`, `U1_1__add_users.sql`, `R__views.sql`, `B5__everything.sql`.
struct FlywayName {
    enum Kind { case versioned, baseline, undo, repeatable }

    let kind: Kind
    /// The version, with dots; empty for a repeatable migration.
    let version: String
    let title: String

    /// - Parameter path: A name, or a path that ends with the name.
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
