/// What a statement does, as far as its text tells: the objects it touches and the locks it takes on them, the rows it
/// may destroy, whether it fits into a transaction, how risky it is.
///
/// Read from the parse tree alone; the catalog is not asked. So locks on partitions, on tables that reference the one
/// named, and on what a CASCADE reaches are not known, nor is what a function does that the statement calls.
package struct StatementEffects: Sendable, Hashable {
    package internal(set) var transaction: TransactionUse = .fits
    /// Each object once for each action, in the order of the statement, with the strongest lock the action takes.
    package internal(set) var touches: [Touch] = []
    package internal(set) var destruction: [Destruction] = []
    package internal(set) var risk: Risk = .low
    /// The index work outside of any transaction, of which a crash leaves an INVALID index.
    package internal(set) var concurrentIndexWork: ConcurrentIndexWork?
    /// Settings of the session that it changes.
    package internal(set) var settings: [SessionSetting] = []
    /// Whether the parser knew the statement; of others nothing is known, and the risk is medium.
    package internal(set) var isParsed = true

    /// What it drops is made again.
    package mutating func lowerRisk() { risk = .medium }

    /// Without the places in the script, so that statements of the same form have the same effects.
    package var withoutPlaces: StatementEffects {
        var effects = self
        for index in effects.touches.indices { effects.touches[index].offset = nil }
        return effects
    }

    /// The strongest lock on each relation, by schema and name as they are written.
    package var locks: [RelationName: LockMode] {
        touches.reduce(into: [:]) { locks, touch in
            guard let lock = touch.lock else { return }
            locks[touch.relation] = max(locks[touch.relation] ?? lock, lock)
        }
    }
}

/// An object that a statement names, and what happens to it.
package struct Touch: Sendable, Hashable {
    package enum Action: String, Sendable, Hashable {
        case create
        /// The object itself changes, or something that belongs to it: a column, an index, a trigger, a policy.
        case alter
        case rename
        case drop
        case comment
        case grant
        case read
        case insert
        case update
        case delete
        case truncate
        /// A foreign key, a parent table or a sequence's column points at it.
        case reference
        /// LOCK TABLE.
        case lock
        /// VACUUM, ANALYZE, CLUSTER, REINDEX, REFRESH.
        case maintain

        /// Rows are added, changed or removed.
        package var writes: Bool { self == .insert || self == .update || self == .delete || self == .truncate }
    }

    package var kind: ObjectKind
    package var schema: String?
    package var name: String
    package var action: Action
    /// Taken on the object when the statement runs; nil when there is none, or none on relations.
    package var lock: LockMode?
    /// Where the name stands in the script, in bytes; nil where the parser keeps no place.
    package var offset: Int?
    /// It stands in the body of a routine or a rule: it happens when that is called. The lock is what creating it
    /// takes.
    package var isInBody = false
    /// The object came into being in the same script, so that nobody else waits for it.
    package var isNew = false

    package var relation: RelationName { RelationName(schema: schema, name: name) }
}

/// Rows or values that a statement takes away for good.
package struct Destruction: Sendable, Hashable {
    package enum Means: String, Sendable, Hashable {
        /// The object goes, with what it holds.
        case dropping
        /// Rows go.
        case deleting
        /// Values are replaced by others.
        case rewriting
    }

    package var means: Means
    package var kind: ObjectKind
    package var schema: String?
    package var name: String
    /// When only a column is concerned.
    package var column: String?
    /// CASCADE: what depends on it goes too.
    package var cascades = false
    /// A WHERE limits it to some rows.
    package var isConditional = false

    package var relation: RelationName { RelationName(schema: schema, name: name) }
}

/// How much can go wrong. Low: new tables, indexes, constraints, comments, routines, views, privileges. Medium:
/// columns, data, and what cannot be read. High: drops, truncation, changes of type, data without a WHERE.
package enum Risk: String, Sendable, Comparable, CaseIterable {
    case low
    case medium
    case high

    package static func < (a: Risk, b: Risk) -> Bool { a.rank < b.rank }
    private var rank: Int { self == .low ? 0 : self == .medium ? 1 : 2 }
}

/// Whether a statement can run inside a transaction block.
package enum TransactionUse: Sendable, Hashable {
    case fits
    /// The server refuses it there; the reason is a clause that names the command.
    case refusesTransaction(reason: String)
    /// It begins or ends one.
    case controls(TransactionControl)
}

package enum TransactionControl: String, Sendable, Equatable {
    case begin
    case commit
    case rollback
    case prepareTransaction
    case savepoint
    case releaseSavepoint
    case rollbackToSavepoint

    /// It ends or begins a transaction as a whole; savepoints live inside of one.
    package var isOfWholeTransaction: Bool {
        switch self {
        case .begin, .commit, .rollback, .prepareTransaction: true
        case .savepoint, .releaseSavepoint, .rollbackToSavepoint: false
        }
    }
}

/// CREATE INDEX, DROP INDEX or REINDEX with CONCURRENTLY.
package struct ConcurrentIndexWork: Sendable, Hashable {
    package enum Action: String, Sendable, Hashable {
        case create
        case drop
        case reindex
    }

    package var action: Action
    /// nil when the server chooses the name, or a whole table is reindexed.
    package var index: RelationName?
    /// nil when the statement does not name it.
    package var table: RelationName?
    /// IF NOT EXISTS or IF EXISTS.
    package var isConditional = false
}

/// A setting that a statement changes for the session, or with `isLocal` for the transaction.
package struct SessionSetting: Sendable, Hashable {
    /// In lower case; `role` and `session_authorization` too, `all` for RESET ALL and DISCARD ALL.
    package var name: String
    /// As it is written, its parts joined by ", "; nil for RESET and for a value that is no constant.
    package var value: String?
    package var isLocal = false
}
