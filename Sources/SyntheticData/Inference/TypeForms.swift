/// The values of types that need only one or two draws.
struct TypeForm: Sendable {
    /// The other inputs of a form.
    struct Setting: Sendable {
        /// The number in parentheses of the type's name, such as the bits of `bit(5)`.
        var length: Int
        /// The present day since 1970.
        var day: Int
    }

    typealias Body = @Sendable (inout FormGenerator.Draws, Setting) -> String

    let types: [String]
    /// The name for `--explain`.
    let name: String
    /// Whether the value contains the number of the row.
    var isUnique = false
    let body: Body

    init(_ types: [String], _ name: String, isUnique: Bool = false, _ body: @escaping Body) {
        self.types = types
        self.name = name
        self.isUnique = isUnique
        self.body = body
    }

    static func of(_ typeName: String) -> TypeForm? { all.first { $0.types.contains(typeName) } }

    /// A form whose values are all different. Its ranges do not overlap either.
    static func unique(_ typeName: String) -> TypeForm? { allUnique.first { $0.types.contains(typeName) } }

    func generator(_ column: ColumnShape, now: Int, key: UInt64) -> FormGenerator {
        let setting = Setting(length: column.size?.first ?? 1, day: Calendar.floor(now, Calendar.day))
        let body = body
        return FormGenerator(name, isUnique: isUnique, key: key) { body(&$0, setting) }
    }

    private static let words = WordLists.list(.words, "en")

    private static let all: [TypeForm] = [
        TypeForm(["interval"], "interval") { draws, _ in
            "\(draws.below(30)) days \(draws.below(24)):\(draws.below(60)):00"
        },
        TypeForm(["bytea"], "bytes", isUnique: true) { draws, _ in
            "\\x" + (0..<8).map { _ in FormGenerator.hex(draws.below(256)) }.joined()
                + FormGenerator.hex(draws.row.number & 255)
        },
        TypeForm(["inet"], "address", isUnique: true) { draws, _ in
            "10.\((draws.row.number >> 16) & 255).\((draws.row.number >> 8) & 255).\(draws.row.number & 255)"
        },
        TypeForm(["cidr"], "network") { draws, _ in "10.\(draws.below(256)).\(draws.below(256)).0/24" },
        TypeForm(["macaddr"], "address") { draws, _ in hardwareAddress(5, &draws) },
        TypeForm(["macaddr8"], "address") { draws, _ in hardwareAddress(7, &draws) },
        TypeForm(["bit", "varbit"], "bits") { draws, setting in
            (0..<setting.length).map { _ in draws.below(2) == 0 ? "0" : "1" }.joined()
        },
        TypeForm(["point"], "point") { draws, _ in "(\(draws.below(1000)),\(draws.below(1000)))" },
        TypeForm(["line"], "line") { draws, _ in "{\(draws.below(9) + 1),\(draws.below(9) + 1),\(draws.below(100))}" },
        TypeForm(["lseg"], "segment") { draws, _ in
            "[(\(draws.below(100)),\(draws.below(100))),(\(draws.below(100)),\(draws.below(100)))]"
        },
        TypeForm(["box"], "box") { draws, _ in
            "(\(draws.below(100) + 100),\(draws.below(100) + 100)),(\(draws.below(100)),\(draws.below(100)))"
        },
        TypeForm(["path", "polygon"], "polygon") { draws, _ in
            "((0,0),(\(draws.below(100) + 1),0),(0,\(draws.below(100) + 1)))"
        },
        TypeForm(["circle"], "circle") { draws, _ in
            "<(\(draws.below(100)),\(draws.below(100))),\(draws.below(20) + 1)>"
        },
        TypeForm(["tsvector"], "words") { draws, _ in
            (0..<3).map { _ in words.slug(draws.below(words.count)) }.joined(separator: " ")
        },
        TypeForm(["tsquery"], "words") { draws, _ in words.slug(draws.below(words.count)) },
        TypeForm(["xml"], "xml") { draws, _ in "<value>\(draws.below(1000))</value>" },
        TypeForm(["int4range", "int8range", "numrange"], "range") { draws, _ in range(&draws) },
        TypeForm(["daterange", "tsrange", "tstzrange"], "range") { draws, setting in
            let day = setting.day - draws.below(365)
            return "[\(FormGenerator.date(day)),\(FormGenerator.date(day + 1 + draws.below(30))))"
        },
        TypeForm(["int4multirange", "int8multirange", "nummultirange"], "ranges") { draws, _ in "{\(range(&draws))}" },
        TypeForm(["datemultirange", "tsmultirange", "tstzmultirange"], "ranges") { draws, setting in
            let day = setting.day - draws.below(365)
            return "{[\(FormGenerator.date(day)),\(FormGenerator.date(day + 1 + draws.below(30))))}"
        },
        TypeForm(["hstore"], "pairs") { draws, _ in "\"key\"=>\"\(draws.below(100))\"" },
        TypeForm(["ltree"], "path") { draws, _ in "top.n\(draws.below(10)).n\(draws.below(100))" },
    ]

