internal import Archive
internal import Storage

/// The files of a directory archive, or the members of a tar, by their names in the table of contents.
protocol DumpFiles: Sendable {
    /// What errors call all of them.
    var name: String { get }
    /// 0 for a file that is missing.
    func byteCount(of file: String) -> Int
    /// - Throws: `ArchiveError`, also for a file that is missing; `StorageError`.
    func open(_ file: String) throws -> (source: any ByteSource, compression: DumpCompression)
}

/// A file for each entry with data, and one for each large object. Source: `pg_backup_directory.c`, `pg_backup_tar.c`.
struct FileContainer: DumpContainer {
    private let files: any DumpFiles
    private let minorVersion: Int

    /// - Throws: `ArchiveError.damaged` if two entries have one file.
    init(_ files: any DumpFiles, _ toc: DumpTOC) throws {
        self.files = files
        minorVersion = toc.version.minor
        var taken: Set<String> = []
        for case .file(let file) in toc.entries.map(\.place) where !taken.insert(file).inserted {
            throw ArchiveError.damagedDump(files.name, "two entries of its table of contents name the file \(file)")
        }
    }

    func storedBytes(of entry: DumpTOC.Entry) -> Int {
        guard case .file(let file) = entry.place else { return 0 }
        guard entry.isLargeObjects, let list = try? list(entry) else { return files.byteCount(of: file) }
        return list.files.map { files.byteCount(of: $0) }.saturatedSum
    }

    func contents(of entry: DumpTOC.Entry) throws -> DumpContents {
        guard case .file(let file) = entry.place else {
            throw ArchiveError.damagedDump(files.name, "\(entry.title) has no file")
        }
        return try contents(file)
    }

    func largeObjects(of entry: DumpTOC.Entry) throws -> any LargeObjectSource {
        LargeObjectFiles(try list(entry)) { try contents($0).unpacker }
    }

    private func contents(_ file: String) throws -> DumpContents {
        let (source, compression) = try files.open(file)
        let cursor = SourceCursor(source, at: 0, name: file)
        let unpacker = try compression.unpacker(file, isFile: true) { try cursor.read(into: $0) }
        return DumpContents(unpacker: unpacker, cursor: cursor)
    }
}

// Large objects.
extension FileContainer {
    /// A list is read as a whole; this is one of about ten million objects.
    private static let listBytesMax = 256 << 20

    /// Lines such as `16385 blob_16385.dat`. Never compressed.
    private func list(_ entry: DumpTOC.Entry) throws -> LargeObjectList {
        let name = entry.largeObjectList(minorVersion)
        let source = try files.open(name).source
        guard source.byteCount <= Self.listBytesMax else {
            throw ArchiveError(
                .format,
                at: FilePlace(name),
                "it lists large objects in more than \(Self.listBytesMax >> 20) MiB",
                hint: "restore it with pg_restore"
            )
        }
        var list = LargeObjectList()
        var rest = try source.bytes(at: 0, count: source.byteCount)[...]
        while !rest.isEmpty {
            let line = rest.prefix { $0 != 0x0A }
            rest = rest.dropFirst(line.count + 1)
            guard !line.isEmpty else { continue }
            let words = line.split(separator: 0x20, maxSplits: 1).map { String(decoding: $0, as: UTF8.self) }
            guard words.count == 2, let oid = UInt32(words[0]), oid != 0 else {
                throw ArchiveError.damagedDump(name, "a line has an unknown form")
            }
            list.add(oid, file: words[1])
        }
        guard list.isUnique else { throw ArchiveError.damagedDump(name, "it lists a large object twice") }
        return list
    }
}

/// Numbers of large objects, and their files. There may be millions, so the names that pg_dump gives are not stored.
private struct LargeObjectList {
    private(set) var oids: [UInt32] = []
    /// Other names, by their place.
    private var others: [Int: String] = [:]

    mutating func add(_ oid: UInt32, file: String) {
        if file != Self.usualName(oid) { others[oids.count] = file }
        oids.append(oid)
    }

    func file(at place: Int) -> String { others[place] ?? Self.usualName(oids[place]) }

    var files: some Sequence<String> { oids.indices.lazy.map { self.file(at: $0) } }

    /// Whether no number and no file occurs twice.
    var isUnique: Bool {
        let sorted = oids.sorted()
        guard zip(sorted, sorted.dropFirst()).allSatisfy({ $0 != $1 }) else { return false }
        guard !others.isEmpty else { return true }
        var names = Set(others.values)
        guard names.count == others.count else { return false }
        for place in oids.indices where others[place] == nil { names.remove(Self.usualName(oids[place])) }
        return names.count == others.count
    }

    private static func usualName(_ oid: UInt32) -> String { "blob_\(oid).dat" }
}

extension DumpTOC.Entry {
    /// Before version 1.16 there is one list. The entry does not always have its name.
    fileprivate func largeObjectList(_ minorVersion: Int) -> String {
        minorVersion >= 16 ? "blobs_\(id).toc" : "blobs.toc"
    }
}

private final class LargeObjectFiles: LargeObjectSource {
    private let objects: LargeObjectList
    private let open: (String) throws -> any Unpacker
    private var position = 0

    init(_ objects: LargeObjectList, open: @escaping (String) throws -> any Unpacker) {
        self.objects = objects
        self.open = open
    }

    func next() throws -> (oid: UInt32, content: any Unpacker)? {
        guard position < objects.oids.count else { return nil }
        defer { position += 1 }
        return (objects.oids[position], try open(objects.file(at: position)))
    }
}
