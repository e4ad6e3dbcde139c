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
