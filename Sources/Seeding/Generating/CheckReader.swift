internal import PostgresClient
internal import SQLText
internal import SyntheticData

extension TableShape {
    /// Converts a table of the catalog for inference, with the facts that its constraints state.
    init(_ table: SeedCatalog.Table) {
        let facts = ColumnFacts.read(table)
        self.init(
            name: "\(table.name)",
            bareName: table.name.name,
            columns: table.columns.map { ColumnShape($0, facts[$0.name] ?? ColumnFacts()) }
        )
    }
}

extension ColumnShape {
    init(_ column: SeedCatalog.Column, _ facts: ColumnFacts = ColumnFacts()) {
        self.init(name: column.name, type: column.type, baseType: column.baseType, typeName: column.typeName)
        if case .array = column.kind { isList = true }
        isNotNull = column.isNotNull
        enumLabels = column.enumLabels
        self.facts = facts
    }
}

extension ColumnFacts {
    /// The facts about every column that can be read from the text of the constraints.
    static func read(_ table: SeedCatalog.Table) -> [String: ColumnFacts] {
        var facts: [String: ColumnFacts] = [:]
        let names = Set(table.columns.map(\.name))
        func join(_ own: [String: ColumnFacts], from source: String) {
            for (column, var found) in own {
                found.sources = [source]
                facts[column] = (facts[column] ?? ColumnFacts()).joined(found)
            }
        }
        for check in table.checks {
            var own: [String: ColumnFacts] = [:]
            CheckReader(columns: names).read(check.definition, into: &own)
            join(own, from: check.name)
        }
        if let bounds = table.partitionBounds?.first(where: { $0 != "true" }) {
            var own: [String: ColumnFacts] = [:]
            CheckReader(columns: names).read("CHECK (\(bounds))", into: &own)
            // Each row belongs to one partition. If the partitions list values, the values of all of them are used.
            join(own.merging(listed(table, names)) { _, all in all }, from: "the bounds of the partitions")
        }
        for column in table.columns {
            for check in column.domainChecks {
                var own: [String: ColumnFacts] = [:]
                CheckReader(columns: ["value"]).read(check, into: &own)
                if let found = own["value"] { join([column.name: found], from: "the domain \(column.type)") }
            }
        }
        return facts
    }

    /// The values that partitions by list accept, by column, if every partition lists some.
    private static func listed(_ table: SeedCatalog.Table, _ names: Set<String>) -> [String: ColumnFacts] {
        var lists: [String: [String]] = [:]
        for (place, bounds) in (table.partitionBounds ?? []).enumerated() {
            var own: [String: ColumnFacts] = [:]
            CheckReader(columns: names).read("CHECK (\(bounds))", into: &own)
            for (column, facts) in own {
                guard let allowed = facts.allowed, place == 0 || lists[column] != nil else { continue }
                lists[column, default: []] += allowed
            }
        }
        // With a second level of partitioning, only the bounds of the first partition are sure to fit together.
        guard lists.count == 1 else { return [:] }
        return lists.mapValues { ColumnFacts(allowed: $0) }
    }
}

/// Reads the simple forms of CHECK: lists, ranges, lengths, patterns, comparisons of two columns, and these joined by
/// AND.
///
/// For OR it follows one branch. Other forms are ignored here. A trial batch then finds out whether the generated
/// values satisfy them.
struct CheckReader {
    /// The columns that expressions may name.
    let columns: Set<String>

    func read(_ definition: String, into facts: inout [String: ColumnFacts]) {
        guard definition.hasPrefix("CHECK "),
            let script = try? SQLScript("SELECT \(SeedCatalog.Check.expression(definition))")
        else { return }
        guard let target = script.statements.first?.tree?["targetList"].items.first else { return }
        read(target["val"], into: &facts)
    }

