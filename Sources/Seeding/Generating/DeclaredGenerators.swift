internal import Environments

/// Reads what `columns:` says of a column.
struct DeclaredGenerators {
    let inference: GeneratorInference
    let file: String
    /// The table's foreign key to the parent of `per`, and the parent.
    let parents: [String: ReferencePool]
    /// The pool's place for a row, by parent table name.
    let parentIndex: [String: ReferenceGenerator]

    enum Outcome {
        case generator(CellGenerator, nulls: Double?)
        case expression(String)
        /// Only options such as `unique` or `null`: the generator is still to be found.
        case options(isUnique: Bool, nulls: Double?)
        /// Left to the column's default.
        case leftOut
    }

    func read(_ node: SeedNode, _ column: SeedCatalog.Column) throws(SeedingError) -> Outcome {
        if node.tag == "sql" { return .expression(try node.requireText("!sql", file)) }
        if let tag = node.tag {
            throw node.problem(file, "nothing is known of the tag !\(tag) here", hint: "there is !sql")
        }
        if node.isNull { return .generator(ConstantGenerator(nil), nulls: 0) }
        let key = inference.key(column.name)
        guard let members = node.members, column.kind != .json || isDeclaration(node) else {
            if node.text == "default" { return .leftOut }
            let text = try ValueText.text(
                node,
                for: column,
                composites: [:],
                isText: false,
                place: FilePlace(file, line: node.line)
            )
            return .generator(ConstantGenerator(text), nulls: 0)
        }
        let isUnique =
            try node["unique"].map { node throws(SeedingError) in try node.requireBool("unique", file) } ?? false
        let nulls = try node["null"].map { node throws(SeedingError) in try node.requireShare("null", file) }
        var isOnlyOptions = true
        for member in members where !["unique", "null"].contains(member.key) {
            isOnlyOptions = false
            guard Self.known.contains(member.key) else {
                throw SeedingError(
                    .file,
                    at: FilePlace(file, line: member.line),
                    "nothing is known of \(member.key)",
                    hint: "known are \(Self.known.sorted().joined(separator: ", "))"
                )
            }
        }
        if isOnlyOptions { return .options(isUnique: isUnique, nulls: nulls) }
        let generator = try generator(node, column, isUnique: isUnique, key)
        guard let condition = node["when"] else { return .generator(generator, nulls: nulls ?? 0) }
        let test = try self.condition(condition.requireText("when", file), condition)
        let branch = CaseGenerator.Branch(condition: test, generator: generator)
        return .generator(
            CaseGenerator([branch], otherwise: ConstantGenerator(nil), name: "\(generator.summary), at times"),
            nulls: nulls ?? 0
        )
    }

    private static let known: Set<String> = [
        "weighted", "case", "else", "between", "shape", "lognormal", "normal", "round", "sequence", "step", "pattern",
        "template", "from", "after", "within", "at_least", "when", "null", "unique", "pick", "value", "zipf", "min",
        "max", "chance",
    ]

    private func isDeclaration(_ node: SeedNode) -> Bool {
        node.members?.contains { ["weighted", "case", "pick", "value", "when", "null"].contains($0.key) } ?? false
    }

    private func generator(
        _ node: SeedNode,
        _ column: SeedCatalog.Column,
        isUnique: Bool,
        _ key: UInt64
    ) throws(SeedingError) -> CellGenerator {
        if let value = node["value"] { return try plain(value, column) }
        if let weighted = node["weighted"] { return try self.weighted(weighted, column, isUnique, key) }
        if let picked = node["pick"] { return try pick(picked, column, isUnique, key) }
        if let pattern = node["pattern"] {
            guard
                let generator = PatternGenerator(try pattern.requireText("pattern", file), isUnique: isUnique, key: key)
            else {
                throw pattern.problem(
                    file,
                    "this pattern cannot be made texts of",
                    hint: "characters, classes, groups, | and * + ? {n,m} can"
                )
            }
            return generator
        }
        if let template = node["template"] ?? node["from"] { return try self.template(template, isUnique) }
        if let sequence = node["sequence"] {
            return SequenceGenerator(
                start: sequence.text == "true" ? 1 : try sequence.requireInt("sequence", file),
                step: try node["step"].map { node throws(SeedingError) in try node.requireInt("step", file) } ?? 1
            )
        }
        if let chance = node["chance"] {
            return BooleanGenerator(share: try chance.requireShare("chance", file), key: key)
        }
        if let bell = node["lognormal"] { return try self.bell(bell, node, column, isLog: true, key) }
        if let bell = node["normal"] { return try self.bell(bell, node, column, isLog: false, key) }
        if let between = node["between"] { return try self.between(between, node, column, isUnique, key) }
        if let after = node["after"] { return try self.after(after, node, column, key) }
        if let cases = node["case"] { return try self.cases(cases, node["else"], column) }
        if node["when"] != nil {
            guard let choice = inference.choose(column, isUnique: isUnique) else {
                throw node.problem(file, "there is no generator for \(column.name)")
            }
            return choice.generator
        }
        throw node.problem(file, "this says nothing of the values of \(column.name)")
    }

