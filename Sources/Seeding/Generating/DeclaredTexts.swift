internal import Project
internal import SyntheticData

extension DeclaredGenerators {
    func plain(_ node: SeedNode, _ column: SeedCatalog.Column) throws(SeedingError) -> any CellGenerator {
        ConstantGenerator(try ValueText.plain(node, for: column, file: file))
    }

    func weighted(
        _ node: SeedNode,
        _ column: SeedCatalog.Column,
        _ isUnique: Bool,
        _ key: UInt64
    ) throws(SeedingError) -> any CellGenerator {
        var weights: [Double] = []
        var texts: [String?] = []
        for member in try node.requireMembers("weighted", file) {
            let text = member.value.text.map { $0.hasSuffix("%") ? String($0.dropLast()) : $0 } ?? ""
            guard let weight = Double(text), weight >= 0 else {
                throw member.value.problem(file, "the weight of \(member.key) is not a number")
            }
            weights.append(weight)
            texts.append(["null", "~"].contains(member.key) ? nil : member.key)
        }
        guard weights.contains(where: { $0 > 0 }) else { throw node.problem(file, "no weight is above 0") }
        return ChoiceGenerator(texts, weights: weights, name: "weighted:", key: key, isUnique: isUnique)
    }

    func pick(
        _ node: SeedNode,
        _ column: SeedCatalog.Column,
        _ isUnique: Bool,
        _ key: UInt64
    ) throws(SeedingError) -> any CellGenerator {
        var texts: [String?] = []
        if let elements = node.elements {
            for element in elements { texts.append(try ValueText.plain(element, for: column, file: file)) }
        } else {
            // The lines of a file in the same folder.
            let name = try (node["file"] ?? node).requireText("pick", file)
            let folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
            let path = name.hasPrefix("/") ? name : folder + name
            let text = try SeedFolder.text(SeedFolder.contents(path), path: path)
            texts = text.split(whereSeparator: \.isNewline).map { String($0) }
        }
        guard !texts.isEmpty else { throw node.problem(file, "the list to pick from is empty") }
        return ChoiceGenerator(texts, name: "picked of", key: key, isUnique: isUnique)
    }

    /// A template such as `{first_name}.{last_name}@example.com`. `{name}` inserts a column in a form for addresses,
    /// `{=name}` inserts it unchanged, and `{n}` inserts the number of the row.
    func template(_ node: SeedNode, _ isUnique: Bool) throws(SeedingError) -> any CellGenerator {
        let text = try node.requireText("template", file)
        var parts: [TemplateGenerator.Part] = []
        var rest = text[...]
        var hasNumber = false
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            if open > rest.startIndex { parts.append(.text(CopyBuffer.bytes(of: String(rest[..<open])))) }
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
                    "the template names \(bare), which is not a generated column",
                    hint: "write columns in braces, and {n} for the number of the row"
                )
            }
            hasNumber = hasNumber || generator.isUnique
            parts.append(
                name.hasPrefix("=") || text.hasPrefix("{") && !text.contains("@") && !text.contains("/")
                    ? .column(generator) : .slug(generator)
            )
        }
        if !rest.isEmpty { parts.append(.text(CopyBuffer.bytes(of: String(rest)))) }
        if isUnique, !hasNumber {
            // The number goes before the last @, so that an address stays valid.
            let place = parts.lastIndex { part in
                if case .text(let bytes) = part { bytes.first == UInt8(ascii: "@") } else { false }
            }
            parts.insert(.number, at: place ?? parts.count)
        }
        return TemplateGenerator(parts, name: "template \(text)")
    }
}
