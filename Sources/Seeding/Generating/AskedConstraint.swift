import PostgresClient
internal import SQLText
internal import SyntheticData

/// A constraint that generated rows have violated. From then on the server chooses values that satisfy it.
enum AskedConstraint: Hashable, Comparable {
    case check(String)
    /// The maximum length of a column's type.
    case length(String)
    /// The checks of a column's domain.
    case domain(String)
    /// At least one of the partitions must accept the row.
    case partitions
    case unique(String)
    case exclusion(String)
    case foreignKey(String)

    /// The form for the record of seeds.
    var text: String {
        switch self {
        case .check(let name): "check \(name)"
        case .length(let column): "length \(column)"
        case .domain(let column): "domain \(column)"
        case .partitions: "partitions"
        case .unique(let name): "unique \(name)"
        case .exclusion(let name): "exclusion \(name)"
        case .foreignKey(let name): "reference \(name)"
        }
    }

    init?(text: String) {
        let parts = text.split(separator: " ", maxSplits: 1).map(String.init)
        switch (parts.first, parts.last) {
        case ("check", let name?): self = .check(name)
        case ("length", let column?): self = .length(column)
        case ("domain", let column?): self = .domain(column)
        case ("partitions", _): self = .partitions
        case ("unique", let name?): self = .unique(name)
        case ("exclusion", let name?): self = .exclusion(name)
        case ("reference", let name?): self = .foreignKey(name)
        default: return nil
        }
    }

    static func < (one: Self, other: Self) -> Bool { one.text < other.text }

    /// The name for messages.
    func name(in table: SeedCatalog.Table) -> String {
        switch self {
        case .check(let name), .unique(let name), .exclusion(let name), .foreignKey(let name): name
        case .length(let column): "the length of \(table.column(column)?.baseType ?? column)"
        case .domain(let column): "the domain \(table.column(column)?.type ?? column)"
        case .partitions: "the bounds of the partitions"
        }
    }

    /// Whether the constraint compares rows with each other.
    var comparesRows: Bool {
        switch self {
        case .unique, .exclusion: true
        default: false
        }
    }
}

extension AskedConstraint {
    /// The columns whose values must be drawn together; empty if the table no longer has the constraint.
    func columns(in table: SeedCatalog.Table) -> [String] {
        switch self {
        case .check(let name): table.checks.first { $0.name == name }?.columns ?? []
        case .length(let column), .domain(let column): table.column(column).map { [$0.name] } ?? []
        case .partitions: Self.columns(named: table.partitionBounds ?? [], in: table)
        case .unique(let name): table.uniques.first { $0.name == name }?.reads ?? []
        case .exclusion(let name):
            // The catalog lists no columns for expressions.
            Self.columns(named: table.exclusions.filter { $0.name == name }.map(\.definition), in: table)
        case .foreignKey(let name): table.foreignKeys.first { $0.name == name }?.columns ?? []
        }
    }

    private static func columns(named expressions: [String], in table: SeedCatalog.Table) -> [String] {
        let names = Set(
            expressions.flatMap { Lexeme.all(of: $0) }.compactMap { $0.name }
        )
        return table.columns.map(\.name).filter { names.contains($0) }
    }

    /// An expression that tells whether a candidate satisfies the constraint; nil for constraints that compare rows.
    func condition(in table: SeedCatalog.Table, _ session: borrowing Session) -> String? {
        switch self {
        case .check(let name):
            return table.checks.first { $0.name == name }.map { "(\(SeedCatalog.Check.expression($0.definition)))" }
        case .length(let column): return table.column(column).flatMap { Self.lengthCondition($0, session) }
        case .domain(let column):
            let checks = (table.column(column)?.domainChecks ?? []).map { check in
                let expression = Lexeme.all(of: SeedCatalog.Check.expression(check)).map { lexeme in
                    lexeme.kind == .word && lexeme.text == "VALUE" ? session.quoted(column) : lexeme.text
                }
                return "(\(expression.joined()))"
            }
            return checks.isEmpty ? nil : "(\(checks.joined(separator: " AND ")))"
        case .partitions:
            let bounds = (table.partitionBounds ?? []).map { "(\($0))" }
            return bounds.isEmpty ? nil : "(\(bounds.joined(separator: " OR ")))"
        case .unique, .exclusion: return nil
        case .foreignKey(let name):
            guard let key = table.foreignKeys.first(where: { $0.name == name }) else { return nil }
            let nulls = key.columns.map { "c.\(session.quoted($0)) IS NULL" }
            let pairs = zip(key.parentColumns, key.columns).map {
                "p.\(session.quoted($0)) \(table.equality($1)) c.\(session.quoted($1))"
            }
            return "(\(nulls.joined(separator: " OR ")) OR EXISTS (SELECT 1 FROM \(session.quoted(key.parent)) p "
                + "WHERE \(pairs.joined(separator: " AND "))))"
        }
    }

