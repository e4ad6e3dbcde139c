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

extension DumpTOC {
    /// The objects that an entry has the contents of; nil if the table of contents does not list any
    /// (`pg_dump --section=data` before PostgreSQL 17).
    func objects(of contents: Entry) -> Set<UInt32>? {
        let lists = entries.filter { !$0.largeObjectOIDs.isEmpty }
        let own = lists.filter { contents.dependencies.contains($0.id) }
        return lists.isEmpty ? nil : Set((own.isEmpty ? lists : own).flatMap(\.largeObjectOIDs))
    }
}

extension DumpTOC.Entry {
    package var largeObjectOIDs: [UInt32] {
        switch kind {
        case "BLOB": [UInt32(tag)].compactMap(\.self)
        // One a line.
        case "BLOB METADATA": definition.utf8.split(separator: 0x0A).compactMap { UInt32(Substring($0)) }
        default: []
        }
    }
}
