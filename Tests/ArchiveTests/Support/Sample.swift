@testable import Archive

/// Writes archives for tests: rows in, bytes out.
struct Sample: ~Copyable {
    let sink = MemorySink()
    let writer: ArchiveWriter
    let compression: Compression
    var manifest = Sample.emptyManifest

    init(_ compression: Compression? = nil) throws {
        self.compression = try compression ?? Compression()
        writer = ArchiveWriter(sink: sink)
    }

    static var emptyManifest: Manifest {
        Manifest(
            granary: "0.1.0",
            createdAt: "2026-11-23T07:15:00Z",
            database: .init(name: "shop", encoding: "UTF8", collate: "C", ctype: "C", owner: "shop"),
            server: .init(version: "15.18", versionNumber: 150018),
            snapshot: "00000003-0000001B-1"
        )
    }

    /// The columns for a line: `id`, `value1` and so on; none for an empty line.
    private static func columns(of line: String) -> [Manifest.Column] {
        let count = line.isEmpty ? 0 : line.utf8.count { $0 == 9 } + 1
        return (0..<count).map { .init(name: $0 == 0 ? "id" : "value\($0)", type: $0 == 0 ? "bigint" : "text") }
    }

    /// Adds a table. Each element of `chunks` has the lines of one chunk, without newlines.
    mutating func add(table name: String, chunks: [[String]]) throws {
        var table = Manifest.Table(
            number: manifest.tables.count + 1,
            oid: UInt32(16384 + manifest.tables.count),
            schema: "public",
            name: name,
            columns: Sample.columns(of: chunks.first?.first ?? ""),
            primaryKey: ["id"]
        )
        let number = String(table.number)
        let folder = "data/" + String(repeating: "0", count: 6 - number.count) + "\(number)-\(name)"
        for lines in chunks {
            var builder = ChunkBuilder(compression: compression)
            for line in lines { builder.append(line: line) }
            table.digest.merge(builder.finalDigest)
            let chunk = try writer.append(&builder, folder: folder)
            table.rows += chunk.rows
            table.rawBytes += chunk.rawBytes
            table.chunks.append(chunk)
        }
        manifest.tables.append(table)
    }

    /// Adds one row in the binary format to the last table.
    mutating func add(binary pieces: [[UInt8]]) throws {
        var builder = ChunkBuilder(compression: compression)
        for piece in pieces { piece.withUnsafeBytes { builder.appendBinary($0) } }
        let place = manifest.tables.count - 1
        manifest.tables[place].digest.merge(builder.finalDigest)
        let chunk = try writer.append(&builder, folder: "data/binary")
        manifest.tables[place].rows += 1
        manifest.tables[place].rawBytes += chunk.rawBytes
        manifest.tables[place].chunks.append(chunk)
    }

    mutating func add(file name: String, _ text: String) throws {
        manifest.files.append(try writer.add(name, Array(text.utf8)))
    }

    mutating func addLargeObjects(_ lines: [String]) throws {
        var builder = ChunkBuilder(compression: compression)
        for line in lines { builder.append(line: line) }
        var objects = Manifest.LargeObjects(objects: [.init(oid: 24576, owner: "shop")])
        objects.digest = builder.finalDigest
        let chunk = try writer.append(&builder, folder: "large-objects")
        (objects.rows, objects.rawBytes, objects.chunks) = (chunk.rows, chunk.rawBytes, [chunk])
        manifest.largeObjects = objects
    }

    consuming func finish(sealedBy key: SealKey? = nil) throws -> [UInt8] {
        try writer.finish(manifest, sealedBy: key)
        return sink.bytes
    }

    /// A small archive of about 3 kB: 8 members, 52 rows.
    static func small(sealedBy key: SealKey? = nil) throws -> [UInt8] {
        var generator = SeededGenerator(seed: 1)
        let hexadecimal = Array("0123456789abcdef")
        var sample = try Sample()
        try sample.add(file: "schema/pre-data.sql", "CREATE TABLE public.users (id bigint, value text);\n")
        try sample.add(table: "users", chunks: [(1...40).map { "\($0)\tuser \($0)" }, ["41\tAda", "42\t\\N"]])
        try sample.add(
            table: "keys",
            chunks: [(1...9).map { _ in String((0..<24).map { _ in hexadecimal.randomElement(using: &generator)! }) }]
        )
        try sample.add(binary: [Array("PGCOPY\n".utf8), generator.bytes(60), [0xff, 0xff]])
        try sample.addLargeObjects(["24576\t0\t\\\\x00ff", "24576\t2\t\\\\x1234"])
        try sample.add(file: "migrations/000001_users.up.sql", "")
        return try sample.finish(sealedBy: key)
    }
}

extension Sample {
    /// An archive with every kind of member, 14 in all: stored and deflated chunks, a binary one, large objects.
    static func whole() throws -> [UInt8] {
        var generator = SeededGenerator(seed: 2)
        var sample = try Sample()
        try sample.add(file: "schema/roles.sql", "CREATE ROLE shop;\n")
        try sample.add(file: "schema/pre-data.sql", "CREATE TABLE public.users (id bigint, value text);\n")
        try sample.add(table: "users", chunks: [(1...40).map { "\($0)\tuser \($0)" }, ["41\tAda", "42\t\\N"]])
        try sample.add(table: "empty", chunks: [])
        try sample.add(table: "keys", chunks: [(1...4).map { "\($0)\t\(generator.next())" }])
        try sample.add(binary: [Array("PGCOPY\n".utf8), generator.bytes(20), [0xff, 0xff]])
        try sample.add(table: "nothing", chunks: [["", "", ""]])
        try sample.addLargeObjects(["24576\t0\t\\\\x00ff", "24576\t2\t\\\\x1234"])
        try sample.add(file: "schema/post-data.sql", "ALTER TABLE public.users ADD PRIMARY KEY (id);\n")
        try sample.add(file: "migrations/000001_users.up.sql", "CREATE TABLE users ();\n")
        try sample.add(file: "migrations/000002_empty.up.sql", "")
        try sample.add(file: "restore.sql", String(repeating: "\\copy it\n", count: 9))
        try sample.add(file: "README.txt", "unzip, then psql\n")
        return try sample.finish()
    }
}

extension ChunkBuilder {
    /// The content of a chunk as a comparable value.
    struct Fill: Equatable {
        var rawBytes: Int
        var rows: Int
        var isEmpty: Bool
        var isFull: Bool
    }

    var fill: Fill { Fill(rawBytes: rawBytes, rows: rows, isEmpty: isEmpty, isFull: isFull) }

    /// Adds a line of COPY text and its newline.
    mutating func append(line: String) {
        Array((line + "\n").utf8).withUnsafeBytes { append($0) }
    }
}

extension ArchiveReader {
    /// The inflated bytes of a chunk, and the sizes of its slabs.
    func rows(of chunk: Manifest.Chunk) throws -> (bytes: [UInt8], slabs: [Int]) {
        var reader = ChunkReader()
        var bytes: [UInt8] = []
        var slabs: [Int] = []
        try reader.read(chunk, of: self) {
            bytes.append(contentsOf: $0)
            slabs.append($0.count)
        }
        return (bytes, slabs)
    }
}
