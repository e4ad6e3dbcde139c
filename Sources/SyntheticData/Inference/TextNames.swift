extension GeneratorInference {
    func textNamed(_ name: String, _ column: ColumnShape, _ isUnique: Bool) -> Choice? {
        guard let rule = TextRule.all.first(where: { $0.applies(to: name, column, of: table) }),
            rule.canBeUnique || !isUnique, let generator = generator(rule, column, isUnique)
        else { return nil }
        return Choice(generator: generator, reason: "named like \(rule.what)", nulls: rule.nulls)
    }

    private func generator(_ rule: TextRule, _ column: ColumnShape, _ isUnique: Bool) -> (any CellGenerator)? {
        let key = key(column.name)
        func template(_ parts: [TextRule.Part]) -> any CellGenerator {
            TemplateGenerator(parts.map { part($0, key, column) }, name: rule.what, bytesMax: column.lengthMost)
        }
        switch rule.values {
        case .words(let kind):
            return isUnique ? template([.word(kind), .text(" "), .number]) : words(kind, column.name)
        case .oneOf(let values): return ChoiceGenerator(values, key: key, isUnique: isUnique)
        case .template(let parts, let more): return template(isUnique ? parts + more : parts)
        case .digits(let form):
            return PatternGenerator(Self.pattern(digits: form(WordLists.locale(locale))), isUnique: isUnique, key: key)
        case .sentence(let count, let isWhole): return text(column, count, isSentence: isWhole, isUnique)
        case .personName: return personName(rule, column, isUnique)
        case .uuid: return UUIDGenerator(key: key)
        case .secret: return secret(column)
        case .internetAddress: return FormGenerator("address", key: key) { "192.0.2.\($0.below(256))" }
        }
    }

    private func part(_ part: TextRule.Part, _ key: UInt64, _ column: ColumnShape) -> TemplateGenerator.Part {
        switch part {
        case .text(let text): .text(Array(text.utf8))
        case .slugOf(let name): .slug(person(name))
        case .slug(let kind): .slug(words(kind, column.name))
        case .word(let kind): .column(words(kind, column.name))
        case .oneOf(let texts): .choice(texts.map { Array($0.utf8) }, CellHash.next(key))
        case .number: .number
        case .tableLetters: .text(Array(String(table.bareName.prefix(2)).uppercased().utf8))
        }
    }

    private func words(_ kind: WordLists.Kind, _ column: String) -> WordGenerator {
        WordGenerator(WordLists.list(kind, locale), name: kind.rawValue, key: key(column))
    }

    /// The first or last name in another column of the row. If there is none, the name that such a column would have.
    private func person(_ name: TextRule.Name) -> any CellGenerator {
        name.columns.lazy.compactMap { chosen[$0] }.first ?? words(name.kind, "\(name.rawValue)_name")
    }

    private func personName(_ rule: TextRule, _ column: ColumnShape, _ isUnique: Bool) -> any CellGenerator {
        let isFamilyFirst = WordLists.locale(locale).isFamilyFirst
        var parts: [TemplateGenerator.Part] = [
            .column(person(isFamilyFirst ? .last : .first)), .text(Array(" ".utf8)),
            .column(person(isFamilyFirst ? .first : .last)),
        ]
        if isUnique { parts += [.text(Array(" ".utf8)), .number] }
        return TemplateGenerator(parts, name: rule.what, bytesMax: column.lengthMost)
    }

    private func secret(_ column: ColumnShape) -> any CellGenerator {
        let most = column.lengthMost
        return FormGenerator("hexadecimal digits", isUnique: true, key: key(column.name)) { draws in
            // The row's number makes each value unique.
            let number = String(draws.row.number, radix: 16)
            let digits = (0..<16).map { _ in FormGenerator.hex(draws.below(256)) }.joined()
            return String(digits.prefix(max(0, min(most, 40) - number.utf8.count - 1))) + "f" + number
        }
    }

    private static func pattern(digits: String) -> String {
        digits.map {
            $0 == "#" ? "[0-9]" : $0.isLetter || $0.isNumber || $0 == " " || $0 == "-" ? String($0) : "\\\($0)"
        }.joined()
    }

    /// Whether the values of a text column chosen by name satisfy its constraints. Tests some of them.
    func fits(_ choice: Choice, _ column: ColumnShape, _ isUnique: Bool) -> Bool {
        if isUnique, !choice.generator.isUnique { return false }
        let source = column.facts.pattern ?? column.facts.like.map(Self.expression(like:))
        let regex = source.map { try? Regex($0) }
        if case .some(.none) = regex { return false }
        for number in 0..<100 {
            // Some large numbers are included, because they make unique texts longer.
            let place = number < 90 ? number : number * 11_111
            var out = CopyBuffer(capacity: 128)
            choice.generator.write(GeneratedRow(identity: UInt64(place), number: place), &out)
            let text = String(decoding: out.bytes(), as: UTF8.self)
            if text.count > column.lengthMost || text.count < column.lengthLeast { return false }
            if let regex = regex ?? nil, (try? regex.firstMatch(in: text)) == nil { return false }
            if text.utf8.contains(UInt8(ascii: "\\")) { return false }
        }
        return true
    }

    /// A LIKE pattern as a regular expression that matches the same texts.
    private static func expression(like: String) -> String {
        let parts = like.map {
            $0 == "%" ? ".*" : $0 == "_" ? "." : $0.isLetter || $0.isNumber || $0 == "@" ? String($0) : "\\\($0)"
        }
        return "^\(parts.joined())$"
    }
}
