import PostgresClient
internal import Project
internal import SyntheticData

/// `generate:` of a table: the number of rows, and the declarations of columns.
struct GenerateDeclaration: Sendable {
    enum Amount: Sendable {
        case count(Int)
        /// A count for each row of another table and each combination of values. The text is the name of the table, or of
        /// a column that refers to it.
        case per(String, rule: CountRule, crossed: [(column: String, values: [SeedNode])])
    }

    var amount: Amount
    var columns: [SeedNode.Member] = []
    var start: Int?
    var locale: String?
    /// The whole declaration as written.
    let node: SeedNode
    var file: String
    var line: Int

    /// - Throws: `SeedingError` with `.file`, naming the line.
    init(_ node: SeedNode, file: String) throws(SeedingError) {
        self.file = file
        self.node = node
        line = node.line
        amount = .count(0)
        var perNode: SeedNode?
        var countNode: SeedNode?
        for member in try node.requireMembers("generate", file) {
            switch member.key {
            case "count": countNode = member.value
            case "per": perNode = member.value
            case "columns": columns = member.value.isNull ? [] : try member.value.requireMembers("columns", file)
            case "start": start = try member.value.requireInt("start", file)
            case "locale":
                let name = try member.value.requireText("locale", file)
                guard WordLists.locales.contains(name) else {
                    throw member.value.problem(
                        file,
                        "there are no word lists for the locale \(name)",
                        hint: "the locales are \(WordLists.locales.joined(separator: ", "))"
                    )
                }
                locale = name
            default:
                throw SeedingError(
                    .file,
                    at: FilePlace(file, line: member.line),
                    "\(member.key) is unknown under generate",
                    hint: "the options are count, per, columns, start, locale"
                )
            }
        }
        guard let perNode else {
            guard let countNode else { throw node.problem(file, "generate has neither count nor per") }
            let count = try countNode.requireInt("count", file)
            guard count >= 0 else { throw countNode.problem(file, "count is negative") }
            amount = .count(count)
            return
        }
        amount = try Self.per(perNode, try Self.rule(countNode, file), file)
    }

    private static func per(_ node: SeedNode, _ rule: CountRule, _ file: String) throws(SeedingError) -> Amount {
        if let table = node.text { return .per(table, rule: rule, crossed: []) }
        guard let elements = node.elements, let table = elements.first?.text else {
            throw node.problem(file, "per is \(node.kind)", hint: "write per: users, or per: [users, {area: [a, b]}]")
        }
        var crossed: [(column: String, values: [SeedNode])] = []
        for element in elements.dropFirst() {
            for member in try element.requireMembers("per", file) {
                guard let values = member.value.elements, !values.isEmpty else {
                    throw member.value.problem(file, "per takes a list of values for \(member.key)")
                }
                crossed.append((member.key, values))
            }
        }
        return .per(table, rule: rule, crossed: crossed)
    }

    private static func rule(_ node: SeedNode?, _ file: String) throws(SeedingError) -> CountRule {
        guard let node else { return CountRule(shape: .exactly(1)) }
        if node.text != nil {
            let count = try node.requireInt("count", file)
            guard count >= 0 else { throw node.problem(file, "count is negative") }
            return CountRule(shape: .exactly(count))
        }
        if let bounds = node.elements, bounds.count == 2 {
            let (low, high) = (try bounds[0].requireInt("count", file), try bounds[1].requireInt("count", file))
            guard 0 <= low, low <= high else { throw node.problem(file, "count is not a range") }
            return CountRule(shape: .between(low, high))
        }
        var rule = CountRule(shape: .exactly(1))
        var (exponent, mean, most): (Double?, Double, Int) = (nil, 1, 100)
        var between: (Int, Int)?
        for member in try node.requireMembers("count", file) {
            switch member.key {
            case "zipf": exponent = try member.value.requireDouble("zipf", file)
            case "mean": mean = try member.value.requireDouble("mean", file)
            case "max": most = try member.value.requireInt("max", file)
            case "min": between = (try member.value.requireInt("min", file), 0)
            case "none": rule.none = try member.value.requireShare("none", file)
            default:
                throw SeedingError(
                    .file,
                    at: FilePlace(file, line: member.line),
                    "\(member.key) is unknown in a count",
                    hint: "the options are zipf, mean, max, min, none"
                )
            }
        }
        guard (1...10_000_000).contains(most), mean > 0, mean <= Double(most) else {
            throw node.problem(file, "mean and max contradict each other")
        }
        if let exponent {
            rule.shape = .zipf(exponent: exponent, mean: mean / (1 - min(rule.none, 0.999)), max: most)
        } else if let between {
            rule.shape = .between(between.0, max(between.0, most))
        } else {
            rule.shape = .between(1, max(1, Int(mean * 2) - 1))
        }
        return rule
    }
}

