internal import FoundationEssentials
internal import Storage

/// Reads `manifest.json`, which may come from an untrusted source.
enum ManifestFile {
    private struct Version: Decodable { var format: Int }

    /// Accepts any JSON value.
    private struct Anything: Decodable { init(from decoder: any Decoder) {} }

    /// How large a manifest may become when it is decompressed. This limits the memory that an untrusted file can cost
    /// by its own size. A writer does not compress a manifest beyond it.
    static func bytesMax(storedBytes: Int) -> Int { max(16 << 20, min(storedBytes, 1 << 32) * 50) }

    static func read(_ entry: ZipEntry, in source: any ByteSource) throws -> Manifest {
        try decode(contents(of: entry, in: source))
    }

    static func contents(of entry: ZipEntry, in source: any ByteSource) throws -> [UInt8] {
        try MemberReader.contents(of: entry, in: source, limit: bytesMax(storedBytes: entry.storedBytes))
    }

    /// - Throws: `ArchiveError.newerFormat`, `.format` with the key.
    static func decode(_ bytes: [UInt8]) throws -> Manifest {
        guard !isDense(bytes) else { throw problem("has too many values for its size") }
        let data = Data(bytes)
        do {
            let format = try JSONDecoder().decode(Version.self, from: data).format
            guard format <= Manifest.currentFormat else {
                throw ArchiveError(
                    .newerFormat,
                    "the archive was written by a newer granary (format \(format)); this one reads format \(Manifest.currentFormat)",
                    hint: "upgrade granary"
                )
            }
            guard format >= 1 else { throw problem("has an invalid format number at format") }
            let manifest = try JSONDecoder().decode(Manifest.self, from: data)
            try manifest.requireSense()
            return manifest
        } catch let error as DecodingError {
            throw problem(words(for: error, in: data))
        }
    }

    /// Whether it has more than one value for each eight bytes, such as `[0,0,0,…`. Parsing that would take dozens of
    /// times its size in memory, and no manifest looks like it.
    private static func isDense(_ bytes: [UInt8]) -> Bool {
        var (values, position) = (0, 0)
        var isInString = false
        bytes.withUnsafeBufferPointer { bytes in
            while position < bytes.count {
                switch bytes[position] {
                case UInt8(ascii: "\""): isInString.toggle()
                case UInt8(ascii: "\\"): position += 1
                case UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "{"):
                    if !isInString { values += 1 }
                default: break
                }
                position += 1
            }
        }
        return values > max(1 << 16, bytes.count / 8)
    }

    /// - Parameter what: Follows the member's name, and ends with the key.
    static func problem(_ what: String) -> ArchiveError {
        ArchiveError(.format, at: FilePlace(Manifest.member), what, hint: "name a file that granary backup wrote")
    }

    /// What is wrong, and at which key, without the value.
    private static func words(for error: DecodingError, in data: Data) -> String {
        switch error {
        case .keyNotFound(let key, let context): "lacks the key \(place(context.codingPath + [key]))"
        case .dataCorrupted(let context) where context.codingPath.isEmpty:
            // The decoder gives no place for a number that is too large or has a fraction.
            (try? JSONDecoder().decode(Anything.self, from: data)) == nil
                ? "is not JSON" : "has an invalid number"
        case .typeMismatch(_, let context) where context.codingPath.isEmpty,
            .valueNotFound(_, let context) where context.codingPath.isEmpty:
            "is not an object"
        case .valueNotFound(_, let context): "has no value at \(place(context.codingPath))"
        case .typeMismatch(_, let context), .dataCorrupted(let context):
            "has an invalid value at \(place(context.codingPath))"
        @unknown default: "has an unexpected form"
        }
    }

    /// `tables[0].chunks[3].rows`.
    private static func place(_ path: [any CodingKey]) -> String {
        path.reduce("") { place, key in
            if let index = key.intValue { return "\(place)[\(index)]" }
            return place.isEmpty ? key.stringValue : "\(place).\(key.stringValue)"
        }
    }
}

extension Manifest {
    /// Checks the numbers that later sums rely on: none is negative or could overflow, and no table's number occurs
    /// twice.
    fileprivate func requireSense() throws {
        var sum = NumberCheck()
        var numbers: Set<Int> = []
        for (index, table) in tables.enumerated() {
            let place = "tables[\(index)]"
            try sum.add(table.number, "\(place).number")
            guard numbers.insert(table.number).inserted else {
                throw ManifestFile.problem("has the number of another table at \(place).number")
            }
            try sum.add(table.rows, "\(place).rows")
            try sum.add(table.rawBytes, "\(place).rawBytes")
            try sum.add(table.chunks, "\(place).chunks")
        }
        if let largeObjects {
            try sum.add(largeObjects.rows, "largeObjects.rows")
            try sum.add(largeObjects.rawBytes, "largeObjects.rawBytes")
            try sum.add(largeObjects.chunks, "largeObjects.chunks")
        }
        for (index, file) in files.enumerated() {
            try sum.add(file.rawBytes, "files[\(index)].rawBytes")
            try sum.add(file.storedBytes, "files[\(index)].storedBytes")
        }
    }
}

/// Adds up all numbers, so that no partial sum can overflow.
private struct NumberCheck {
    private var sum = 0

    mutating func add(_ number: Int, _ place: @autoclosure () -> String) throws {
        let (next, overflow) = sum.addingReportingOverflow(number)
        guard (0...1 << 56).contains(number), !overflow else {
            throw ManifestFile.problem("has an invalid number at \(place())")
        }
        sum = next
    }

    mutating func add(_ chunks: [Manifest.Chunk], _ place: @autoclosure () -> String) throws {
        for (index, chunk) in chunks.enumerated() {
            try add(chunk.rows, "\(place())[\(index)].rows")
            try add(chunk.rawBytes, "\(place())[\(index)].rawBytes")
            try add(chunk.storedBytes, "\(place())[\(index)].storedBytes")
        }
    }
}
