internal import SyntheticData

/// Chooses a generator for a column that nobody has declared: by its constraints, its name, its type.
struct GeneratorInference {
    let table: SeedCatalog.Table
    let facts: [String: ColumnFacts]
    let seed: Int
    let locale: String
    /// Now, in microseconds since 1970.
    let now: Int
    /// The generators that were chosen before, by column.
    var chosen: [String: CellGenerator]

    struct Choice {
        var generator: CellGenerator
        var reason: String
        /// The share of NULLs where the column may be NULL.
        var nulls = 0.1
    }

    func key(_ column: String) -> UInt64 { CellHash.key(seed: seed, "\(table.name)", column) }

    /// - Returns: nil for a column that is better left to its default, or cannot be guessed.
    func choose(_ column: SeedCatalog.Column, isUnique: Bool) -> Choice? {
        let facts = facts[column.name] ?? ColumnFacts()
        if facts.mustBeNull, !column.isNotNull {
            return Choice(generator: ConstantGenerator(nil), reason: "a constraint wants NULL", nulls: 0)
        }
        if case .array = column.kind { return array(column, facts) }
        if !column.enumLabels.isEmpty {
            let labels = facts.allowed ?? column.enumLabels
            return Choice(
                generator: ChoiceGenerator(
                    labels,
                    name: "labels of the enum:",
                    key: key(column.name),
                    isUnique: isUnique
                ),
                reason: "enum \(column.type)",
                nulls: 0
            )
        }
        if let allowed = facts.allowed, !allowed.isEmpty {
            return Choice(
                generator: ChoiceGenerator(allowed, key: key(column.name), isUnique: isUnique),
                reason: "the values that a CHECK lists",
                nulls: 0
            )
        }
        if let choice = named(column, facts, isUnique) { return choice }
        return typed(column, facts, isUnique)
    }

    private func array(_ column: SeedCatalog.Column, _ facts: ColumnFacts) -> Choice? {
        var element = SeedCatalog.Column(
            name: column.name,
            type: column.baseType.hasSuffix("[]") ? String(column.baseType.dropLast(2)) : column.baseType,
            typeName: column.typeName.hasPrefix("_") ? String(column.typeName.dropFirst()) : column.typeName
        )
        if case .array(true) = column.kind { element.kind = .json }
        let inner = named(element, ColumnFacts(), false, isElement: true) ?? typed(element, ColumnFacts(), false)
        guard let inner else {
            return Choice(generator: ConstantGenerator("{}"), reason: "a list of a type without a generator", nulls: 0)
        }
        let least = facts.countLeast ?? 0
        return Choice(
            generator: ArrayGenerator(inner.generator, counts: least...(least + 3), key: key(column.name)),
            reason: "list; each element by \(inner.reason)",
            nulls: 0
        )
    }
}

