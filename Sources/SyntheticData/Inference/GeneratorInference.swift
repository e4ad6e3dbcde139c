/// Chooses a generator for a column without a declaration: by its constraints, then its name, then its type.
package struct GeneratorInference: Sendable {
    package let table: TableShape
    package let seed: Int
    package let locale: String
    /// Now, in microseconds since 1970.
    package let now: Int
    /// The number of rows, for columns that must be unique.
    package var wanted = 0
    /// The generators chosen so far, by column.
    package var chosen: [String: any CellGenerator] = [:]

    package init(table: TableShape, seed: Int, locale: String, now: Int) {
        self.table = table
        self.seed = seed
        self.locale = locale
        self.now = now
    }

    package struct Choice {
        package var generator: any CellGenerator
        package var reason: String
        /// The share of NULLs in a nullable column.
        package var nulls = 0.1
    }

    /// The key of a column's draws.
    package func key(_ column: String) -> UInt64 { CellHash.key(seed: seed, table.name, column) }

    /// - Returns: nil for a column that should take its default, or for which no generator is known.
    package func choose(_ column: ColumnShape, isUnique: Bool) -> Choice? {
        if column.facts.mustBeNull, !column.isNotNull {
            return Choice(generator: ConstantGenerator(nil), reason: "a constraint wants NULL", nulls: 0)
        }
        if column.isList { return list(column, isUnique) }
        if let listed = listed(column, isUnique) { return listed }
        // If the list for the name has too few values for a unique column, the type decides.
        if let named = named(column, isUnique), !isUnique || named.generator.domain ?? .max >= wanted { return named }
        return typed(column, isUnique)
    }

    /// One of the values listed in an enum or a CHECK.
    private func listed(_ column: ColumnShape, _ isUnique: Bool) -> Choice? {
        let key = key(column.name)
        if !column.enumLabels.isEmpty {
            let labels = column.allowedLabels
            guard !labels.isEmpty else { return nil }
            return Choice(
                generator: ChoiceGenerator(labels, name: "labels of the enum:", key: key, isUnique: isUnique),
                reason: "enum \(column.type)",
                nulls: 0
            )
        }
        let excluded = column.facts.excluded ?? []
        guard let allowed = column.facts.allowed?.filter({ !excluded.contains($0) }), !allowed.isEmpty,
            column.typeName != "bool"
        else { return nil }
        return Choice(
            generator: ChoiceGenerator(allowed, key: key, isUnique: isUnique),
            reason: "the values that a CHECK lists",
            nulls: 0
        )
    }

    private func list(_ column: ColumnShape, _ isUnique: Bool) -> Choice {
        let element = column.element
        let inner = isUnique ? typed(element, true) : named(element, false, isElement: true) ?? typed(element, false)
        guard let inner else {
            return Choice(generator: ConstantGenerator("{}"), reason: "a list of a type without a generator", nulls: 0)
        }
        var least = column.facts.countLeast ?? 0
        // A unique element makes the list unique.
        if isUnique { least = max(1, least) }
        let most = min(isUnique ? least : least + 3, column.facts.countMost ?? .max)
        return Choice(
            generator: ArrayGenerator(
                inner.generator,
                counts: least...max(least, most),
                isUnique: isUnique && inner.generator.isUnique,
                key: key(column.name)
            ),
            reason: "list; each element by \(inner.reason)",
            nulls: 0
        )
    }

    private func named(_ column: ColumnShape, _ isUnique: Bool, isElement: Bool = false) -> Choice? {
        let name = column.name.lowercased()
        switch column.typeName {
        case "text", "varchar", "bpchar", "citext", "name":
            let singular = isElement && name.hasSuffix("s") ? String(name.dropLast()) : name
            return textNamed(singular, column, isUnique).flatMap { fits($0, column, isUnique) ? $0 : nil }
        case "timestamptz", "timestamp", "date":
            // If constraints bound the times, the name is not used.
            let isBound = column.facts.timeLeast != nil || column.facts.timeMost != nil
            return isUnique || isBound ? nil : timeNamed(name, column)
        case "int2", "int4", "int8", "numeric", "float4", "float8": return isUnique ? nil : numberNamed(name, column)
        default: return nil
        }
    }
}

/// Compares the name of a column with the words of a rule.
enum NameMatch {
    /// Whether a name is one of some words, or begins or ends with one: `email`, `home_email`, `email_kind`.
    static func has(_ words: [String], in name: String) -> Bool {
        words.contains { name == $0 || name.hasSuffix("_\($0)") || name.hasPrefix("\($0)_") }
    }
}
