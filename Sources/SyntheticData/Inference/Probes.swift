/// Constants in the expressions of constraints. Values near them may satisfy the constraints.
package struct ProbeHints: Sendable {
    package var numbers: [Double] = []
    package var texts: [String] = []
    /// Regular expressions.
    package var patterns: [String] = []

    package init() {}
}

/// The properties of the accepted values of a column.
package struct LearntValues: Sendable {
    /// Numbers as they are; times in microseconds since 1970.
    package var range: ClosedRange<Double>?
    /// Some of the accepted values.
    package var values: [String?]

    package init(range: ClosedRange<Double>?, values: [String?]) {
        self.range = range
        self.values = values
    }
}

extension GeneratorInference {
    /// Values of many forms for a column whose constraints could not be read. The server chooses among them.
    ///
    /// - Parameters:
    ///   - usual: The generator of the column without the constraints.
    ///   - group: A name shared by all columns that are drawn together.
    package func probe(
        _ column: ColumnShape,
        usual: any CellGenerator,
        _ hints: ProbeHints,
        group: String
    ) -> any CellGenerator {
        ProbeGenerator(
            [.generator(usual)] + forms(column, hints),
            isNullable: !column.isNotNull,
            key: CellHash.key(seed: seed, table.name, column.name, "probe"),
            sharedKey: CellHash.key(seed: seed, table.name, group)
        )
    }

    /// The usual values and NULL.
    package func probeNulls(_ column: String, usual: any CellGenerator, group: String) -> any CellGenerator {
        ProbeGenerator(
            [.generator(usual)],
            isNullable: true,
            key: CellHash.key(seed: seed, table.name, column, "probe"),
            sharedKey: CellHash.key(seed: seed, table.name, group)
        )
    }

    /// Values similar to those that were accepted before.
    package func probe(
        _ column: ColumnShape,
        learnt: LearntValues,
        usual: any CellGenerator,
        group: String
    ) -> any CellGenerator {
        var forms: [ProbeGenerator.Form] = []
        if let range = learnt.range { forms += [narrow(column, range), narrow(column, range)].compactMap { $0 } }
        if !learnt.values.isEmpty {
            forms.append(.generator(ChoiceGenerator(learnt.values, key: key(column.name))))
        }
        if forms.isEmpty { return usual }
        return ProbeGenerator(
            forms,
            isNullable: false,
            key: CellHash.key(seed: seed, table.name, column.name, "narrow"),
            sharedKey: CellHash.key(seed: seed, table.name, group)
        )
    }

    private func narrow(_ column: ColumnShape, _ range: ClosedRange<Double>) -> ProbeGenerator.Form? {
        let key = CellHash.key(seed: seed, table.name, column.name, "range")
        switch column.typeName {
        case "timestamptz", "timestamp", "date", "time", "timetz":
            guard abs(range.lowerBound) < 9e18, abs(range.upperBound) < 9e18 else { return nil }
            return .generator(
                TimeGenerator(Int(range.lowerBound)...Int(range.upperBound), form: column.timeForm, key: key)
            )
        case "int2", "int4", "int8", "numeric", "float4", "float8", "money", "oid":
            let scale = column.limits.scale
            let power = Curve.power(10, Double(scale))
            let (low, high) = (range.lowerBound * power, range.upperBound * power)
            guard abs(low) < 9e18, abs(high) < 9e18 else { return nil }
            return .generator(NumberGenerator(Int(low.rounded(.down))...Int(high.rounded(.up)), scale: scale, key: key))
        default: return nil
        }
    }

    private func forms(_ column: ColumnShape, _ hints: ProbeHints) -> [ProbeGenerator.Form] {
        if !column.enumLabels.isEmpty {
            let labels = column.enumLabels
            return [.text { $0.one(of: labels) }]
        }
        if column.isList { return lists(column, hints) }
        switch column.typeName {
        case "int2", "int4", "int8", "numeric", "float4", "float8", "money", "oid": return numbers(column, hints)
        case "text", "varchar", "bpchar", "citext", "name", "char": return texts(column, hints)
        case "timestamptz", "timestamp", "date", "time", "timetz": return times(column, hints)
        case "bool": return [.text { $0.below(2) == 0 ? "t" : "f" }]
        case "interval": return intervals(hints)
        case "bytea": return bytes(hints)
        case "json", "jsonb": return documents(hints)
        case "bit", "varbit": return bits(column)
        case "int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange": return [ranges(column)]
        default:
            // Another draw of the same type.
            return TypeForm.of(column.typeName).map { form in
                [.generator(form.generator(column, now: now, key: CellHash.next(key(column.name))))]
            } ?? []
        }
    }

