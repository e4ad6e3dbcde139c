/// A large object as the table of contents describes it.
package struct DumpedLargeObject: Sendable, Equatable {
    package var oid: UInt32
    package var owner: String
}

extension DumpTOC {
    /// Up to PostgreSQL 16 an entry `BLOB` each; since 17 entries `BLOB METADATA`, each with the oids of many.
    package var largeObjects: [DumpedLargeObject] {
        entries.flatMap { entry in
            entry.largeObjectOIDs.map { DumpedLargeObject(oid: $0, owner: entry.owner ?? "") }
        }
    }
}

/// The lists of large objects in a table of contents.
struct LargeObjectLists: Sendable {
    private let toc: DumpTOC
    /// The indices of the entries that list objects, by the entries' numbers. There may be many thousand.
    private let places: [Int: Int]

    init(_ toc: DumpTOC) {
        self.toc = toc
        places = Dictionary(
            toc.entries.indices.filter { toc.entries[$0].listsLargeObjects }.map { (toc.entries[$0].id, $0) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    /// The objects whose contents the entry has; nil if the table of contents lists none (`pg_dump --section=data` before
    /// PostgreSQL 17).
    func objects(of contents: DumpTOC.Entry) -> Set<UInt32>? {
        guard !places.isEmpty else { return nil }
        // Since version 1.16 of the format, an entry with contents depends on the entry that lists its objects. Older
        // archives have one entry with the contents of all objects.
        let own = contents.dependencies.compactMap { places[$0] }
        return Set((own.isEmpty ? Array(places.values) : own).flatMap { toc.entries[$0].largeObjectOIDs })
    }
}

extension DumpTOC.Entry {
    package var listsLargeObjects: Bool { kind == "BLOB" || kind == "BLOB METADATA" }

    package var largeObjectOIDs: [UInt32] {
        switch kind {
        case "BLOB": [UInt32(tag)].compactMap(\.self)
        // One a line.
        case "BLOB METADATA": definition.utf8.split(separator: 0x0A).compactMap { UInt32(Substring($0)) }
        default: []
        }
    }
}
