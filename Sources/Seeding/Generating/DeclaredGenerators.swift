internal import Project
internal import SyntheticData

/// Reads the declaration of a column in `columns:`.
struct DeclaredGenerators {
    let inference: GeneratorInference
    let file: String
    /// The references to other tables, by the name of the parent with and without its schema.
    let parents: [String: ReferenceGenerator]

    enum Outcome {
        case generator(any CellGenerator, nulls: Double?)
        case expression(String)
        /// Only options such as `unique` or `null`: the generator is chosen by inference.
        case options(isUnique: Bool, nulls: Double?)
        /// The column is omitted, so that it gets its default.
        case leftOut
    }

    func read(_ node: SeedNode, _ column: SeedCatalog.Column) throws(SeedingError) -> Outcome {
        if node.tag == "sql" { return .expression(try node.requireText("!sql", file)) }
        if let tag = node.tag {
            throw node.problem(file, "the tag !\(tag) is unknown here", hint: "the only tag is !sql")
        }
        if node.isNull { return .generator(ConstantGenerator(nil), nulls: 0) }
        let key = inference.key(column.name)
        guard let members = node.members, column.kind != .json || isDeclaration(node) else {
            if node.text == "default" { return .leftOut }
            return .generator(try plain(node, column), nulls: 0)
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
                    "\(member.key) is unknown",
                    hint: "the options are \(Self.known.sorted().joined(separator: ", "))"
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
    ) throws(SeedingError) -> any CellGenerator {
        if let value = node["value"] { return try plain(value, column) }
        if let weighted = node["weighted"] { return try self.weighted(weighted, column, isUnique, key) }
        if let picked = node["pick"] { return try pick(picked, column, isUnique, key) }
        if let pattern = node["pattern"] {
            guard
                let generator = PatternGenerator(try pattern.requireText("pattern", file), isUnique: isUnique, key: key)
            else {
                throw pattern.problem(
                    file,
                    "no texts can be generated for this pattern",
                    hint: "use characters, classes, groups, | and * + ? {n,m}"
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
            guard let shape = inference.table.column(column.name),
                let choice = inference.choose(shape, isUnique: isUnique)
            else {
                throw node.problem(file, "there is no generator for \(column.name)")
            }
            return choice.generator
        }
        throw node.problem(file, "the declaration does not determine the values of \(column.name)")
    }
}
