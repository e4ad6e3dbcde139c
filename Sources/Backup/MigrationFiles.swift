internal import Glibc

/// The files of a migrations folder, so that a backup carries the code its schema came from.
enum MigrationFiles {
    /// Paths below `folder` and their contents, sorted; empty when there is no such folder. Links are not followed.
    static func read(_ folder: String) throws -> [(path: String, contents: [UInt8])] {
        try paths(folder, below: "").sorted().map { path in (path, try contents("\(folder)/\(path)")) }
    }

    private static func paths(_ root: String, below prefix: String) throws -> [String] {
        guard let stream = opendir(prefix.isEmpty ? root : "\(root)/\(prefix)") else { return [] }
        defer { closedir(stream) }
        var found: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(cString: $0.bindMemory(to: CChar.self).baseAddress!)
            }
            guard !name.hasPrefix(".") else { continue }
            let path = prefix.isEmpty ? name : "\(prefix)/\(name)"
            var status = stat()
            guard lstat("\(root)/\(path)", &status) == 0 else { continue }
            switch status.st_mode & S_IFMT {
            case S_IFDIR: found += try paths(root, below: path)
            case S_IFREG where isMigration(name): found.append(path)
            default: continue
            }
        }
        return found
    }

    private static func isMigration(_ name: String) -> Bool {
        [".sql", ".json", ".mustache"].contains { name.hasSuffix($0) }
    }

    private static func contents(_ path: String) throws -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            throw BackupError(.selection, "\(path) could not be read: \(String(cString: strerror(errno)))")
        }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else {
                throw BackupError(.selection, "\(path) could not be read: \(String(cString: strerror(errno)))")
            }
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
        }
    }
}