    private func numbers(_ column: ColumnShape, _ hints: ProbeHints) -> [ProbeGenerator.Form] {
        let (scale, range) = column.limits
        let power = Curve.power(10, Double(scale))
        let write: @Sendable (Double) -> String = { value in
            let clamped = min(max(value, range.lowerBound), range.upperBound)
            let whole = (clamped * power).rounded()
            guard abs(whole) < 9e18 else { return "0" }
            var out = CopyBuffer(capacity: 32)
            NumberGenerator.write(Int(whole), power: Int(power), scale: scale, &out)
            return String(decoding: out.bytes(), as: UTF8.self)
        }
        let sizes: [Double] = [3, 10, 30, 100, 1000, 10_000, 1_000_000, 1_000_000_000]
        var forms: [ProbeGenerator.Form] = [
            .text { draws in
                let size = sizes[draws.common(1, below: sizes.count)]
                let sign = draws.common(2, below: 5) == 0 ? -1.0 : 1
                return write(sign * Double(draws.below(Int(size) * Int(power) + 1)) / power)
            },
            // Values close to the other columns of the candidate.
            .text { draws in
                let size = sizes[draws.common(1, below: sizes.count)]
                let middle = Double(draws.common(3, below: Int(size)))
                return write(middle + Double(draws.below(6)))
            },
        ]
        // The bounds that were read from the constraints. The usual values may be a small part of what is between them.
        let (least, most) = (column.facts.least, column.facts.most)
        if least != nil || most != nil {
            forms.append(
                .text { draws in
                    let size = draws.one(of: [1000, 1_000_000, 1_000_000_000] as [Double])
                    let low = least ?? (most ?? 0) - size
                    let high = min(most ?? .infinity, range.upperBound)
                    let width = max(0, min(size, high - low))
                    return write(low + Double(draws.below(Int(width * power) + 1)) / power)
                }
            )
        }
        let mentioned = hints.numbers.filter { range.contains($0) }
        if !mentioned.isEmpty {
            forms.append(
                .text { draws in
                    let number = draws.one(of: mentioned)
                    let width = draws.one(of: [0, 1, 10, 1000])
                    return write(number + Double(draws.below(2 * width + 1) - width))
                }
            )
            // Multiples of the constants, plus a constant, for conditions on remainders.
            forms.append(
                .text { draws in
                    write(draws.one(of: mentioned) * Double(draws.below(1000)) + draws.one(of: [0] + mentioned))
                }
            )
        }
        return forms
    }

    private func times(_ column: ColumnShape, _ hints: ProbeHints) -> [ProbeGenerator.Form] {
        let form = column.timeForm
        let now = now
        let write: @Sendable (Int) -> String = { micros in
            var out = CopyBuffer(capacity: 48)
            form.write(micros, &out)
            return String(decoding: out.bytes(), as: UTF8.self)
        }
        let spans = [1, 60, 3600, 86_400, 30 * 86_400, 365 * 86_400].map { $0 * 1_000_000 }
        let isOfDay = form == .time || form == .timetz
        var anchors = hints.texts.compactMap { Calendar.time($0) }
        if isOfDay { anchors = anchors.map { $0 - Calendar.floor($0, Calendar.day) * Calendar.day } }
        let mentioned = anchors
        return [
            .text { draws in
                let span = spans[draws.common(1, below: spans.count)]
                let anchor: Int
                if isOfDay {
                    anchor = draws.common(4, below: 86_400) * 1_000_000
                } else if !mentioned.isEmpty, draws.common(5, below: 2) == 0 {
                    anchor = mentioned[draws.common(6, below: mentioned.count)]
                } else {
                    anchor = now - draws.common(4, below: 730 * 86_400) * 1_000_000
                }
                let offset = (draws.below(2 * span / form.step + 1) - span / form.step) * form.step
                let micros = anchor + offset
                return write(isOfDay ? micros - Calendar.floor(micros, Calendar.day) * Calendar.day : micros)
            }
        ]
    }

