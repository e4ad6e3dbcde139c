internal import Archive
package import Storage

/// An archive of pg_dump, opened: its table of contents and its data. Reading is safe from any thread.
package final class DumpArchive: Sendable {
    package enum Kind: String, Sendable {
        case custom
        case directory
        case tar
    }

    /// What errors call it.
    package let name: String
    package let kind: Kind
    package let toc: DumpTOC
    /// Of the file, or of all files of the folder.
    package let byteCount: Int
    private let container: any DumpContainer
    private let lists: LargeObjectLists

    /// - Parameter path: a file, or the folder of a directory archive.
    /// - Throws: `ArchiveError`, `StorageError`.
    package convenience init(path: String) throws {
        if Files.isFolder(path) {
            try self.init(folder: path)
        } else {
            try self.init(try FileSource(path: path), name: path)
        }
    }

    /// A custom or tar archive.
    package init(_ source: any ByteSource, name: String) throws {
        self.name = name
        byteCount = source.byteCount
        if FileFormat(try source.bytes(at: 0, count: min(source.byteCount, FileFormat.prefixBytes))) == .pgDumpTar {
            let files = try TarFiles(source, name: name)
            (kind, toc) = (.tar, try files.contents())
            container = try FileContainer(files, toc)
        } else {
            let contents = try DumpTOC(source, name: name)
            guard contents.format == .custom else {
                throw ArchiveError(
                    .format,
                    "\(name) is the table of contents of a dump in directory format",
                    hint: "give the folder that it is in"
                )
            }
            (kind, toc, container) = (.custom, contents, try CustomContainer(source, contents, name: name))
        }
        lists = LargeObjectLists(toc)
    }

    package init(folder: String) throws {
        name = folder
        kind = .directory
        let files = FolderFiles(folder)
        toc = try files.contents()
        container = try FileContainer(files, toc)
        lists = LargeObjectLists(toc)
        byteCount = try Files.names(in: folder).map { Files.size(Files.joined(folder, $0)) }.saturatedSum
    }

    /// The entries that have data: rows of tables, and large objects.
    package var dataEntries: [DumpTOC.Entry] { toc.entries.filter { $0.place != .nowhere } }

    /// Bytes of an entry's data as they are stored, as far as that is known without reading them.
    package func storedBytes(of entry: DumpTOC.Entry) -> Int { container.storedBytes(of: entry) }

    /// The rows of an entry as COPY text, without the mark at its end.
    ///
    /// - Throws: `ArchiveError`, `StorageError`.
    package func rows(of entry: DumpTOC.Entry) throws -> DumpRows {
        DumpRows(try container.contents(of: entry), name: entry.title)
    }

    /// The data of an entry whose rows are statements (`pg_dump --inserts`): fills the memory it is lent and returns how
    /// many bytes it put there; 0 at the end.
    package func text(of entry: DumpTOC.Entry) throws -> (UnsafeMutableRawBufferPointer) throws -> Int {
        let contents = try container.contents(of: entry).unpacker
        return { try contents.read(into: $0) }
    }

    /// The contents of large objects.
    ///
    /// - Throws: `ArchiveError`, `StorageError`.
    package func largeObjects(of entry: DumpTOC.Entry) throws -> DumpLargeObjects {
        DumpLargeObjects(try container.largeObjects(of: entry), expected: lists.objects(of: entry))
    }
}
