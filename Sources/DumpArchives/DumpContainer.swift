/// Where the data of the entries lie.
protocol DumpContainer: Sendable {
    /// Bytes of an entry's data as they are stored, as far as that is known without reading them.
    func storedBytes(of entry: DumpTOC.Entry) -> Int
    /// The unpacked data of an entry.
    ///
    /// - Throws: `ArchiveError`, `StorageError`.
    func contents(of entry: DumpTOC.Entry) throws -> DumpContents
    func largeObjects(of entry: DumpTOC.Entry) throws -> any LargeObjectSource
}

/// Unpacked data, and the cursor that reads them as they are stored.
struct DumpContents {
    let unpacker: any Unpacker
    let cursor: SourceCursor
}

/// The large objects of one entry, one after the other. Never leaves its thread.
protocol LargeObjectSource: AnyObject {
    /// The next object, whose content is to be read to its end before the next call; nil behind the last one.
    func next() throws -> (oid: UInt32, content: any Unpacker)?
}
