/// The facts about a column that inference uses. They may come from any source.
package struct ColumnShape: Sendable {
    package var name: String
    /// The name of the type in messages; domains have their own name.
    package var type: String
    /// The type below any domains, with its size: `character varying(20)`.
    package var baseType: String
    /// The bare name of the base type: `varchar`, `int8`, `_text`.
    package var typeName: String
    package var isList = false
    package var isNotNull = false
    package var enumLabels: [String] = []
    package var facts = ColumnFacts()

    package init(name: String, type: String, baseType: String, typeName: String) {
        self.name = name
        self.type = type
        self.baseType = baseType
        self.typeName = typeName
    }
}

/// The facts about a table that inference uses.
package struct TableShape: Sendable {
    /// The name with its schema. All draws depend on it.
    package var name: String
    /// The name without its schema.
    package var bareName: String
    package var columns: [ColumnShape]

    package init(name: String, bareName: String, columns: [ColumnShape]) {
        self.name = name
        self.bareName = bareName
        self.columns = columns
    }

    package func column(_ name: String) -> ColumnShape? { columns.first { $0.name == name } }

    var isAboutPeople: Bool {
        let words = [
            "user", "person", "people", "customer", "employee", "member", "author", "account", "profile", "contact",
            "patient", "student", "teacher", "driver", "guest", "staff",
        ]
        return words.contains { bareName.lowercased().contains($0) }
            || columns.contains { $0.name.lowercased().contains("email") }
    }
}

/// The conditions on a column in a table's constraints.
package struct ColumnFacts: Sendable {
    package var least: Double?
    package var most: Double?
    /// Bounds of times, in microseconds since 1970, or since midnight for times of day.
    package var timeLeast: Int?
    package var timeMost: Int?
    package var lengthLeast: Int?
    package var lengthMost: Int?
    package var allowed: [String]?
    /// Values that are not allowed.
    package var excluded: [String]?
    /// A regular expression.
    package var pattern: String?
    /// The pattern of a LIKE.
    package var like: String?
    package var mustBeNull = false
    package var mustNotBeNull = false
    /// The JSON type that `jsonb_typeof(c) = 'object'` and similar conditions require.
    package var jsonType: String?
    /// Columns whose value must be earlier than this one's.
    package var after: [String] = []
    /// The minimal number of elements in an array.
    package var countLeast: Int?
    package var countMost: Int?
    /// The names of the constraints that these facts come from.
    package var sources: [String] = []

    package init(least: Double? = nil, most: Double? = nil, allowed: [String]? = nil) {
        self.least = least
        self.most = most
        self.allowed = allowed
    }

    /// The facts of two conditions that must both hold.
    package func joined(_ other: ColumnFacts) -> ColumnFacts {
        var result = self
        result.least = [least, other.least].compactMap { $0 }.max()
        result.most = [most, other.most].compactMap { $0 }.min()
        result.timeLeast = [timeLeast, other.timeLeast].compactMap { $0 }.max()
        result.timeMost = [timeMost, other.timeMost].compactMap { $0 }.min()
        result.lengthLeast = [lengthLeast, other.lengthLeast].compactMap { $0 }.max()
        result.lengthMost = [lengthMost, other.lengthMost].compactMap { $0 }.min()
        result.allowed =
            allowed.map { own in other.allowed.map { theirs in own.filter { theirs.contains($0) } } ?? own }
            ?? other.allowed
        result.excluded = excluded.map { $0 + (other.excluded ?? []) } ?? other.excluded
        result.pattern = pattern ?? other.pattern
        result.like = like ?? other.like
        result.mustBeNull = mustBeNull || other.mustBeNull
        result.mustNotBeNull = mustNotBeNull || other.mustNotBeNull
        result.jsonType = jsonType ?? other.jsonType
        result.after = after + other.after
        result.countLeast = [countLeast, other.countLeast].compactMap { $0 }.max()
        result.countMost = [countMost, other.countMost].compactMap { $0 }.min()
        result.sources = sources + other.sources.filter { !sources.contains($0) }
        return result
    }
}

extension ColumnShape {
    /// The numbers in parentheses of the type's name.
    var size: [Int]? {
        guard let open = baseType.firstIndex(of: "("), let close = baseType.firstIndex(of: ")") else { return nil }
        let numbers = baseType[baseType.index(after: open)..<close].split(separator: ",").compactMap { Int($0) }
        return numbers.isEmpty ? nil : numbers
    }

    /// Digits after the decimal point, and the range of the type.
    package var limits: (scale: Int, range: ClosedRange<Double>) {
        switch typeName {
        case "int2": return (0, -32_768...32_767)
        case "int4": return (0, -2_147_483_648...2_147_483_647)
        case "oid": return (0, 0...4_294_967_295)
        case "int8": return (0, -9e18...9e18)
        case "float4": return (2, -1e6...1e6)
        case "float8": return (3, -1e12...1e12)
        case "money": return (2, -1e12...1e12)
        default:
            guard let size else { return (2, -1e12...1e12) }
            let scale = size.count > 1 ? size[1] : 0
            let whole = Curve.power(10, Double(min(15, size[0] - scale)))
            guard whole <= 1 else { return (min(max(0, scale), 6), (-whole + 1)...(whole - 1)) }
            // No digits before the decimal point, as in numeric(3,3), and perhaps zeros after it, as in numeric(2,4).
            let digits = min(scale, 9)
            let most = max(0, whole - Curve.power(10, Double(-digits)))
            return (digits, -most...most)
        }
    }

    package var timeForm: TimeForm {
        switch typeName {
        case "date": .date
        case "timestamp": .timestamp
        case "time": .time
        case "timetz": .timetz
        default: .timestamptz
        }
    }

    /// The maximum number of characters of the type.
    package var typeLength: Int? {
        switch typeName {
        case "varchar": size?.first
        case "bpchar": baseType == "bpchar" ? nil : size?.first ?? 1
        case "char": 1
        case "name": 63
        default: nil
        }
    }

    /// The maximum number of characters for type and constraints.
    var lengthMost: Int { min(facts.lengthMost ?? .max, typeLength ?? .max) }
    var lengthLeast: Int { facts.lengthLeast ?? 0 }

    /// The labels of an enum that the constraints allow.
    var allowedLabels: [String] {
        (facts.allowed ?? enumLabels).filter { facts.excluded?.contains($0) != true }
    }

    /// The element of an array, without constraints.
    package var element: ColumnShape {
        ColumnShape(
            name: name,
            type: baseType.hasSuffix("[]") ? String(baseType.dropLast(2)) : baseType,
            baseType: baseType.hasSuffix("[]") ? String(baseType.dropLast(2)) : baseType,
            typeName: typeName.hasPrefix("_") ? String(typeName.dropFirst()) : typeName
        )
    }
}
