internal import FoundationEssentials

/// An archive, opened: its members and its manifest. Reading is safe from any thread.
package final class ArchiveReader: Sendable {
    package let manifest: Manifest
    let source: any ByteSource
    let directory: ZipDirectory
    private let places: [String: Int]

    /// - Throws: `ArchiveError` when the file is no whole archive that this version of granary can read.
    package convenience init(_ source: any ByteSource) throws {
        let directory = try ZipDirectory(source)
        guard let entry = directory.entries.last, entry.name == Manifest.member else {
            throw ArchiveError(
                .format,
                "the archive has no manifest.json at its end",
                hint: "name a file that granary backup wrote"
            )
        }
        let bytes = try MemberReader.contents(of: entry, in: source, limit: MemberReader.manifestBytesMax)
        self.init(source, directory, try ManifestFile.decode(bytes))
    }

    init(_ source: any ByteSource, _ directory: ZipDirectory, _ manifest: Manifest) {
        self.source = source
        self.directory = directory
        self.manifest = manifest
        places = Dictionary(
            directory.entries.enumerated().map { ($0.element.name, $0.offset) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    package var members: [String] { directory.entries.map(\.name) }

    func entry(_ name: String) throws -> ZipEntry {
        guard let place = places[name] else { throw ArchiveError.damaged(name, "it is missing") }
        return directory.entries[place]
    }

    /// A whole member, checked; for small ones.
    ///
    /// - Throws: `ArchiveError.damaged`, also where it is larger than `limit` bytes.
    package func contents(of name: String, limit: Int = 64 << 20) throws -> [UInt8] {
        try MemberReader.contents(of: try entry(name), in: source, limit: limit)
    }
}

/// `manifest.json`, read with suspicion.
enum ManifestFile {
    private struct Version: Decodable { var format: Int }

    /// - Throws: `ArchiveError.newerFormat`, `.format` naming the key.
    static func decode(_ bytes: [UInt8]) throws -> Manifest {
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
            guard format >= 1 else { throw ArchiveError(.format, "manifest.json: format \(format) is not one") }
            let manifest = try JSONDecoder().decode(Manifest.self, from: data)
            try manifest.requireSense()
            return manifest
        } catch let error as DecodingError {
            throw ArchiveError(
                .format,
                "manifest.json is not as it should be\(place(of: error))",
                hint: "name a file that granary backup wrote"
            )
        }
    }

    /// The path to the key, without the value that stands there.
    private static func place(of error: DecodingError) -> String {
        let path: [any CodingKey]
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            path = context.codingPath
        case .keyNotFound(let key, let context): path = context.codingPath + [key]
        @unknown default: path = []
        }
        guard !path.isEmpty else { return "" }
        return " at " + path.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
    }
}

extension Manifest {
    /// Numbers that later sums rely on: nothing negative, nothing that could overflow.
    fileprivate func requireSense() throws {
        let limit = 1 << 56
        let chunks = tables.flatMap(\.chunks) + (largeObjects?.chunks ?? [])
        var numbers = chunks.flatMap { [$0.rows, $0.rawBytes, $0.storedBytes] }
        numbers += tables.flatMap { [$0.number, $0.rows, $0.rawBytes] }
        numbers += files.flatMap { [$0.rawBytes, $0.storedBytes] }
        if let largeObjects { numbers += [largeObjects.rows, largeObjects.rawBytes] }
        var sum = 0
        for number in numbers {
            guard (0...limit).contains(number), !sum.addingReportingOverflow(number).overflow else {
                throw ArchiveError(.format, "manifest.json has a number that cannot be")
            }
            sum += number
        }
    }
}
