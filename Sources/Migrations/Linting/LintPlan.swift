/// The rules that are on, by what they look at, so that a statement meets none but those that may have something to say.
struct LintPlan: Sendable {
    private let rules: [LintRule]
    private let everywhere: [Int]
    /// Indices into `rules`, ascending, with those that look at everything.
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
        for kind in context.alterationKinds {
            guard let more = byKind[kind] else { continue }
            chosen = chosen == everywhere ? more : Set(chosen + more).sorted()
        }
        return chosen.map { rules[$0] }
    }
}