// By type.
extension GeneratorInference {
    private func typed(_ column: SeedCatalog.Column, _ facts: ColumnFacts, _ isUnique: Bool) -> Choice? {
        let key = key(column.name)
        func form(
            _ name: String,
            unique: Bool = false,
            _ body: @escaping @Sendable (inout FormGenerator.Draws) -> String
        ) -> Choice {
            Choice(generator: FormGenerator(name, isUnique: unique, key: key, body), reason: "type \(column.type)")
        }
        func byType(_ generator: CellGenerator) -> Choice {
            Choice(generator: generator, reason: "type \(column.type)")
        }
        switch column.typeName {
        case "int2", "int4", "int8", "numeric", "float4", "float8", "money", "oid":
            return byType(number(column, facts, isUnique, usual: isUnique ? 1...2_000_000_000 : 1...1000))
        case "bool": return Choice(generator: BooleanGenerator(key: key), reason: "type boolean", nulls: 0)
        case "uuid": return byType(UUIDGenerator(key: key))
        case "text", "varchar", "bpchar", "citext", "name", "char": return text(column, facts, isUnique)
        case "timestamptz", "timestamp", "date", "time", "timetz":
            return byType(times(column, facts, from: now - 730 * Calendar.day, to: now, isUnique: isUnique))
        case "interval": return form("interval") { "\($0.below(30)) days \($0.below(24)):\($0.below(60)):00" }
        case "json", "jsonb": return json(column, facts)
        case "bytea":
            return form("bytes", unique: true) { draws in
                "\\x" + (0..<8).map { _ in FormGenerator.hex(draws.below(256)) }.joined()
                    + FormGenerator.hex(draws.row.number & 255)
            }
        case "inet":
            return form("address", unique: true) { draws in
                "10.\((draws.row.number >> 16) & 255).\((draws.row.number >> 8) & 255).\(draws.row.number & 255)"
            }
        case "cidr": return form("network") { "10.\($0.below(256)).\($0.below(256)).0/24" }
        case "macaddr", "macaddr8":
            return form("address") { draws in
                (["02"] + (0..<(column.typeName == "macaddr" ? 5 : 7)).map { _ in FormGenerator.hex(draws.below(256)) })
                    .joined(separator: ":")
            }
        case "bit", "varbit":
            let length = Self.size(column.baseType)?.first ?? 1
            return form("bits") { draws in (0..<length).map { _ in draws.below(2) == 0 ? "0" : "1" }.joined() }
        case "point": return form("point") { "(\($0.below(1000)),\($0.below(1000)))" }
        case "line": return form("line") { "{\($0.below(9) + 1),\($0.below(9) + 1),\($0.below(100))}" }
        case "lseg":
            return form("segment") { "[(\($0.below(100)),\($0.below(100))),(\($0.below(100)),\($0.below(100)))]" }
        case "box":
            return form("box") { "(\($0.below(100) + 100),\($0.below(100) + 100)),(\($0.below(100)),\($0.below(100)))" }
        case "path", "polygon": return form("polygon") { "((0,0),(\($0.below(100) + 1),0),(0,\($0.below(100) + 1)))" }
        case "circle": return form("circle") { "<(\($0.below(100)),\($0.below(100))),\($0.below(20) + 1)>" }
        case "tsvector":
            let list = WordLists.list(.words, "en")
            return form("words") { draws in
                (0..<3).map { _ in list.slug(draws.below(list.count)) }.joined(separator: " ")
            }
        case "tsquery":
            let list = WordLists.list(.words, "en")
            return form("words") { list.slug($0.below(list.count)) }
        case "xml": return form("xml") { "<value>\($0.below(1000))</value>" }
        case "int4range", "int8range", "numrange":
            return form("range") { draws in
                let low = draws.below(1000)
                return "[\(low),\(low + 1 + draws.below(100)))"
            }
        case "daterange", "tsrange", "tstzrange":
            let now = now
            return form("range") { draws in
                let days = Calendar.floor(now, Calendar.day) - draws.below(365)
                return "[\(FormGenerator.date(days)),\(FormGenerator.date(days + 1 + draws.below(30))))"
            }
        case "int4multirange", "int8multirange", "nummultirange":
            return form("ranges") { draws in
                let low = draws.below(1000)
                return "{[\(low),\(low + 1 + draws.below(100)))}"
            }
        case "hstore": return form("pairs") { "\"key\"=>\"\($0.below(100))\"" }
        case "ltree": return form("path") { "top.n\($0.below(10)).n\($0.below(100))" }
        default: return nil
        }
    }

    /// The numbers in parentheses of a type's name.
    static func size(_ type: String) -> [Int]? {
        guard let open = type.firstIndex(of: "("), let close = type.firstIndex(of: ")") else { return nil }
        let numbers = type[type.index(after: open)..<close].split(separator: ",").compactMap { Int($0) }
        return numbers.isEmpty ? nil : numbers
    }

    /// Digits behind the point, and the largest number of the type.
    static func limits(_ column: SeedCatalog.Column) -> (scale: Int, range: ClosedRange<Double>) {
        switch column.typeName {
        case "int2": return (0, -32_768...32_767)
        case "int4": return (0, -2_147_483_648...2_147_483_647)
        case "oid": return (0, 0...4_294_967_295)
        case "int8": return (0, -9e18...9e18)
        case "float4": return (2, -1e6...1e6)
        case "float8": return (3, -1e12...1e12)
        case "money": return (2, -1e12...1e12)
        default:
            guard let size = size(column.baseType) else { return (2, -1e12...1e12) }
            let scale = max(0, size.count > 1 ? size[1] : 0)
            let whole = Curve.power(10, Double(min(15, size[0] - (size.count > 1 ? size[1] : 0))))
            return (min(scale, 6), (-whole + 1)...(whole - 1))
        }
    }

