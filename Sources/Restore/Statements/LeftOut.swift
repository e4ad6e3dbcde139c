internal import Archive
internal import Synchronization

/// Something that a restore left out or replaced by the server's own setting.
package struct LeftOut: Sendable, Equatable {
    /// The consequence.
    package enum Effect: String, Sendable, Comparable {
        /// Every object exists; statistics, a tablespace or a setting fell back to the server's own.
        case fallback
        /// An object that holds no rows is missing.
        case missing
        /// A key, a constraint, a unique index, a trigger, or a restriction of access is missing.
        case unprotected

        package static func < (a: Effect, b: Effect) -> Bool { a.rank < b.rank }
        private var rank: Int { self == .fallback ? 0 : self == .missing ? 1 : 2 }
    }

    package var object: String
    package var reason: String
    package var effect: Effect
    /// Objects that could not be created because this one is missing.
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
    /// The missing ones, in the order in which they were found.
    package var missing: [LeftOut] { filter { $0.effect != .fallback } }
    /// Whether the data are less protected than in the backup.
    package var areUnprotected: Bool { contains { $0.effect == .unprotected } }
}

/// Collects what the steps and workers of one restore leave out. A dependent object is listed under the one that it
/// depends on.
final class LeftOutList: Sendable {
    private struct State: Sendable {
        var entries: [LeftOut] = []
        /// The items of an archive that were left out, with the index of their entry.
        var items: [Int: (entry: Int, kind: String)] = [:]
    }

    private let state = Mutex(State())

    var all: [LeftOut] { state.withLock(\.entries) }

    func contains(_ item: Manifest.SchemaItem) -> Bool { state.withLock { $0.items[item.id] != nil } }

    /// Whether one of the items with these numbers was left out.
    func hasLeftOut(anyOf items: [Int]) -> Bool {
        state.withLock { state in items.contains { state.items[$0] != nil } }
    }

    /// - Parameter cause: The object that this one depends on, if that was left out.
    func add(_ object: String, because reason: String, _ effect: LeftOut.Effect, under cause: String? = nil) {
        state.withLock { state in
            let entry = cause.flatMap { cause in state.entries.firstIndex { $0.object == cause } }
            _ = Self.add(object, reason, effect, under: entry, to: &state.entries)
        }
    }

    /// Adds an item of the archive: under an item that it depends on, if that was left out.
    func add(_ item: Manifest.SchemaItem, because reason: String) {
        state.withLock { state in
            let cause = item.dependsOn.compactMap { state.items[$0] }.first
            let effect = item.effectOfAbsence(without: item.dependsOn.compactMap { state.items[$0]?.kind })
            let entry = Self.add(item.titleOfAbsence, reason, effect, under: cause?.entry, to: &state.entries)
            state.items[item.id] = (entry, item.kind)
        }
    }

    /// The same, with an effect that does not follow from the item's kind.
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

    /// Requires that nothing is missing. A restore in place drops the existing objects, so it must not leave out
    /// anything.
    ///
    /// - Throws: `RestoreError.statement` naming everything that is missing. The transaction is then rolled back.
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

// The consequences of leaving out an item of an archive.
extension Manifest.SchemaItem {
    /// Its name for people: `table public.orders`.
    var title: String {
        let place = schema.map { "\($0)." } ?? ""
        return "\(kind.lowercased()) \(place)\(name)"
    }

    /// What is missing without the item. Without its data, a materialized view lacks its rows.
    fileprivate var titleOfAbsence: String {
        guard kind == "MATERIALIZED VIEW DATA" else { return title }
        return "rows of materialized view \(schema.map { "\($0)." } ?? "")\(name)"
    }

    /// Whether without it rows or the position of a sequence are lost, or rows are no longer visible in their parent
    /// table.
    var carriesRows: Bool { ["TABLE", "TABLE ATTACH", "SEQUENCE"].contains(kind) }

    /// - Parameter kinds: The kinds of items that it depends on and that were left out too.
    fileprivate func effectOfAbsence(without kinds: [String]) -> LeftOut.Effect {
        if ["COMMENT", "SECURITY LABEL"].contains(kind), !kinds.isEmpty { return .fallback }
        // If the object itself is missing, nothing is unprotected.
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
