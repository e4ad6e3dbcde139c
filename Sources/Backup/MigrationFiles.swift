internal import Glibc
internal import Storage

/// The files of a migrations folder, so that a backup contains the migrations that made its schema.
enum MigrationFiles {
    /// Paths below `folder` with their contents, sorted; empty if the folder does not exist. Links are not followed.
    static func read(_ folder: String) throws -> [(path: String, contents: [UInt8])] {
        try paths(folder, below: "").sorted().map { path in (path, try contents("\(folder)/\(path)")) }
    }

    private static func paths(_ root: String, below prefix: String) throws -> [String] {
        var found: [String] = []
        for name in Files.visibleNames(in: prefix.isEmpty ? root : "\(root)/\(prefix)") {
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
        do {
            return try Files.bytes(of: path)
        } catch {
            throw BackupError(.selection, "\(path) could not be read: \(error)")
        }
    }
}
