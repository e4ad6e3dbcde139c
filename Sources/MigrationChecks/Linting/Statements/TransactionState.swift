internal import Migrations
import SQLText

/// The transaction in which a statement runs.
struct TransactionState: Sendable {
    /// A lock on an object that existed before the file.
    struct Held: Sendable {
        var mode: LockMode
        var kind: ObjectKind
        /// The line of the statement that took the lock.
        var line: Int
    }

    /// Whether the migrator runs the whole file in one transaction.
    private(set) var isWrapped: Bool
    /// The last BEGIN of the file, if it has no COMMIT yet.
    private(set) var begin: SQLStatement?
    /// The locks that earlier statements took in the same transaction.
    private(set) var held: [RelationName: Held] = [:]
    /// The settings that earlier statements made.
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
