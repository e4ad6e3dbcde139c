extension GeneratorInference {
    func typed(_ column: ColumnShape, _ isUnique: Bool) -> Choice? {
        let key = key(column.name)
        func byType(_ generator: any CellGenerator) -> Choice {
            Choice(generator: generator, reason: "type \(column.type)")
        }
        switch column.typeName {
        case "int2", "int4", "int8", "numeric", "float4", "float8", "money", "oid":
            return byType(number(column, isUnique, usual: isUnique ? 1...2_000_000_000 : 1...1000))
        case "bool" where isUnique || column.facts.allowed != nil || column.facts.excluded != nil:
            let values = (column.facts.allowed?.map { String($0.prefix(1)) } ?? ["t", "f"]).filter { value in
                column.facts.excluded?.contains { $0.hasPrefix(value) } != true
            }
            guard !values.isEmpty else { return nil }
            let generator = ChoiceGenerator(values, key: key, isUnique: isUnique)
            return Choice(generator: generator, reason: "type boolean", nulls: 0)
        case "bool": return Choice(generator: BooleanGenerator(key: key), reason: "type boolean", nulls: 0)
        case "uuid": return byType(UUIDGenerator(key: key))
        case "text", "varchar", "bpchar", "citext", "name", "char": return text(column, isUnique)
        case "timestamptz", "timestamp", "date", "time", "timetz": return byType(time(column, isUnique))
        case "json", "jsonb": return byType(json(column, isUnique))
        default:
            if isUnique, let unique = TypeForm.unique(column.typeName) ?? TypeForm.of(column.typeName) {
                return byType(unique.generator(column, now: now, key: key))
            }
            return TypeForm.of(column.typeName).map { byType($0.generator(column, now: now, key: key)) }
        }
    }

    /// - Parameter usual: The range if the constraints do not restrict or shift it.
    func number(_ column: ColumnShape, _ isUnique: Bool, usual: ClosedRange<Double>) -> NumberGenerator {
        let (facts, limits) = (column.facts, column.limits)
        let width = usual.upperBound - usual.lowerBound
        var low = facts.least ?? usual.lowerBound
        var high = facts.most ?? max(usual.upperBound, low + width)
        // If the usual range is above the upper bound, uses a range of the same width below the bound.
        if facts.least == nil, low > high - 1 { low = high - width }
        // A type may have no such numbers, such as numeric(3,3).
        if facts.least == nil, low > limits.range.upperBound { low = 0 }
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

    /// A time in the last two years, or after the column that a constraint requires to be earlier.
    private func time(_ column: ColumnShape, _ isUnique: Bool) -> any CellGenerator {
        let form = column.timeForm
        guard let before = column.facts.after.compactMap({ chosen[$0] }).first, !isUnique else {
            return TimeGenerator(times(column, isUnique), form: form, isUnique: isUnique, key: key(column.name))
        }
        return AfterGenerator(
            { before.micros($0) },
            within: 30 * Calendar.day,
            least: form.step,
            limit: .max,
            form: form,
            key: key(column.name)
        )
    }

    /// The last two years, or longer if each row needs a different time. Constraints may limit the range.
    func times(_ column: ColumnShape, _ isUnique: Bool) -> ClosedRange<Int> {
        let form = column.timeForm
        // Rounded up to a value that the type can represent.
        let least = column.facts.timeLeast.map { -Calendar.floor(-$0, form.step) * form.step }
        let most = column.facts.timeMost
        if form == .time || form == .timetz { return (least ?? 0)...max(least ?? 0, most ?? Calendar.day - form.step) }
        let span = isUnique ? max(730 * Calendar.day, wanted * form.step) : 730 * Calendar.day
        if let least { return least...max(least, most ?? max(now, least + span)) }
        if let most { return min(now - span, most - span)...most }
        return (now - span)...now
    }

    private func text(_ column: ColumnShape, _ isUnique: Bool) -> Choice? {
        let (least, most, key) = (column.lengthLeast, column.lengthMost, key(column.name))
        if let pattern = column.facts.pattern ?? column.facts.like.map(PatternGenerator.pattern(like:)) {
            return PatternGenerator(pattern, isUnique: isUnique, key: key).map {
                Choice(generator: $0, reason: "the pattern of a CHECK")
            }
        }
        guard column.typeName == "bpchar" || most <= 12 else {
            let generator = text(column, 2...4, isSentence: false, isUnique)
            return Choice(generator: generator, reason: "type \(column.type)")
        }
        let length = column.typeName == "bpchar" ? min(most, 1000) : max(1, min(most, 8))
        // A short unique column needs more letters to have a different text for each row.
        let signs = isUnique && Curve.power(36, Double(length)) < Double(wanted) ? "[a-zA-Z0-9]" : "[a-z0-9]"
        let pattern = "\(signs){\(max(length, min(least, most)))}"
        return PatternGenerator(pattern, isUnique: isUnique, key: key).map {
            Choice(generator: $0, reason: "type \(column.type)")
        }
    }

    func text(
        _ column: ColumnShape,
        _ words: ClosedRange<Int>,
        isSentence: Bool,
        _ isUnique: Bool
    ) -> TextGenerator {
        TextGenerator(
            WordLists.list(.words, locale),
            words: words,
            lengths: column.lengthLeast...max(column.lengthLeast, column.lengthMost),
            separator: WordLists.locale(locale).separator,
            isSentence: isSentence,
            isUnique: isUnique,
            key: key(column.name)
        )
    }

    private func json(_ column: ColumnShape, _ isUnique: Bool) -> any CellGenerator {
        let words = WordLists.list(.words, "en")
        let type = column.facts.jsonType
        return FormGenerator("json", isUnique: isUnique, key: key(column.name)) { draws -> String in
            if isUnique {
                switch type {
                case "array": return "[\(draws.row.number)]"
                case "number": return "\(draws.row.number)"
                case "string": return "\"\(words.slug(draws.below(words.count)))-\(draws.row.number)\""
                default: return "{\"\(words.slug(draws.below(words.count)))\": \(draws.row.number)}"
                }
            }
            return switch type {
            case "array": "[\(draws.below(100)), \(draws.below(100))]"
            case "number": "\(draws.below(1000))"
            case "string": "\"\(words.slug(draws.below(words.count)))\""
            case "boolean": draws.below(2) == 0 ? "true" : "false"
            default: "{\"\(words.slug(draws.below(words.count)))\": \(draws.below(100))}"
            }
        }
    }
}