extension GenerateDeclaration {
    /// The foreign key that `per` names by its table or by one of its columns; nil without `per`. Foreign keys that may
    /// be NULL count only if there is no other.
    ///
    /// - Throws: `SeedingError` with `.schema` if no foreign key, or several, have this name.
    func perKey(in table: SeedCatalog.Table) throws(SeedingError) -> SeedCatalog.ForeignKey? {
        guard case .per(let name, _, _) = amount else { return nil }
        var keys = table.foreignKeys.filter { $0.parent.name == name || "\($0.parent)" == name }
        if keys.isEmpty { keys = table.foreignKeys.filter { $0.columns.contains(name) } }
        let required = keys.filter { $0.columns.allSatisfy { table.column($0)?.isNotNull == true } }
        if !required.isEmpty { keys = required }
        let place = FilePlace(file, line: line)
        guard let key = keys.first else {
            throw SeedingError(
                .schema,
                at: place,
                "per names \(name), but no foreign key of \(table.name) refers to it",
                hint: "per is for tables with a foreign key to the parent"
            )
        }
        guard keys.allSatisfy({ $0.columns == key.columns }) else {
            // Keys of tenants share a column, which would not tell them apart.
            let columns = keys.compactMap { key in
                key.columns.first { column in keys.count { $0.columns.contains(column) } == 1 }
            }
            throw SeedingError(
                .schema,
                at: place,
                "per names \(name), but several foreign keys of \(table.name) refer to it",
                hint: "name the column of one: \(columns.map { "per: \($0)" }.joined(separator: " or "))"
            )
        }
        return key
    }
}

extension SeedNode {
    /// A share: `20%` or `0.2`.
    func requireShare(_ name: String, _ file: String) throws(SeedingError) -> Double {
        guard let text else { throw problem(file, "\(name) is \(kind), not a share") }
        let isPercent = text.hasSuffix("%")
        guard let number = Double(isPercent ? String(text.dropLast()) : text), number >= 0,
            number <= (isPercent ? 100 : 1)
        else {
            throw problem(file, "\(name) is not a share", hint: "write 20% or 0.2")
        }
        return isPercent ? number / 100 : number
    }

    /// A span of time in microseconds: `400d`, `12h`, `2y`.
    func requireSpan(_ name: String, _ file: String) throws(SeedingError) -> Int {
        guard let text, let span = TimeText.span(text) else {
            throw problem(file, "\(name) is not a span of time", hint: "write 30d, 12h, 90min, 6mo or 2y")
        }
        return span
    }
}

/// Parses times and spans of time in declarations.
enum TimeText {
    static func span(_ text: String) -> Int? {
        let sign = text.hasPrefix("-") ? -1 : 1
        let body = text.drop { $0 == "-" || $0 == "+" }
        let digits = body.prefix { $0.isNumber || $0 == "." || $0 == "_" }
        guard let number = Double(digits.filter { $0 != "_" }), number < 1e6 else { return nil }
        let seconds: Double
        switch body.dropFirst(digits.count).trimmingPrefix(" ") {
        case "s", "sec": seconds = 1
        case "m", "min": seconds = 60
        case "h": seconds = 3600
        case "d", "days", "day": seconds = 86_400
        case "w", "weeks", "week": seconds = 7 * 86_400
        case "mo", "month", "months": seconds = 30.4375 * 86_400
        case "y", "years", "year": seconds = 365.25 * 86_400
        default: return nil
        }
        return sign * Int(number * seconds) * 1_000_000
    }

    /// Parses `now`, `-2y`, `2026-01-31`, `2026-01-31 12:00[:00]`. Returns microseconds since 1970.
    static func time(_ text: String, now: Int) -> Int? {
        if text == "now" { return now }
        if text.hasPrefix("-") || text.hasPrefix("+"), let span = span(text) { return now + span }
        // A time of day alone is not accepted.
        return text.contains("-") ? Calendar.time(text) : nil
    }
}
