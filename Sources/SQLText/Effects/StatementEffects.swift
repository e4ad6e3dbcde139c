/// The effects of a statement, as far as its text shows: the objects it touches, its locks, the rows it may destroy,
/// whether it can run in a transaction, its risk.
///
/// It is derived only from the parse tree, without the catalog. So it does not include locks on partitions, locks on
/// tables that refer to the named one, objects that CASCADE reaches, and effects of called functions.
package struct StatementEffects: Sendable, Hashable {
    package internal(set) var transaction: TransactionUse = .fits
    /// Each object once per action, in the order of the statement, with the strongest lock of the action.
    package internal(set) var touches: [Touch] = []
    package internal(set) var destruction: [Destruction] = []
    package internal(set) var risk: Risk = .low
    /// Index work outside any transaction, which leaves an INVALID index after a crash.
    package internal(set) var concurrentIndexWork: ConcurrentIndexWork?
    /// Settings of the session that it changes.
    package internal(set) var settings: [SessionSetting] = []
    /// Whether the parser knows the statement. If not, nothing is known, and the risk is medium.
    package internal(set) var isParsed = true

    /// Lowers the risk because the script creates the dropped object again.
    package mutating func lowerRisk() { risk = .medium }

    /// The effects without positions in the script, so that statements of the same form are equal.
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

/// An object that a statement names, and the action on it.
package struct Touch: Sendable, Hashable {
    package enum Action: String, Sendable, Hashable {
        case create
        /// The object changes, or a part of it: a column, an index, a trigger, a policy.
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
        /// A foreign key, a child table or a sequence's column refers to the object.
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
    /// The lock on the object when the statement runs; nil if there is none, or if the object is not a relation.
    package var lock: LockMode?
    /// The position of the name in the script, in bytes; nil if the parser does not record it.
    package var offset: Int?
    /// Whether the name is in the body of a routine or a rule, so that the action happens when that is called. The lock is
    /// then the one for creating the routine or rule.
    package var isInBody = false
    /// The same script created the object, so no other session waits for it.
    package var isNew = false

    package var relation: RelationName { RelationName(schema: schema, name: name) }
}

/// Rows or values that a statement destroys.
package struct Destruction: Sendable, Hashable {
    package enum Means: String, Sendable, Hashable {
        /// The object is dropped with its content.
        case dropping
        /// Rows are deleted.
        case deleting
        /// Values are overwritten.
        case rewriting
    }

    package var means: Means
    package var kind: ObjectKind
    package var schema: String?
    package var name: String
    /// The column, if only a column is affected.
    package var column: String?
    /// CASCADE: dependent objects are dropped too.
    package var cascades = false
    /// A WHERE limits it to some rows.
    package var isConditional = false

    package var relation: RelationName { RelationName(schema: schema, name: name) }
}

/// How much can go wrong. Low: new tables, indexes, constraints, comments, routines, views, privileges. Medium:
/// columns, data, and statements that cannot be parsed. High: drops, truncation, changes of type, data without a WHERE.
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
    /// The server refuses it inside a transaction. The reason is a clause that names the command.
    case refusesTransaction(reason: String)
    /// It begins or ends a transaction.
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

    /// It begins or ends a whole transaction, not a savepoint.
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
    /// nil if the server chooses the name, or if a whole table is reindexed.
    package var index: RelationName?
    /// nil if the statement does not name it.
    package var table: RelationName?
    /// IF NOT EXISTS or IF EXISTS.
    package var isConditional = false
}

/// A setting that a statement changes for the session, or with `isLocal` for the transaction.
package struct SessionSetting: Sendable, Hashable {
    /// In lower case; `role` and `session_authorization` too, `all` for RESET ALL and DISCARD ALL.
    package var name: String
    /// The value as written, with its parts joined by ", "; nil for RESET and for a value that is not a constant.
    package var value: String?
    package var isLocal = false
}
