internal import Archive
internal import Storage

/// A directory archive: a file for each entry with data, and one for each large object. Source: `pg_backup_directory.c`.
struct FolderContainer: DumpContainer {
    private let path: String
    private let minorVersion: Int

    init(_ path: String, _ toc: DumpTOC) {
        self.path = path
        minorVersion = toc.version.minor
    }

    /// The table of contents of the folder at `path`.
    static func contents(_ path: String) throws -> DumpTOC {
        try DumpTOC(try FileSource(path: Files.joined(path, "toc.dat"), followsLinks: false), name: "toc.dat")
    }

    func storedBytes(of entry: DumpTOC.Entry) -> Int {
        guard case .file(let name) = entry.place else { return 0 }
        guard entry.isLargeObjects, let list = try? list(entry) else { return size(name) }
        return list.reduce(0) { $0 + size($1.name) }
    }

    private func size(_ name: String) -> Int { (try? found(name)).map { Files.size($0.path) } ?? 0 }

    func contents(of entry: DumpTOC.Entry) throws -> DumpContents {
        guard case .file(let name) = entry.place else {
            throw ArchiveError.damagedDump(path, "\(entry.title) has no file")
        }
        return try open(name)
    }

    func largeObjects(of entry: DumpTOC.Entry) throws -> any LargeObjectSource {
        LargeObjectFiles(try list(entry)) { try open($0).unpacker }
    }

    private func list(_ entry: DumpTOC.Entry) throws -> [(oid: UInt32, name: String)] {
        let name = entry.largeObjectList(minorVersion)
        let file = try found(name)
        let source = try FileSource(path: file.path, followsLinks: false)
        return try LargeObjectFiles.list(try source.bytes(at: 0, count: source.byteCount), name)
    }

    private func open(_ name: String) throws -> DumpContents {
        let file = try found(name)
        let source = try FileSource(path: file.path, followsLinks: false)
        let cursor = SourceCursor(source, at: 0, name: name)
        let unpacker = try file.compression.unpacker(name, isFile: true) { try cursor.read(into: $0) }
        return DumpContents(unpacker: unpacker, cursor: cursor)
    }

    /// The file of a name that the table of contents has, which is the name before it was compressed.
    private func found(_ name: String) throws -> (path: String, compression: DumpCompression) {
        guard !name.isEmpty, name != ".", name != "..", !name.utf8.contains(where: { $0 == 0x2F || $0 == 0 }) else {
            throw ArchiveError(
                .format,
                at: FilePlace("toc.dat"),
                "it names a file outside of the folder",
                hint: "pg_dump never writes that: do not restore this dump"
            )
        }
        for compression in [DumpCompression.none, .gzip, .lz4, .zstd] {
            let file = Files.joined(path, name + compression.suffix)
            if Files.exists(file) || Files.isLink(file) { return (file, compression) }
        }
        throw ArchiveError.damagedDump(name, "it is missing")
    }
}

/// Large objects that are a file or a member each.
final class LargeObjectFiles: LargeObjectSource {
    private let objects: [(oid: UInt32, name: String)]
    private let open: (String) throws -> any Unpacker
    private var position = 0

    init(_ objects: [(oid: UInt32, name: String)], open: @escaping (String) throws -> any Unpacker) {
        self.objects = objects
        self.open = open
    }

    func next() throws -> (oid: UInt32, content: any Unpacker)? {
        guard position < objects.count else { return nil }
        defer { position += 1 }
        let object = objects[position]
        return (object.oid, try open(object.name))
    }

    /// Lines such as `16385 blob_16385.dat`.
    static func list(_ bytes: [UInt8], _ name: String) throws -> [(oid: UInt32, name: String)] {
        try bytes.split(separator: 0x0A).map { line in
            let words = line.split(separator: 0x20, maxSplits: 1).map { String(decoding: $0, as: UTF8.self) }
            guard words.count == 2, let oid = UInt32(words[0]), oid != 0 else {
                throw ArchiveError.damagedDump(name, "a line is not understood")
            }
            return (oid, words[1])
        }
    }
}

extension DumpTOC.Entry {
    /// Before version 1.16 there is one list. The entry does not always have its name.
    func largeObjectList(_ minorVersion: Int) -> String { minorVersion >= 16 ? "blobs_\(id).toc" : "blobs.toc" }
}