    private func plain(_ node: SeedNode, _ column: SeedCatalog.Column) throws(SeedingError) -> CellGenerator {
        ConstantGenerator(
            try ValueText.text(
                node,
                for: column,
                composites: [:],
                isText: false,
                place: FilePlace(file, line: node.line)
            )
        )
    }

    private func weighted(
        _ node: SeedNode,
        _ column: SeedCatalog.Column,
        _ isUnique: Bool,
        _ key: UInt64
    ) throws(SeedingError) -> CellGenerator {
        var weights: [Double] = []
        var texts: [String?] = []
        for member in try node.requireMembers("weighted", file) {
            let text = member.value.text.map { $0.hasSuffix("%") ? String($0.dropLast()) : $0 } ?? ""
            guard let weight = Double(text), weight >= 0 else {
                throw member.value.problem(file, "the weight of \(member.key) is no number")
            }
            weights.append(weight)
            texts.append(["null", "~"].contains(member.key) ? nil : member.key)
        }
        guard weights.contains(where: { $0 > 0 }) else { throw node.problem(file, "no weight is above 0") }
        return ChoiceGenerator(texts, weights: weights, name: "weighted:", key: key, isUnique: isUnique)
    }

    private func pick(
        _ node: SeedNode,
        _ column: SeedCatalog.Column,
        _ isUnique: Bool,
        _ key: UInt64
    ) throws(SeedingError) -> CellGenerator {
        var texts: [String?] = []
        if let elements = node.elements {
            for element in elements {
                texts.append(
                    try ValueText.text(
                        element,
                        for: column,
                        composites: [:],
                        isText: false,
                        place: FilePlace(file, line: element.line)
                    )
                )
            }
        } else {
            // The lines of a file beside this one.
            let name = try (node["file"] ?? node).requireText("pick", file)
            let folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
            let path = name.hasPrefix("/") ? name : folder + name
            let text = try SeedFolder.text(SeedFolder.contents(path), path: path)
            texts = text.split(whereSeparator: \.isNewline).map { String($0) }
        }
        guard !texts.isEmpty else { throw node.problem(file, "there is nothing to pick from") }
        return ChoiceGenerator(texts, name: "picked of", key: key, isUnique: isUnique)
    }

