internal import Archive
internal import Synchronization

/// Something of a backup that a restore left out, or for which it took something else.
package struct LeftOut: Sendable, Equatable {
    /// What follows from it.
    package enum Effect: String, Sendable, Comparable {
        /// Every object is there: statistics, a tablespace or a setting fell back to the server's own.
        case fallback
        /// An object that holds no rows is missing.
        case missing
        /// A key, a constraint, a unique index or a trigger is missing, or something that restricts access.
        case unprotected

        package static func < (a: Effect, b: Effect) -> Bool { a.rank < b.rank }
        private var rank: Int { self == .fallback ? 0 : self == .missing ? 1 : 2 }
    }

    package var object: String
    package var reason: String
    package var effect: Effect
    /// What could not be made because this is missing.
    package var dependents: [String] = []

    package init(object: String, reason: String, effect: Effect, dependents: [String] = []) {
        self.object = object
        self.reason = reason
        self.effect = effect
        self.dependents = dependents
    }

    package var sentence: String { "left out, because \(reason): \(object)" }
}

extension [LeftOut] {
    /// Those that are missing, in the order in which they were met.
    package var missing: [LeftOut] { filter { $0.effect != .fallback } }
    /// Whether the data would be worse protected than they were.
    package var areUnprotected: Bool { contains { $0.effect == .unprotected } }
}

/// Collects what the steps and workers of one restore leave out. What depends on something that was left out is listed
/// under it.
final class LeftOutList: Sendable {
    private struct State: Sendable {
        var entries: [LeftOut] = []
        /// The items of an archive, with the entry that they are listed in.
        var items: [Int: (entry: Int, kind: String)] = [:]
    }

    private let state = Mutex(State())

    var all: [LeftOut] { state.withLock(\.entries) }

    func contains(_ item: Manifest.SchemaItem) -> Bool { state.withLock { $0.items[item.id] != nil } }

    /// Whether one of the items of these numbers was left out.
    func hasLeftOut(anyOf items: [Int]) -> Bool {
        state.withLock { state in items.contains { state.items[$0] != nil } }
    }

    /// - Parameter cause: The object of an entry that this one depends on.
    func add(_ object: String, because reason: String, _ effect: LeftOut.Effect, under cause: String? = nil) {
        state.withLock { state in
            let entry = cause.flatMap { cause in state.entries.firstIndex { $0.object == cause } }
            _ = Self.add(object, reason, effect, under: entry, to: &state.entries)
        }
    }

    /// An item of the archive, under the one that it needs if that was left out.
    func add(_ item: Manifest.SchemaItem, because reason: String) {
        state.withLock { state in
            let cause = item.dependsOn.compactMap { state.items[$0] }.first
            let effect = item.effectOfAbsence(without: item.dependsOn.compactMap { state.items[$0]?.kind })
            let entry = Self.add(item.titleOfAbsence, reason, effect, under: cause?.entry, to: &state.entries)
            state.items[item.id] = (entry, item.kind)
        }
    }

    /// The same with an effect that does not follow from the item's kind.
    func add(_ item: Manifest.SchemaItem, because reason: String, _ effect: LeftOut.Effect) {
        state.withLock { state in
            let entry = Self.add(item.titleOfAbsence, reason, effect, under: nil, to: &state.entries)
            state.items[item.id] = (entry, item.kind)
        }
    }

    private static func add(
        _ object: String,
        _ reason: String,
        _ effect: LeftOut.Effect,
        under entry: Int?,
        to entries: inout [LeftOut]
    ) -> Int {
        guard let entry else {
            entries.append(LeftOut(object: object, reason: reason, effect: effect))
            return entries.count - 1
        }
        entries[entry].dependents.append(object)
        entries[entry].effect = max(entries[entry].effect, effect)
        return entry
    }

    /// In place nothing may be missing: what is there now would be gone.
    ///
    /// - Throws: `RestoreError.statement` with all that is missing, so that the transaction is rolled back.
    func requireNothingMissing() throws {
        let missing = all.missing
        guard !missing.isEmpty else { return }
        throw RestoreError(
            .statement,
            "nothing was changed, because \(counted(missing.count, "object")) could not be restored: "
                + missing.map { "\($0.object) (\($0.reason))" }.listed(atMost: 20),
            hint: "--keep-going leaves them out of a new database: name one with --into, without --in-place"
        )
    }
}

// What an item of the archive is to those who miss it.
extension Manifest.SchemaItem {
    /// What a person calls it: `table public.orders`.
    var title: String {
        let place = schema.map { "\($0)." } ?? ""
        return "\(kind.lowercased()) \(place)\(name)"
    }

    /// What is missing without it: of a view that was not filled, its rows.
    fileprivate var titleOfAbsence: String {
        guard kind == "MATERIALIZED VIEW DATA" else { return title }
        return "rows of materialized view \(schema.map { "\($0)." } ?? "")\(name)"
    }

    /// Whether rows or a sequence's position are lost without it, or do not show where they did.
    var carriesRows: Bool { ["TABLE", "TABLE ATTACH", "SEQUENCE"].contains(kind) }

    /// - Parameter kinds: Those of the items that it needs and that were left out, too.
    fileprivate func effectOfAbsence(without kinds: [String]) -> LeftOut.Effect {
        if ["COMMENT", "SECURITY LABEL"].contains(kind), !kinds.isEmpty { return .fallback }
        // Where the object itself is missing, nothing of it is unprotected.
        let relations: Set<String> = ["VIEW", "MATERIALIZED VIEW", "FOREIGN TABLE"]
        if kind == "ACL" ? !kinds.isEmpty : kinds.contains(where: relations.contains) { return .missing }
        switch kind {
        case "CONSTRAINT", "CHECK CONSTRAINT", "FK CONSTRAINT", "INDEX ATTACH", "TRIGGER", "EVENT TRIGGER", "RULE",
            "POLICY", "ROW SECURITY", "SECURITY LABEL":
            return .unprotected
        case "INDEX": return sql.hasPrefix("CREATE UNIQUE ") ? .unprotected : .missing
        case "ACL", "DEFAULT ACL":
            return PrivilegeStatements.statements(sql).contains { $0.hasPrefix("REVOKE") || $0.contains(" REVOKE ") }
                ? .unprotected : .missing
        default: return .missing
        }
    }
}