    private func read(_ node: ParseNode, into facts: inout [String: ColumnFacts]) {
        if node.isKind("BoolExpr") {
            let arguments = node["args"].items
            switch node["boolop"].string {
            case "AND_EXPR": for argument in arguments { read(argument, into: &facts) }
            case "OR_EXPR": readAlternatives(arguments, into: &facts)
            default: break
            }
        } else if node.isKind("NullTest"), let column = column(node["arg"]) {
            if node["nulltesttype"].string == "IS_NOT_NULL" {
                facts[column, default: .init()].mustNotBeNull = true
            } else {
                facts[column, default: .init()].mustBeNull = true
            }
        } else if node.isKind("A_Expr") {
            readComparison(node, into: &facts)
        }
    }

    private func readAlternatives(_ arguments: [ParseNode], into facts: inout [String: ColumnFacts]) {
        // If one branch is IS NOT NULL, any value satisfies the OR.
        if let test = arguments.first(where: { $0.isKind("NullTest") && $0["nulltesttype"].string == "IS_NOT_NULL" }) {
            return read(test, into: &facts)
        }
        // `x IS NULL OR x > 0`: the other branch must hold for every value.
        let others = arguments.filter { !$0.isKind("NullTest") }
        if others.count == 1, others.count < arguments.count { return read(others[0], into: &facts) }
        if let first = arguments.first { read(first, into: &facts) }
    }

    private func readComparison(_ node: ParseNode, into facts: inout [String: ColumnFacts]) {
        let name = node["name"].names.last ?? ""
        let (left, right) = (unwrapped(node["lexpr"]), unwrapped(node["rexpr"]))
        let kind = node["kind"].string
        if kind == "AEXPR_OP_ANY" || kind == "AEXPR_IN", name == "=", let column = column(left), let list = texts(right)
        {
            facts[column] = (facts[column] ?? .init()).joined(ColumnFacts(allowed: list))
            return
        }
        if kind == "AEXPR_BETWEEN", let column = column(left) {
            let bounds = right.items.map { number($0) }
            if bounds.count == 2 {
                facts[column] = (facts[column] ?? .init()).joined(ColumnFacts(least: bounds[0], most: bounds[1]))
            }
            return
        }
        if ["AEXPR_OP_ALL", "AEXPR_IN"].contains(kind), name == "<>",
            let column = column(left), let list = texts(right)
        {
            facts[column, default: .init()].excluded = (facts[column]?.excluded ?? []) + list
            return
        }
        if name == "~" || name == "~*", let column = column(left), let pattern = text(right) {
            facts[column, default: .init()].pattern = pattern
        } else if name == "~~" || name == "~~*", let column = column(left), let pattern = text(right) {
            facts[column, default: .init()].like = pattern
        } else if left.isKind("FuncCall"), let function = left["funcname"].names.last,
            let column = left["args"].items.first.flatMap({ self.column(withoutForm($0)) })
        {
            readFunction(function, column, name, right, into: &facts)
        } else if let column = column(left), let other = self.column(right) {
            switch name {
            case "<", "<=": facts[other, default: .init()].after.append(column)
            case ">", ">=": facts[column, default: .init()].after.append(other)
            default: break
            }
        } else if let column = column(left) {
            readValue(column, name, right, into: &facts)
        } else if let column = column(right) {
            let turned = ["<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="][name]
            if let turned { readValue(column, turned, left, into: &facts) }
        }
    }

    private func readValue(
        _ column: String,
        _ name: String,
        _ value: ParseNode,
        into facts: inout [String: ColumnFacts]
    ) {
        var found = ColumnFacts()
        if let time = text(value).flatMap({ Calendar.time($0) }) {
            switch name {
            case ">=": found.timeLeast = time
            case ">": found.timeLeast = time + 1_000_000
            case "<=": found.timeMost = time
            case "<": found.timeMost = time - 1_000_000
            default: break
            }
        }
        switch name {
        case "=": found.allowed = text(value).map { [$0] } ?? number(value).map { [Self.decimal($0)] }
        case ">=": found.least = number(value)
        case ">": found.least = number(value).map { $0 + 1 / 1024 / 1024 }
        case "<=": found.most = number(value)
        case "<": found.most = number(value).map { $0 - 1 / 1024 / 1024 }
        case "<>":
            // The text must not be empty.
            if text(value) == "" { found.lengthLeast = 1 }
            found.excluded = (text(value) ?? number(value).map { Self.decimal($0) }).map { [$0] }
        default: break
        }
        facts[column] = (facts[column] ?? .init()).joined(found)
    }