    /// An expression that tells whether a candidate's value, or each element of it, fits the maximum length of the
    /// column's type; nil for a type without a maximum.
    static func lengthCondition(_ column: SeedCatalog.Column, _ session: borrowing Session) -> String? {
        let name = "c.\(session.quoted(column.name))"
        let shape = ColumnShape(column)
        if shape.isList {
            return shape.element.typeLength.map {
                "(NOT EXISTS (SELECT FROM pg_catalog.unnest(\(name)) e WHERE pg_catalog.length(e::pg_catalog.text) > \($0)))"
            }
        }
        return shape.typeLength.map { "(pg_catalog.length(\(name)::pg_catalog.text) <= \($0))" }
    }

    /// A statement that adds the constraint to a table of candidates; nil for constraints that look at one row only.
    ///
    /// A deferred constraint is added as an immediate one.
    func index(on candidates: String, in table: SeedCatalog.Table) -> String? {
        switch self {
        case .unique(let name):
            guard let unique = table.uniques.first(where: { $0.name == name }),
                let using = unique.definition.firstRange(of: " USING ")
            else { return nil }
            return "CREATE UNIQUE INDEX ON \(candidates)\(unique.definition[using.lowerBound...])"
        case .exclusion(let name):
            guard var definition = table.exclusions.first(where: { $0.name == name })?.definition else { return nil }
            for suffix in [" INITIALLY DEFERRED", " DEFERRABLE"] where definition.hasSuffix(suffix) {
                definition = String(definition.dropLast(suffix.count))
            }
            return "ALTER TABLE \(candidates) ADD \(definition)"
        default: return nil
        }
    }

    /// Collects the constants in the expressions of the constraint.
    func readHints(in table: SeedCatalog.Table, into hints: inout ProbeHints) {
        var expressions: [String] = []
        switch self {
        case .check(let name): expressions = table.checks.filter { $0.name == name }.map(\.definition)
        case .domain(let column): expressions = table.column(column)?.domainChecks ?? []
        case .partitions: expressions = (table.partitionBounds ?? []).map { "(\($0))" }
        case .length, .unique, .exclusion, .foreignKey: break
        }
        for expression in expressions { hints.read(SeedCatalog.Check.expression(expression)) }
    }
}

extension ProbeHints {
    /// Collects the constants of an expression.
    mutating func read(_ expression: String) {
        guard let tree = try? SQLScript("SELECT \(expression)").statements.first?.tree else { return }
        for constant in tree.descendants(ofKind: "A_Const") {
            if constant["ival"].exists {
                numbers.append(Double(constant["ival"]["ival"].int ?? 0))
            } else if let number = constant["fval"]["fval"].string.flatMap({ Double($0) }) {
                numbers.append(number)
            } else if constant["sval"].exists {
                read(text: constant["sval"]["sval"].string ?? "")
            }
        }
        for comparison in tree.descendants(ofKind: "A_Expr") {
            guard let name = comparison["name"].names.last, ["~", "~*", "~~", "~~*"].contains(name) else { continue }
            for constant in comparison["rexpr"].descendants(ofKind: "A_Const") {
                guard let pattern = constant["sval"]["sval"].string else { continue }
                patterns.append(name.hasPrefix("~~") ? PatternGenerator.pattern(like: pattern) : pattern)
            }
        }
    }

    private mutating func read(text: String) {
        if let number = Double(text) { numbers.append(number) }
        texts.append(text)
        // The elements of an array.
        guard text.hasPrefix("{"), text.hasSuffix("}") else { return }
        for element in text.dropFirst().dropLast().split(separator: ",") { read(text: String(element)) }
    }
}
