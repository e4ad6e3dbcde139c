internal import Project

/// The keys of rows that seeding has inserted, as the record keeps them.
struct SeededKeys {
    let columns: [String]
    var ours: Set<[String]>
    /// Of this run.
    var listed: Set<[String]> = []

    /// More than this is not kept: such tables are data and no lists.
    static let countMax = 100_000

    init(columns: [String], _ details: String?) {
        self.columns = columns
        ours = []
        guard let details, let text = try? JSONText(Array(details.utf8), path: "details"),
            let names = try? text.root["key"]?.texts(), names == columns, let keys = try? text.root["keys"]?.elements()
        else { return }
        ours = Set(keys.compactMap { try? $0.texts() })
    }

    /// The record of a table.
    ///
    /// - Parameter before: The present record. Its entries about generated rows are kept if this run generates none.
    static func details(
        _ keys: SeededKeys?,
        _ rows: GeneratedRows?,
        asked: Set<AskedConstraint>? = nil,
        before: String?
    ) -> String? {
        var members: [String] = []
        if let keys, !keys.ours.isEmpty, keys.ours.count <= countMax {
            let sorted = keys.ours.sorted { $0.lexicographicallyPrecedes($1) }
            members.append("\"key\": \(list(keys.columns))")
            members.append("\"keys\": [\(sorted.map(list).joined(separator: ", "))]")
        }
        let start = rows.map { $0.start } ?? number("start", in: before)
        if let start { members.append("\"start\": \(start)") }
        let count = rows.map { $0.present } ?? number("generated", in: before)
        if let count { members.append("\"generated\": \(count)") }
        let digest = rows.map { $0.digest } ?? text("generator", in: before)
        if let digest { members.append("\"generator\": \"\(digest)\"") }
        // A later run asks the server about the same constraints, and so finds the same rows.
        let constraints = asked ?? constraints(in: before)
        if !constraints.isEmpty { members.append("\"asked\": \(list(constraints.sorted().map(\.text)))") }
        return members.isEmpty ? nil : "{\(members.joined(separator: ", "))}"
    }

    private static func list(_ texts: [String]) -> String {
        "[\(texts.map { ValueText.quoted($0) }.joined(separator: ", "))]"
    }

    /// The constraints that the generated rows of a record were chosen by.
    static func constraints(in details: String?) -> Set<AskedConstraint> {
        guard let details, let text = try? JSONText(Array(details.utf8), path: "details"),
            let names = try? text.root["asked"]?.texts()
        else { return [] }
        return Set(names.compactMap { AskedConstraint(text: $0) })
    }

    /// A number of a record's details.
    static func number(_ name: String, in details: String?) -> Int? {
        guard let details, let text = try? JSONText(Array(details.utf8), path: "details") else { return nil }
        return try? text.root[name]?.count()
    }

    /// A text of a record's details.
    static func text(_ name: String, in details: String?) -> String? {
        guard let details, let text = try? JSONText(Array(details.utf8), path: "details") else { return nil }
        return try? text.root[name]?.text()
    }
}
