/// A pg_dump archive built by hand: a custom one, or the files of a directory or tar archive.
struct LooseDump {
    struct Entry {
        var id: Int
        var kind: String
        /// nil for one that no other entry has.
        var object: Int?
        var tag = "t"
        var definition = ""
        var copy = ""
        var section = 2
        var dependencies: [Int] = []
        /// Of a custom archive; nil for an entry without data.
        var offset: (state: UInt8, value: Int)?
        /// The file in the other formats.
        var file: String?
    }

    var version: UInt8 = 14
    var format: UInt8 = 1
    var compression = 0
    var integerBytes = 4
    var encoding = "UTF8"
    var entries: [Entry] = []

    /// The header and the table of contents.
    var contents: [UInt8] {
        var bytes = Array("PGDMP".utf8) + [1, version, 0, UInt8(integerBytes), 8, format]
        bytes += version >= 15 ? [UInt8(compression)] : integer(compression)
        for number in [6, 21, 2, 29, 10, 126, 0] { bytes += integer(number) }
        for text in ["shop", "15.18", "15.18"] { bytes += string(text) }
        let first = Entry(id: 9000, kind: "ENCODING", definition: "SET client_encoding = '\(encoding)';\n")
        bytes += integer(entries.count + 1)
        for entry in [first] + entries { bytes += self.bytes(entry) }
        return bytes
    }

    private func bytes(_ entry: Entry) -> [UInt8] {
        var bytes = integer(entry.id) + integer(entry.offset == nil && entry.file == nil ? 0 : 1)
        for text in ["1259", String(entry.object ?? 16384 + entry.id), entry.tag, entry.kind] { bytes += string(text) }
        bytes += integer(entry.section)
        for text in [entry.definition, "", entry.copy, "public"] { bytes += string(text) }
        bytes += string("") + string("")
        if version >= 16 { bytes += integer(0) }
        bytes += string("ada") + string("false")
        bytes += entry.dependencies.flatMap { string(String($0)) } + string(nil)
        guard format == 1 else { return bytes + string(entry.file ?? "") }
        let (state, value) = entry.offset ?? (3, 0)
        return bytes + [state] + (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    func integer(_ value: Int) -> [UInt8] {
        [value < 0 ? 1 : 0] + (0..<integerBytes).map { UInt8(truncatingIfNeeded: abs(value) >> (8 * $0)) }
    }

    func string(_ text: String?) -> [UInt8] { text.map { integer($0.utf8.count) + Array($0.utf8) } ?? integer(-1) }

    /// A block of rows in pieces.
    func block(_ id: Int, _ pieces: [UInt8]...) -> [UInt8] {
        [1] + integer(id) + pieces.flatMap { integer($0.count) + $0 } + integer(0)
    }

    /// A block of large objects.
    func block(_ id: Int, objects: [(oid: Int, content: [UInt8])]) -> [UInt8] {
        [3] + integer(id)
            + objects.flatMap { oid, content in
                integer(oid) + (content.isEmpty ? [] : integer(content.count) + content) + integer(0)
            } + integer(0)
    }

    /// A member of a tar, with padding.
    static func member(_ name: String, _ content: [UInt8], type: UInt8 = 0x30) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: 512)
        header.replaceSubrange(0..<name.utf8.count, with: name.utf8)
        header.replaceSubrange(124..<135, with: octal(content.count, 11).utf8)
        header.replaceSubrange(257..<264, with: "ustar00".utf8)
        header[156] = type
        header.replaceSubrange(148..<156, with: "        ".utf8)
        let sum = header.reduce(0) { $0 + Int($1) }
        header.replaceSubrange(148..<155, with: (octal(sum, 6) + "\0").utf8)
        return header + content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }

    static let tarEnd = [UInt8](repeating: 0, count: 1024)

    private static func octal(_ value: Int, _ digits: Int) -> String {
        let text = String(value, radix: 8)
        return String(repeating: "0", count: digits - text.utf8.count) + text
    }

    /// Two rows and the end marker: uncompressed, and compressed by each method.
    static let rows = Array("1\tAda\n2\t\\N\n\\.\n\n\n".utf8)
    static let zlibRows = hexadecimal("789c33e4744c49e432e28cf1e38ad1e3e2e202001b8602e2")
    static let lz4Rows = hexadecimal("04224d186440a71000008031094164610a32095c4e0a5c2e0a0a0a0000000073e3db98")
    static let zstdRows = hexadecimal("28b52ffd241081000031094164610a32095c4e0a5c2e0a0a0a3b4dcdfd")

    private static func hexadecimal(_ text: String) -> [UInt8] {
        let digits = text.utf8.map { UInt8($0 < 0x3A ? $0 - 0x30 : $0 - 0x57) }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    /// A custom archive with the rows of one table, at a known place.
    static func custom(
        _ pieces: [UInt8]...,
        compression: Int = 0,
        version: UInt8 = 14,
        integerBytes: Int = 4
    ) -> [UInt8] {
        var dump = LooseDump(version: version, compression: compression, integerBytes: integerBytes)
        dump.entries = [Entry(id: 7, kind: "TABLE DATA", copy: "COPY public.t (a, b) FROM stdin;\n", section: 3)]
        dump.entries[0].offset = (2, 0)
        let start = dump.contents.count
        dump.entries[0].offset = (2, start)
        let content = pieces.flatMap { dump.integer($0.count) + $0 } + dump.integer(0)
        return dump.contents + [1] + dump.integer(7) + content
    }
}