    private static func decimal(_ number: Double) -> String {
        number == number.rounded() && abs(number) < 1e15 ? String(Int(number)) : String(number)
    }

    private func readFunction(
        _ function: String,
        _ column: String,
        _ name: String,
        _ value: ParseNode,
        into facts: inout [String: ColumnFacts]
    ) {
        var found = ColumnFacts()
        switch function {
        case "length", "char_length", "character_length", "octet_length":
            guard let number = number(value).map({ Int($0) }) else { return }
            switch name {
            case "=": (found.lengthLeast, found.lengthMost) = (number, number)
            case ">=": found.lengthLeast = number
            case ">", "<>": found.lengthLeast = number + 1
            case "<=": found.lengthMost = number
            case "<": found.lengthMost = number - 1
            default: break
            }
        case "jsonb_typeof", "json_typeof":
            if name == "=" { found.jsonType = text(value) }
        case "btrim", "trim", "ltrim", "rtrim":
            if name == "<>" { found.lengthLeast = 1 }
        case "cardinality", "array_length":
            let count = number(value).map { Int($0) }
            switch name {
            case ">=": found.countLeast = count
            case ">": found.countLeast = count.map { $0 + 1 }
            case "<=": found.countMost = count
            case "<": found.countMost = count.map { $0 - 1 }
            case "=": (found.countLeast, found.countMost) = (count, count)
            default: break
            }
        default: break
        }
        facts[column] = (facts[column] ?? .init()).joined(found)
    }

    /// Removes functions such as trim and lower, which do not change the length of generated texts.
    private func withoutForm(_ node: ParseNode) -> ParseNode {
        var node = unwrapped(node)
        let functions: Set = ["btrim", "ltrim", "rtrim", "lower", "upper"]
        while node.isKind("FuncCall"), functions.contains(node["funcname"].names.last ?? ""),
            let inner = node["args"].items.first
        {
            node = unwrapped(inner)
        }
        return node
    }

    private func unwrapped(_ node: ParseNode) -> ParseNode {
        var node = node
        while node.isKind("TypeCast") || node.isKind("CollateClause") { node = node["arg"] }
        return node
    }

    private func column(_ node: ParseNode) -> String? {
        let node = unwrapped(node)
        guard node.isKind("ColumnRef"), let name = node["fields"].names.last else { return nil }
        return columns.contains(name) ? name : nil
    }

    private func text(_ node: ParseNode) -> String? {
        let node = unwrapped(node)
        guard node.isKind("A_Const") else { return nil }
        let text = node["sval"]
        // The parser omits the value of an empty text.
        return text.exists ? text["sval"].string ?? "" : nil
    }

    private func number(_ node: ParseNode) -> Double? {
        let node = unwrapped(node)
        if node.isKind("A_Expr"), node["name"].names == ["-"], !node["lexpr"].exists {
            return number(node["rexpr"]).map { -$0 }
        }
        guard node.isKind("A_Const") else { return nil }
        if node["ival"].exists { return Double(node["ival"]["ival"].int ?? 0) }
        if node["fval"].exists { return node["fval"]["fval"].string.flatMap { Double($0) } }
        return text(node).flatMap { Double($0) }
    }

    /// The elements of a list of constants, or of an array literal.
    private func texts(_ node: ParseNode) -> [String]? {
        let node = unwrapped(node)
        let elements = node.isKind("A_ArrayExpr") ? node["elements"].items : node.items
        guard !elements.isEmpty else {
            return text(node).map { text in
                text.dropFirst().dropLast().split(separator: ",").map { String($0).replacing("\"", with: "") }
            }
        }
        let found = elements.compactMap { element in
            text(element) ?? number(element).map { Self.decimal($0) }
        }
        return found.count == elements.count ? found : nil
    }
}
