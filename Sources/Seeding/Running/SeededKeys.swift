internal import Project

/// The keys of the rows that seeding has inserted, as stored in the record.
struct SeededKeys {
    let columns: [String]
    private(set) var ours: Set<[String]>
    /// Whether there were more keys than are stored, so that the keys of some rows are unknown.
    private(set) var areTooMany = false

    /// If there are more keys, none are stored: such a table holds data rather than a list.
    static let countMax = 100_000

    init(columns: [String], _ details: String?) {
        self.columns = columns
        ours = []
        guard let details, let text = try? JSONText(Array(details.utf8), path: "details"),
            let names = try? text.root["key"]?.texts(), names == columns
        else { return }
        guard let keys = try? text.root["keys"]?.elements() else {
            areTooMany = true
            return
        }
        ours = Set(keys.compactMap { try? $0.texts() })
    }

    mutating func add(_ keys: some Sequence<[String]>) {
        guard !areTooMany else { return }
        ours.formUnion(keys)
        if ours.count > Self.countMax { giveUp() }
    }

    /// Notes that there are too many keys.
    mutating func giveUp() {
        areTooMany = true
        ours = []
    }

    mutating func remove(_ keys: some Sequence<[String]>) { ours.subtract(keys) }

    /// Starts again, because the rows do not exist any more.
    mutating func forget() {
        areTooMany = false
        ours = []
    }

    /// The details of a table for the record.
    ///
    /// - Parameter before: The existing details. Their entries about generated rows are kept if this run generates
    ///   none.
    static func details(
        _ keys: SeededKeys,
        _ rows: GeneratedRows?,
        asked: Set<AskedConstraint>? = nil,
        state: TableState? = nil,
        before: String?
    ) -> String? {
        var members: [String] = []
        // Without the keys, there were too many.
        if keys.areTooMany || !keys.ours.isEmpty { members.append("\"key\": \(list(keys.columns))") }
        if !keys.ours.isEmpty {
            let sorted = keys.ours.sorted { $0.lexicographicallyPrecedes($1) }
            members.append("\"keys\": [\(sorted.map(list).joined(separator: ", "))]")
        }
        let start = rows.map { $0.start } ?? number("start", in: before)
        if let start { members.append("\"start\": \(start)") }
        let count = rows.map { $0.present } ?? number("generated", in: before)
        if let count { members.append("\"generated\": \(count)") }
        let digest = rows.map { $0.digest } ?? text("generator", in: before)
        if let digest { members.append("\"generator\": \"\(digest)\"") }
        // A later run asks the server about the same constraints, and so generates the same rows.
        let constraints = asked ?? constraints(in: before)
        if !constraints.isEmpty { members.append("\"asked\": \(list(constraints.sorted().map(\.text)))") }
        if let state { members += state.members }
        return members.isEmpty ? nil : "{\(members.joined(separator: ", "))}"
    }

    private static func list(_ texts: [String]) -> String {
        "[\(texts.map { ValueText.quoted($0) }.joined(separator: ", "))]"
    }

    /// The constraints that the server was asked about, from the details of a record.
    static func constraints(in details: String?) -> Set<AskedConstraint> {
        guard let details, let text = try? JSONText(Array(details.utf8), path: "details"),
            let names = try? text.root["asked"]?.texts()
        else { return [] }
        return Set(names.compactMap { AskedConstraint(text: $0) })
    }

    /// A number in the details of a record.
    static func number(_ name: String, in details: String?) -> Int? {
        guard let details, let text = try? JSONText(Array(details.utf8), path: "details") else { return nil }
        return try? text.root[name]?.count()
    }

    /// A text in the details of a record.
    static func text(_ name: String, in details: String?) -> String? {
        guard let details, let text = try? JSONText(Array(details.utf8), path: "details") else { return nil }
        return try? text.root[name]?.text()
    }
}