    private static let allUnique: [TypeForm] = [
        TypeForm(["interval"], "interval", isUnique: true) { draws, _ in "\(draws.row.number + 1) minutes" },
        TypeForm(["bytea"], "bytes", isUnique: true) { draws, _ in
            "\\x" + (0..<4).map { _ in FormGenerator.hex(draws.below(256)) }.joined()
                + (0..<4).map { FormGenerator.hex(draws.row.number >> (24 - 8 * $0) & 255) }.joined()
        },
        TypeForm(["cidr"], "network", isUnique: true) { draws, _ in
            let number = draws.row.number
            return "\(1 + number >> 16 & 127).\(number >> 8 & 255).\(number & 255).0/24"
        },
        TypeForm(["macaddr"], "address", isUnique: true) { draws, _ in hardwareAddress(5, ofRow: draws.row.number) },
        TypeForm(["macaddr8"], "address", isUnique: true) { draws, _ in hardwareAddress(7, ofRow: draws.row.number) },
        TypeForm(["int4range", "int8range", "numrange"], "range", isUnique: true) { draws, _ in disjointRange(&draws) },
        TypeForm(["daterange", "tsrange", "tstzrange"], "range", isUnique: true) { draws, setting in
            let day = setting.day - 365 + draws.row.number * 4
            return "[\(FormGenerator.date(day)),\(FormGenerator.date(day + 1 + draws.below(3))))"
        },
        TypeForm(["int4multirange", "int8multirange", "nummultirange"], "ranges", isUnique: true) { draws, _ in
            "{\(disjointRange(&draws))}"
        },
        TypeForm(["datemultirange", "tsmultirange", "tstzmultirange"], "ranges", isUnique: true) { draws, setting in
            let day = setting.day - 365 + draws.row.number * 4
            return "{[\(FormGenerator.date(day)),\(FormGenerator.date(day + 1 + draws.below(3))))}"
        },
        TypeForm(["tsvector"], "words", isUnique: true) { draws, _ in
            "\(words.slug(draws.below(words.count))) n\(draws.row.number)"
        },
        TypeForm(["ltree"], "path", isUnique: true) { draws, _ in "top.n\(draws.row.number)" },
        TypeForm(["hstore"], "pairs", isUnique: true) { draws, _ in "\"key\"=>\"\(draws.row.number)\"" },
    ]

    private static func disjointRange(_ draws: inout FormGenerator.Draws) -> String {
        let low = draws.row.number * 10
        return "[\(low),\(low + 1 + draws.below(9)))"
    }

    private static func hardwareAddress(_ count: Int, ofRow number: Int) -> String {
        let bytes = (0..<count).map { FormGenerator.hex(number >> (8 * (count - 1 - $0)) & 255) }
        return (["02"] + bytes).joined(separator: ":")
    }

    /// - Parameter count: The number of bytes after the first.
    private static func hardwareAddress(_ count: Int, _ draws: inout FormGenerator.Draws) -> String {
        (["02"] + (0..<count).map { _ in FormGenerator.hex(draws.below(256)) }).joined(separator: ":")
    }

    private static func range(_ draws: inout FormGenerator.Draws) -> String {
        let low = draws.below(1000)
        return "[\(low),\(low + 1 + draws.below(100)))"
    }
}
