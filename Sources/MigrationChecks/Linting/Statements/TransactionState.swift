internal import Migrations
import SQLText

/// The transaction that a statement finds itself in.
struct TransactionState: Sendable {
    /// A lock on something that was there before the file.
    struct Held: Sendable {
        var mode: LockMode
        var kind: ObjectKind
        /// The line of the statement that took it.
        var line: Int
    }

    /// One transaction of the runner's holds the whole file.
    private(set) var isWrapped: Bool
    /// The BEGIN of the file that has no COMMIT yet.
    private(set) var begin: SQLStatement?
    /// The locks that the statements before have taken in the same transaction.
    private(set) var held: [RelationName: Held] = [:]
    /// Settings that the statements before have made.
    private(set) var settings: Set<String> = []

    var isOpen: Bool { isWrapped || begin != nil }

    init(of file: ParsedFile) {
        let refusing = file.effects.refusingTransaction.count
        isWrapped =
            !file.effects.controlsTransaction && file.markers.noTransaction == nil
            && (refusing == 0 || refusing < file.script.statements.count)
    }

    mutating func pass(_ statement: SQLStatement, _ tree: ParseNode, _ effects: StatementEffects) {
        settings.formUnion(effects.settings.filter { $0.value != nil }.map(\.name))
        if case .controls(let control) = effects.transaction {
            guard control.isOfWholeTransaction else { return }
            if control == .begin {
                if begin == nil { begin = statement }
            } else if !tree["chain"].isTrue {
                begin = nil
            }
            held = [:]
            return
        }
        guard isOpen else { return }
        for touch in effects.touches where !touch.isNew && !touch.isInBody && touch.kind.isRelation {
            guard let mode = touch.lock, mode > held[touch.relation]?.mode ?? .accessShare else { continue }
            held[touch.relation] = Held(mode: mode, kind: touch.kind, line: statement.line)
        }
    }
}
