internal import Archive
internal import Storage

/// Files and folders below the folder of seeds, and their content.
package struct SeedFolder: Sendable {
    package let path: String

    package init(_ path: String) { self.path = path.hasSuffix("/") && path.count > 1 ? String(path.dropLast()) : path }

    package var exists: Bool { Files.isFolder(path) }

    package func hasLayer(_ name: String) -> Bool { Files.isFolder("\(path)/\(name)") }

    private func names(_ folder: String) throws(SeedingError) -> [String] {
        do {
            return try Files.names(in: folder).filter { !$0.hasPrefix(".") }
        } catch {
            throw Self.unreadable(error)
        }
    }

    private static func unreadable(_ error: SystemError) -> SeedingError {
        SeedingError(.file, "\(error.path) cannot be read: \(error)")
    }

    /// The seed files of a layer; none if it has no folder.
    package func files(layer: String) throws(SeedingError) -> [SeedFile] {
        guard hasLayer(layer) else { return [] }
        return try names("\(path)/\(layer)").compactMap { SeedFile(layer: layer, file: $0, folder: path) }
    }

    /// The layers: folders below the folder of seeds.
    package func layers() throws(SeedingError) -> [String] {
        guard exists else { return [] }
        return try names(path).filter { hasLayer($0) }
    }

    /// The bytes of a file, decompressed.
    package func bytes(_ file: SeedFile) throws(SeedingError) -> [UInt8] {
        try file.isPacked ? unpacked(file.path) : Self.contents(file.path)
    }

    /// - Throws: `SeedingError` with `.file`.
    package static func contents(_ path: String) throws(SeedingError) -> [UInt8] {
        do {
            return try Files.bytes(of: path)
        } catch {
            throw unreadable(error)
        }
    }

    private func unpacked(_ path: String) throws(SeedingError) -> [UInt8] {
        let packed = try Self.contents(path)
        do {
            var position = 0
            var reader = GzipReader(name: path) { memory in
                let count = min(memory.count, packed.count - position)
                memory.copyBytes(from: packed[position..<(position + count)])
                position += count
                return count
            }
            var bytes: [UInt8] = []
            var piece = [UInt8](repeating: 0, count: 1 << 18)
            while true {
                let count = try piece.withUnsafeMutableBytes { try reader.read(into: $0) }
                if count == 0 { return bytes }
                bytes += piece[..<count]
            }
        } catch let error as ArchiveError {
            throw SeedingError(.file, "\(error)", hint: error.hint)
        } catch {
            throw SeedingError(.file, "\(path) cannot be unpacked")
        }
    }

    /// The bytes as text.
    package static func text(_ bytes: [UInt8], path: String) throws(SeedingError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw SeedingError(.file, "\(path) is not UTF-8", hint: "convert it, for example with iconv -t UTF-8")
        }
        guard !bytes.contains(0) else { throw SeedingError(.file, "\(path) holds a NUL byte") }
        return text
    }
}