    /// Ranges of many lengths.
    private func ranges(_ column: ColumnShape) -> ProbeGenerator.Form {
        let form: TimeForm? =
            switch column.typeName {
            case "daterange": .date
            case "tsrange": .timestamp
            case "tstzrange": .timestamptz
            default: nil
            }
        guard let form else {
            return .text { draws in
                let low = draws.below(draws.one(of: [10, 1000, 1_000_000]))
                return "[\(low),\(low + 1 + draws.below(draws.one(of: [3, 10, 100, 10_000]))))"
            }
        }
        let now = now
        let write: @Sendable (Int) -> String = { micros in
            var out = CopyBuffer(capacity: 48)
            form.write(micros, &out)
            return "\"\(String(decoding: out.bytes(), as: UTF8.self))\""
        }
        // From minutes to years, in whole minutes or days.
        let units = [60, 3600, 86_400].map { $0 * 1_000_000 }.filter { $0 >= form.step }
        return .text { draws in
            let unit = draws.one(of: units)
            let low = now - draws.below(730 * 24 * 60) * 60_000_000
            return "[\(write(low)),\(write(low + (1 + draws.below(draws.one(of: [10, 60, 400]))) * unit)))"
        }
    }

    private func intervals(_ hints: ProbeHints) -> [ProbeGenerator.Form] {
        let units = ["seconds", "minutes", "hours", "days", "months", "years"]
        var forms: [ProbeGenerator.Form] = [
            .text { draws in "\(draws.below(60)) \(units[draws.common(1, below: units.count)])" },
            .text { draws in "\(draws.one(of: [-1, 1]) * draws.below(100)) \(draws.one(of: units))" },
        ]
        let texts = hints.texts.filter { $0.contains { $0.isNumber } && Calendar.time($0) == nil }
        if !texts.isEmpty { forms.append(.text { $0.one(of: texts) }) }
        return forms
    }

    private func bytes(_ hints: ProbeHints) -> [ProbeGenerator.Form] {
        let lengths = Self.lengths(hints)
        return [
            .text { draws in
                "\\x" + (0..<draws.one(of: lengths)).map { _ in FormGenerator.hex(draws.below(256)) }.joined()
            }
        ]
    }

    private func bits(_ column: ColumnShape) -> [ProbeGenerator.Form] {
        let length = column.size?.first ?? 1
        let isFixed = column.typeName == "bit"
        return [
            .text { draws in
                (0..<(isFixed ? length : draws.below(length + 1))).map { _ in draws.below(2) == 0 ? "0" : "1" }.joined()
            }
        ]
    }

    /// Possible lengths: those that the constraints mention, and common ones.
    private static func lengths(_ hints: ProbeHints) -> [Int] {
        let mentioned = hints.numbers.filter { (0...5000).contains($0) }.flatMap {
            [Int($0), Int($0) + 1, Int($0) - 1]
        }
        return mentioned.filter { $0 >= 0 } + mentioned.filter { $0 >= 0 } + [
            0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 40, 64,
        ]
    }
}

