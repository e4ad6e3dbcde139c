internal import Archive
internal import Glibc

/// Files and folders below the folder of seeds, and their bytes.
package struct SeedFolder: Sendable {
    package let path: String

    package init(_ path: String) { self.path = path.hasSuffix("/") && path.count > 1 ? String(path.dropLast()) : path }

    package var exists: Bool { isFolder(path) }

    package func hasLayer(_ name: String) -> Bool { isFolder("\(path)/\(name)") }

    private func isFolder(_ path: String) -> Bool {
        var info = stat()
        return stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFDIR
    }

    /// The names in a folder, sorted byte by byte so that no locale moves them.
    private func names(_ folder: String) throws(SeedingError) -> [String] {
        guard let stream = opendir(folder) else {
            throw SeedingError(.file, "\(folder) cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
            )
        }
        return names.filter { !$0.hasPrefix(".") }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The seed files of a layer; none where it has no folder.
    package func files(layer: String) throws(SeedingError) -> [SeedFile] {
        guard hasLayer(layer) else { return [] }
        return try names("\(path)/\(layer)").compactMap { SeedFile(layer: layer, file: $0, folder: path) }
    }

    /// The layers there are: folders below the folder of seeds.
    package func layers() throws(SeedingError) -> [String] {
        guard exists else { return [] }
        return try names(path).filter { hasLayer($0) }
    }

    /// The bytes of a file, unpacked.
    package func bytes(_ file: SeedFile) throws(SeedingError) -> [UInt8] {
        try file.isPacked ? unpacked(file.path) : Self.contents(file.path)
    }

    /// - Throws: `SeedingError` with `.file`.
    package static func contents(_ path: String) throws(SeedingError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw SeedingError(.file, "\(path) cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = read(descriptor, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw SeedingError(.file, "\(path) cannot be read: \(String(cString: strerror(errno)))")
            }
            if count == 0 { return bytes }
            bytes += piece[..<count]
        }
    }

    private func unpacked(_ path: String) throws(SeedingError) -> [UInt8] {
        let packed = try Self.contents(path)
        do {
            var position = 0
            var reader = try GzipReader(name: path) { memory in
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
            throw SeedingError(.file, "\(path) is not UTF-8", hint: "convert it, such as with iconv -t UTF-8")
        }
        guard !bytes.contains(0) else { throw SeedingError(.file, "\(path) holds a NUL byte") }
        return text
    }
}
