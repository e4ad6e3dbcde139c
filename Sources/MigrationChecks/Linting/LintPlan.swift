/// The enabled rules by kind of statement, so that a statement is checked only by the rules that may apply to it.
struct LintPlan: Sendable {
    private let rules: [LintRule]
    private let everywhere: [Int]
    /// Indices into `rules` in ascending order, including rules for every kind.
    private let byKind: [String: [Int]]

    init(_ names: Set<String>) {
        let rules = LintRules.all.filter { names.contains($0.name) }
        let everywhere = rules.indices.filter { rules[$0].kinds == everyKind }
        self.rules = rules
        self.everywhere = everywhere
        byKind = Dictionary(
            uniqueKeysWithValues: Set(rules.flatMap(\.kinds)).map { kind in
                (kind, rules.indices.filter { rules[$0].kinds.contains(kind) || rules[$0].kinds == everyKind })
            }
        )
    }

    func rules(for context: LintContext) -> [LintRule] {
        var chosen = byKind[context.kind] ?? everywhere
        var seen: [String] = []
        for alteration in context.allAlterations where !seen.contains(alteration.kind) {
            seen.append(alteration.kind)
            if let more = byKind[alteration.kind] { chosen = Self.merged(chosen, more) }
        }
        return chosen.map { rules[$0] }
    }

    /// The union of two ascending lists, in ascending order.
    private static func merged(_ a: [Int], _ b: [Int]) -> [Int] {
        var merged: [Int] = []
        merged.reserveCapacity(a.count + b.count)
        var (i, j) = (0, 0)
        while i < a.count, j < b.count {
            merged.append(min(a[i], b[j]))
            (i, j) = (i + (a[i] <= b[j] ? 1 : 0), j + (b[j] <= a[i] ? 1 : 0))
        }
        return merged + a[i...] + b[j...]
    }
}