extension GeneratorInference {
    private func texts(_ column: ColumnShape, _ hints: ProbeHints) -> [ProbeGenerator.Form] {
        let words = WordLists.list(.words, locale)
        let most = min(column.lengthMost, 10_000)
        let alphabets = [
            "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789", "0123456789abcdef",
            "abcdefghijklmnopqrstuvwxyz0123456789", "abcdefghijklmnopqrstuvwxyz0123456789_",
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
        ].map { Array($0) }
        let lengths = Self.lengths(hints)
        let cut: @Sendable (String) -> String = { $0.count > most ? String($0.prefix(most)) : $0 }
        var forms: [ProbeGenerator.Form] = [
            .text { draws in
                let alphabet = draws.one(of: alphabets)
                return cut(String((0..<min(most, draws.one(of: lengths))).map { _ in draws.one(of: alphabet) }))
            },
            .text { draws in
                let word = words.word(draws.below(words.count))
                let slug = words.slug(draws.below(words.count))
                let number = draws.below(1000)
                switch draws.below(14) {
                case 0: return cut("\(slug)\(number)@example.com")
                case 1: return cut("https://example.com/\(slug)/\(number)")
                case 2: return cut("/\(slug)/\(number)")
                case 3: return cut("\(number % 10).\(number / 10 % 10).\(number / 100)")
                case 4: return cut("text/\(slug)")
                case 5: return cut("#\(FormGenerator.hex(number % 256))\(FormGenerator.hex(draws.below(256)))00")
                case 6: return cut("+1555\(1_000_000 + number)")
                case 7: return cut(["en", "de", "en-US", "de-DE", "ja"][number % 5])
                case 8: return cut("\(slug).example.com")
                case 9: return cut("{\"\(slug)\": \(number)}")
                case 10: return cut(slug)
                case 11: return cut(word.uppercased())
                case 12: return cut("\(slug)_\(number)")
                default: return cut("192.0.2.\(number % 256)")
                }
            },
        ]
        let mentioned = hints.texts.filter { $0.count <= most }
        if !mentioned.isEmpty {
            forms.append(.text { $0.one(of: mentioned) })
            forms.append(
                .text { draws in
                    let text = draws.one(of: mentioned)
                    let slug = words.slug(draws.below(words.count))
                    let other = words.slug(draws.below(words.count))
                    switch draws.below(5) {
                    case 0: return cut(text + slug)
                    case 1: return cut(slug + text)
                    case 2: return cut(slug + text + other)
                    case 3: return cut(text.uppercased())
                    default: return cut(text.lowercased())
                    }
                }
            )
        }
        for pattern in hints.patterns {
            let key = CellHash.key(seed: seed, table.name, column.name, pattern)
            if let generator = PatternGenerator(pattern, key: key) {
                forms += [.generator(generator), .generator(generator)]
            }
        }
        return forms
    }

    private func documents(_ hints: ProbeHints) -> [ProbeGenerator.Form] {
        let words = WordLists.list(.words, "en")
        let keys = hints.texts.filter { !$0.isEmpty && $0.count < 64 }.map { text in
            String(text.unicodeScalars.filter { $0 != "\"" && $0 != "\\" && $0.value >= 0x20 })
        }
        let value: @Sendable (inout ProbeGenerator.Draws) -> String = { draws in
            switch draws.below(7) {
            case 0: "\(draws.below(100))"
            case 1: "\"\(words.slug(draws.below(words.count)))\""
            case 2: "true"
            case 3: "[]"
            case 4: "{}"
            case 5: keys.isEmpty ? "null" : "\"\(draws.one(of: keys))\""
            default: "[\"\(words.slug(draws.below(words.count)))\"]"
            }
        }
        var forms: [ProbeGenerator.Form] = [.text(value)]
        if !keys.isEmpty {
            forms.append(
                .text { draws in
                    var members: [String] = []
                    for key in Set(keys).sorted() where draws.below(3) > 0 {
                        members.append("\"\(key)\": \(value(&draws))")
                    }
                    return "{\(members.joined(separator: ", "))}"
                }
            )
        }
        return forms
    }

    private func lists(_ column: ColumnShape, _ hints: ProbeHints) -> [ProbeGenerator.Form] {
        var element = column.element
        element.isNotNull = true
        guard let usual = typed(element, false)?.generator else { return [.text { _ in "{}" }] }
        let inner = probe(element, usual: usual, hints, group: "elements")
        let counts = hints.numbers.filter { (0...100).contains($0) }.map { Int($0) }
        let key = CellHash.key(seed: seed, table.name, column.name, "lists")
        let most = (counts.max() ?? 0) + 3
        return [
            .generator(ArrayGenerator(inner, counts: 0...1, key: key)),
            .generator(ArrayGenerator(inner, counts: 1...max(2, most), key: CellHash.next(key))),
        ]
    }
}
