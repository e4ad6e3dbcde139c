internal import Project
internal import SyntheticData

extension DeclaredGenerators {
    func cases(
        _ node: SeedNode,
        _ otherwise: SeedNode?,
        _ column: SeedCatalog.Column
    ) throws(SeedingError) -> any CellGenerator {
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

    private func inner(_ node: SeedNode, _ column: SeedCatalog.Column) throws(SeedingError) -> any CellGenerator {
        guard case .generator(let generator, let nulls) = try read(node, column) else {
            throw node.problem(file, "an expression is not possible inside case")
        }
        guard let nulls, nulls > 0 else { return generator }
        return NullableGenerator(generator, share: nulls, key: inference.key(column.name))
    }

    func condition(_ text: String, _ node: SeedNode) throws(SeedingError) -> RowCondition {
        let match = text.wholeMatch(
            of: #/\s*([\p{L}_][\p{L}\p{N}_]*)\s*(=|!=|<>|\bis not\b|\bis\b|\bnot in\b|\bin\b)\s*(.*?)\s*/#
        )
        guard let match else {
            throw node.problem(
                file,
                "the condition is malformed",
                hint: "write status = paid, status in (a, b), paid_at is null, or with != and not"
            )
        }
        let name = String(match.1)
        guard let generator = inference.chosen[name] else {
            throw node.problem(file, "\(name) is not a generated column of this table before this one")
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
        // COPY writes booleans as t and f.
        values += values.compactMap { $0 == "true" ? "t" : $0 == "false" ? "f" : nil }
        return RowCondition(generator, values: values, isNegated: isNegated)
    }

    /// The columns of the same table that a declaration refers to.
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

    /// The tables whose columns a declaration refers to, as written.
    static func parents(_ node: SeedNode) -> [String] {
        (node.members ?? []).flatMap { member in
            switch member.key {
            case "after":
                return member.value.text.flatMap { text in text.lastIndex(of: ".").map { [String(text[..<$0])] } } ?? []
            case "case": return (member.value.members ?? []).flatMap { parents($0.value) }
            case "else": return parents(member.value)
            default: return []
            }
        }
    }

    private static func condition(_ text: String?) -> [String] {
        (text ?? "").prefixMatch(of: #/\s*([\p{L}_][\p{L}\p{N}_]*)/#).map { [String($0.1)] } ?? []
    }
}