    /// `{first_name}.{last_name}@example.com`: columns as addresses have them; `{=name}` as it is; `{n}` the row's number.
    private func template(_ node: SeedNode, _ isUnique: Bool) throws(SeedingError) -> CellGenerator {
        let text = try node.requireText("template", file)
        var parts: [TemplateGenerator.Part] = []
        var rest = text[...]
        var hasNumber = false
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            if open > rest.startIndex { parts.append(.text(escaped(rest[..<open]))) }
            let name = String(rest[rest.index(after: open)..<close])
            rest = rest[rest.index(after: close)...]
            if name == "n" || name == "row" {
                parts.append(.number)
                hasNumber = true
                continue
            }
            let bare = name.hasPrefix("=") ? String(name.dropFirst()) : name
            guard let generator = inference.chosen[bare] else {
                throw node.problem(
                    file,
                    "the template names \(bare), which is no generated column",
                    hint: "columns in braces, {n} for the row's number"
                )
            }
            hasNumber = hasNumber || generator.isUnique
            parts.append(
                name.hasPrefix("=") || text.hasPrefix("{") && !text.contains("@") && !text.contains("/")
                    ? .column(generator) : .slug(generator)
            )
        }
        if !rest.isEmpty { parts.append(.text(escaped(rest))) }
        if isUnique, !hasNumber {
            // Before the last @, where there is one: an address stays one.
            let place = parts.lastIndex { part in
                if case .text(let bytes) = part { bytes.first == UInt8(ascii: "@") } else { false }
            }
            parts.insert(.number, at: place ?? parts.count)
        }
        return TemplateGenerator(parts, name: "template \(text)")
    }

    private func escaped(_ text: Substring) -> [UInt8] {
        var buffer = CopyBuffer(capacity: 64)
        buffer.append(value: String(text))
        return buffer.bytes()
    }

    private func bell(
        _ node: SeedNode,
        _ outer: SeedNode,
        _ column: SeedCatalog.Column,
        isLog: Bool,
        _ key: UInt64
    ) throws(SeedingError) -> CellGenerator {
        func number(_ name: String) throws(SeedingError) -> Double? {
            guard let value = node[name] ?? outer[name] else { return nil }
            return try value.requireDouble(name, file)
        }
        let scale = Int(try number("round") ?? Double(GeneratorInference.limits(column).scale))
        let limits = GeneratorInference.limits(column).range
        let low = max(try number("min") ?? (isLog ? 0 : limits.lowerBound), limits.lowerBound)
        let high = min(try number("max") ?? limits.upperBound, limits.upperBound)
        guard low <= high, (0...9).contains(scale) else { throw node.problem(file, "min, max or round make no range") }
        var (mean, deviation) = (try number("mean") ?? 0, try number("sd") ?? 1)
        if isLog {
            let median = try number("median") ?? 1
            guard median > 0 else { throw node.problem(file, "the median of lognormal must be above 0") }
            mean = Curve.log(median)
            if let p99 = try number("p99") {
                guard p99 > median else { throw node.problem(file, "p99 must be above the median") }
                deviation = (Curve.log(p99) - mean) / 2.3263478740408408
            }
        }
        return BellGenerator(
            mean: mean,
            deviation: deviation,
            isLog: isLog,
            bounds: low...min(high, 9e15),
            scale: scale,
            key: key
        )
    }

    private func between(
        _ node: SeedNode,
        _ outer: SeedNode,
        _ column: SeedCatalog.Column,
        _ isUnique: Bool,
        _ key: UInt64
    ) throws(SeedingError) -> CellGenerator {
        guard let bounds = node.elements, bounds.count == 2 else {
            throw node.problem(file, "between takes two bounds", hint: "such as [1, 100] or [-2y, now]")
        }
        let grows = outer["shape"]?.text == "growth"
        if let text = outer["shape"]?.text, !["growth", "even"].contains(text) {
            throw node.problem(file, "the shape is growth or even")
        }
        if ["timestamptz", "timestamp", "date"].contains(column.typeName) {
            let times = bounds.compactMap { $0.text }.compactMap { TimeText.time($0, now: inference.now) }
            guard times.count == 2, times[0] <= times[1] else {
                throw node.problem(
                    file,
                    "between names no two times in order",
                    hint: "such as [-2y, now] or [2026-01-01, 2026-06-30]"
                )
            }
            return TimeGenerator(
                times[0]...times[1],
                form: GeneratorInference.form(column),
                grows: grows,
                isUnique: isUnique,
                key: key
            )
        }
        let (low, high) = (try bounds[0].requireDouble("between", file), try bounds[1].requireDouble("between", file))
        guard low <= high else { throw node.problem(file, "between names its bounds in the wrong order") }
        let scale =
            try outer["round"].map { node throws(SeedingError) in try node.requireInt("round", file) }
            ?? GeneratorInference.limits(column).scale
        guard (0...9).contains(scale), max(abs(low), abs(high)) * Curve.power(10, Double(scale)) < 9e18 else {
            throw node.problem(file, "the range is too large")
        }
        let power = Curve.power(10, Double(scale))
        return NumberGenerator(
            Int((low * power).rounded(.up))...max(Int((low * power).rounded(.up)), Int((high * power).rounded(.down))),
            scale: scale,
            key: key,
            isUnique: isUnique
        )
    }

    private func after(
        _ node: SeedNode,
        _ outer: SeedNode,
        _ column: SeedCatalog.Column,
        _ key: UInt64
    ) throws(SeedingError) -> CellGenerator {
        let name = try node.requireText("after", file)
        let within =
            try outer["within"].map { node throws(SeedingError) in try node.requireSpan("within", file) } ?? 30
            * Calendar.day
        let least =
            try outer["at_least"].map { node throws(SeedingError) in try node.requireSpan("at_least", file) } ?? 0
        let form = GeneratorInference.form(column)
        let parts = name.split(separator: ".").map(String.init)
        if parts.count >= 2 {
            let table = parts[parts.count - 2]
            guard let reference = parentIndex[table] else {
                throw node.problem(file, "\(table) is no table that this one refers to")
            }
            let pool = reference.pool
            return AfterGenerator(
                { pool.micros(parts[parts.count - 1], reference.index($0)) },
                within: within,
                least: least,
                limit: inference.now,
                form: form,
                key: key
            )
        }
        guard let base = inference.chosen[name] else {
            throw node.problem(file, "\(name) is no generated column of this table")
        }
        return AfterGenerator(
            { base.micros($0) },
            within: within,
            least: least,
            limit: inference.now,
            form: form,
            key: key
        )
    }

    private func cases(
        _ node: SeedNode,
        _ otherwise: SeedNode?,
        _ column: SeedCatalog.Column
    ) throws(SeedingError) -> CellGenerator {
        var branches: [CaseGenerator.Branch] = []
        for member in try node.requireMembers("case", file) {
            branches.append(
                CaseGenerator.Branch(
                    condition: try condition(member.key, member.value),
                    generator: try inner(member.value, column)
                )
            )
        }
        let last = try otherwise.map { node throws(SeedingError) in try inner(node, column) } ?? ConstantGenerator(nil)
        return CaseGenerator(branches, otherwise: last, name: "by other columns")
    }

    private func inner(_ node: SeedNode, _ column: SeedCatalog.Column) throws(SeedingError) -> CellGenerator {
        guard case .generator(let generator, let nulls) = try read(node, column) else {
            throw node.problem(file, "an expression cannot stand inside case")
        }
        guard let nulls, nulls > 0 else { return generator }
        return NullableGenerator(generator, share: nulls, key: inference.key(column.name))
    }

    private func condition(_ text: String, _ node: SeedNode) throws(SeedingError) -> RowCondition {
        let match = text.wholeMatch(
            of: #/\s*([\p{L}_][\p{L}\p{N}_]*)\s*(=|!=|<>|\bis not\b|\bis\b|\bnot in\b|\bin\b)\s*(.*?)\s*/#
        )
        guard let match else {
            throw node.problem(
                file,
                "the condition cannot be read",
                hint: "write status = paid, status in (a, b), paid_at is null, or with != and not"
            )
        }
        let name = String(match.1)
        guard let generator = inference.chosen[name] else {
            throw node.problem(file, "\(name) is no generated column of this table, or comes after this one")
        }
        let isNegated = ["!=", "<>", "is not", "not in"].contains(match.2)
        var values: [String?]
        if match.2.hasSuffix("in") {
            values = match.3.drop { $0 == "(" }.split(separator: ",").map { part in
                String(part).replacing(")", with: "").replacing("'", with: "").trimmingBlanks
            }
        } else if match.3.lowercased() == "null" {
            values = [nil]
        } else {
            values = [String(match.3).replacing("'", with: "")]
        }
        // Booleans as COPY has them.
        values += values.compactMap { $0 == "true" ? "t" : $0 == "false" ? "f" : nil }
        return RowCondition(generator, values: values, isNegated: isNegated)
    }

    /// The columns of the same table that a declaration reads.
    static func dependencies(_ node: SeedNode) -> [String] {
        var names: [String] = []
        for member in node.members ?? [] {
            switch member.key {
            case "template", "from":
                names += (member.value.text ?? "").matches(of: #/\{=?([^}]+)\}/#).map { String($0.1) }
            case "after": if let text = member.value.text, !text.contains(".") { names.append(text) }
            case "when": names += condition(member.value.text)
            case "case":
                for branch in member.value.members ?? [] { names += condition(branch.key) + dependencies(branch.value) }
            case "else": names += dependencies(member.value)
            default: break
            }
        }
        return names
    }

    private static func condition(_ text: String?) -> [String] {
        (text ?? "").prefixMatch(of: #/\s*([\p{L}_][\p{L}\p{N}_]*)/#).map { [String($0.1)] } ?? []
    }
}
