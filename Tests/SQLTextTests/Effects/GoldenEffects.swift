import SQLText
import Testing

/// Statements, each with its expected line: the tag, the risk, the objects with their locks, and the losses. This text
/// is easier to read than expectations in Swift, and documents the rules.
enum GoldenEffects {
    struct Golden {
        var statement: String
        var effects: String
    }

    static func read(_ text: String) -> [Golden] {
        var goldens: [Golden] = []
        var statement = ""
        for line in text.split(separator: "\n") {
            guard let arrow = line.firstRange(of: "    → ") else {
                statement = String(line)
                continue
            }
            goldens.append(Golden(statement: statement, effects: String(line[arrow.upperBound...])))
        }
        return goldens
    }
}

@Suite struct GoldenEffectsTests {
    enum Part: CaseIterable {
        case tables
        case objects
        case queries

        var text: String {
            switch self {
            case .tables: GoldenEffects.tables
            case .objects: GoldenEffects.objects
            case .queries: GoldenEffects.queries
            }
        }
    }

    @Test func thereAreEnoughOfThem() {
        let all = Part.allCases.map(\.text).flatMap(GoldenEffects.read)
        #expect(all.count > 250)
        #expect(Set(all.map(\.statement)).count == all.count)
    }

    @Test(arguments: Part.allCases) func everyStatementHasTheEffectsThatAreWrittenBelowIt(_ part: Part) throws {
        for golden in GoldenEffects.read(part.text) {
            let statements = try SQLScript(golden.statement).statements
            #expect(statements.count == 1, "\(golden.statement)")
            let effects = "\(statements[0].tag) | \(text(StatementEffects(of: statements[0])))"
            #expect(effects == golden.effects, "\(golden.statement)")
        }
    }
}
