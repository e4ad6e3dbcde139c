internal import Storage

/// Creates files of the project, with their folders.
enum WrittenFiles {
    /// - Throws: `CommandError` with `.file`.
    static func makeFolder(_ path: String) throws {
        do { try Files.makeFolders(path, mode: 0o777) } catch { throw failure(path) }
    }

    /// Creates a file. If it exists, returns false and does not change it.
    ///
    /// - Throws: `CommandError` with `.file`.
    static func create(_ path: String, _ text: String) throws -> Bool {
        try makeFolder(of: path)
        do {
            try Files.create(path, Array(text.utf8))
            return true
        } catch {
            guard Files.exists(path) else { throw failure(path) }
            return false
        }
    }

    /// Writes a file, and overwrites an existing one.
    ///
    /// - Throws: `CommandError` with `.file`.
    static func write(_ text: String, to path: String) throws {
        try makeFolder(of: path)
        do { try Files.overwrite(path, Array(text.utf8)) } catch { throw failure(path) }
    }

    private static func makeFolder(of path: String) throws {
        if let slash = path.lastIndex(of: "/") { try makeFolder(String(path[..<slash])) }
    }

    private static func failure(_ path: String) -> CommandError {
        CommandError(.file, "\(path) could not be written", hint: "make its folder writable")
    }
}