    func number(
        _ column: SeedCatalog.Column,
        _ facts: ColumnFacts,
        _ isUnique: Bool,
        usual: ClosedRange<Double>
    ) -> NumberGenerator {
        let limits = Self.limits(column)
        var low =
            facts.least
            ?? (facts.most.map { min(usual.lowerBound, $0 - (usual.upperBound - usual.lowerBound)) } ?? usual.lowerBound)
        var high = facts.most ?? max(usual.upperBound, low + (usual.upperBound - usual.lowerBound))
        if facts.most != nil, facts.least == nil { low = min(usual.lowerBound, high) }
        low = max(low, limits.range.lowerBound)
        high = min(max(high, low), limits.range.upperBound)
        let power = Curve.power(10, Double(limits.scale))
        let (bottom, top) = ((low * power).rounded(.up), (high * power).rounded(.down))
        let first = Int(max(-9e18, min(bottom, 9e18)))
        return NumberGenerator(
            first...max(first, Int(max(-9e18, min(top, 9e18)))),
            scale: limits.scale,
            key: key(column.name),
            isUnique: isUnique
        )
    }

    static func form(_ column: SeedCatalog.Column) -> TimeForm {
        switch column.typeName {
        case "date": .date
        case "timestamp": .timestamp
        case "time": .time
        case "timetz": .timetz
        default: .timestamptz
        }
    }

    func times(
        _ column: SeedCatalog.Column,
        _ facts: ColumnFacts,
        from: Int,
        to: Int,
        isUnique: Bool = false
    ) -> CellGenerator {
        let form = Self.form(column)
        if let before = facts.after.compactMap({ chosen[$0] }).first {
            return AfterGenerator(
                { before.micros($0) },
                within: 30 * Calendar.day,
                least: form.step,
                limit: .max,
                form: form,
                key: key(column.name)
            )
        }
        return TimeGenerator(from...to, form: form, isUnique: isUnique, key: key(column.name))
    }

    func text(_ column: SeedCatalog.Column, _ facts: ColumnFacts, _ isUnique: Bool) -> Choice? {
        let most = min(facts.lengthMost ?? .max, Self.lengthMax(column) ?? .max)
        let least = facts.lengthLeast ?? 0
        if let pattern = facts.pattern ?? facts.like.map(Self.pattern(like:)) {
            guard let generator = PatternGenerator(pattern, isUnique: isUnique, key: key(column.name)) else {
                return nil
            }
            return Choice(generator: generator, reason: "the pattern of a CHECK")
        }
        if column.typeName == "bpchar" || most <= 12 {
            let length = column.typeName == "bpchar" ? min(most, 1000) : max(1, min(most, 8))
            let generator = PatternGenerator(
                "[a-z0-9]{\(max(length, min(least, most)))}",
                isUnique: isUnique,
                key: key(column.name)
            )
            return generator.map { Choice(generator: $0, reason: "type \(column.type)") }
        }
        let generator = TextGenerator(
            WordLists.list(.words, locale),
            words: 2...4,
            lengths: least...max(least, most),
            separator: WordLists.locale(locale).separator,
            isSentence: false,
            isUnique: isUnique,
            key: key(column.name)
        )
        return Choice(generator: generator, reason: "type \(column.type)")
    }

    static func lengthMax(_ column: SeedCatalog.Column) -> Int? {
        switch column.typeName {
        case "varchar": size(column.baseType)?.first
        case "bpchar": size(column.baseType)?.first ?? 1
        case "char": 1
        case "name": 63
        default: nil
        }
    }

    /// A LIKE pattern as one that texts can be made of.
    static func pattern(like: String) -> String {
        like.map { character in
            switch character {
            case "%": "[a-z]{0,6}"
            case "_": "[a-z]"
            default: character.isLetter || character.isNumber || character == "@" ? String(character) : "\\\(character)"
            }
        }.joined()
    }

    private func json(_ column: SeedCatalog.Column, _ facts: ColumnFacts) -> Choice {
        let words = WordLists.list(.words, "en")
        let generator = FormGenerator("json", key: key(column.name)) { draws -> String in
            switch facts.jsonType {
            case "array": return "[\(draws.below(100)), \(draws.below(100))]"
            case "number": return "\(draws.below(1000))"
            case "string": return "\"\(words.slug(draws.below(words.count)))\""
            case "boolean": return draws.below(2) == 0 ? "true" : "false"
            default: return "{\"\(words.slug(draws.below(words.count)))\": \(draws.below(100))}"
            }
        }
        return Choice(generator: generator, reason: "type \(column.type)")
    }
}

extension FormGenerator {
    static func hex(_ byte: Int) -> String {
        let text = String(byte, radix: 16)
        return text.utf8.count == 1 ? "0" + text : text
    }

    static func date(_ days: Int) -> String {
        let date = Calendar.date(days)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(date.year)-\(two(date.month))-\(two(date.day))"
    }
}
