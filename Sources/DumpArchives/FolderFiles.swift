internal import Archive
internal import Storage

/// The folder of a directory archive.
struct FolderFiles: DumpFiles {
    let name: String

    init(_ path: String) { name = path }

    /// The table of contents.
    func contents() throws -> DumpTOC {
        try DumpTOC(try FileSource(path: Files.joined(name, "toc.dat"), followsLinks: false), name: "toc.dat")
    }

    func byteCount(of file: String) -> Int { (try? found(file)).map { Files.size($0.path) } ?? 0 }

    func open(_ file: String) throws -> (source: any ByteSource, compression: DumpCompression) {
        let (path, compression) = try found(file)
        return (try FileSource(path: path, followsLinks: false), compression)
    }

    /// The table of contents has the name before the file was compressed.
    private func found(_ file: String) throws -> (path: String, compression: DumpCompression) {
        guard !file.isEmpty, file != ".", file != "..", !file.utf8.contains(where: { $0 == 0x2F || $0 == 0 }) else {
            throw ArchiveError(
                .format,
                at: FilePlace("toc.dat"),
                "it names a file outside the folder",
                hint: "pg_dump never writes that: do not restore this dump"
            )
        }
        for compression in [DumpCompression.none, .gzip, .lz4, .zstd] {
            let path = Files.joined(name, file + compression.suffix)
            if Files.exists(path) || Files.isLink(path) { return (path, compression) }
        }
        throw ArchiveError.damagedDump(file, "it is missing")
    }
}
