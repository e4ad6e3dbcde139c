internal import Glibc
internal import Storage

/// Changes to files that are made together: all of them, or none.
struct FileChanges {
    private enum Change {
        case create(path: String, bytes: [UInt8])
        case replace(path: String, bytes: [UInt8])
        case move(from: String, to: String)
    }

    private var changes: [Change] = []

    /// Creates a file that must not exist, and its folder if necessary.
    mutating func create(_ path: String, _ text: String) {
        changes.append(.create(path: path, bytes: Array(text.utf8)))
    }

    mutating func replace(_ path: String, _ bytes: [UInt8]) { changes.append(.replace(path: path, bytes: bytes)) }

    /// Renames a file. An existing file with the new name is never overwritten.
    mutating func move(_ path: String, to other: String) { changes.append(.move(from: path, to: other)) }

    /// Makes the changes in order. If one fails, the earlier ones are undone.
    ///
    /// - Throws: `MigrationError` with `.file`, or with `.duplicate` if a file exists that must not.
    func make() throws(MigrationError) {
        var undo: [() -> Void] = []
        do {
            for change in changes { undo += try make(change) }
        } catch {
            for step in undo.reversed() { step() }
            throw error
        }
    }

    private func make(_ change: Change) throws(MigrationError) -> [() -> Void] {
        switch change {
        case .create(let path, let bytes):
            var undo = try makeFolder(of: path)
            do {
                try Files.create(path, bytes, mode: 0o644)
            } catch {
                for step in undo.reversed() { step() }
                throw Self.failure(error, "be made")
            }
            undo.append { unlink(path) }
            return undo
        case .replace(let path, let bytes):
            let before = try? Files.bytes(of: path)
            try Self.replace(path, bytes)
            return [{ if let before { try? Files.replace(path, before) } }]
        case .move(let path, let other):
            // The file has two names for a moment, so that no existing file can be overwritten.
            guard link(path, other) == 0 else { throw Self.failure(.last(other), "be made of \(path)") }
            unlink(path)
            return [{ if link(other, path) == 0 { unlink(other) } }]
        }
    }

    private func makeFolder(of path: String) throws(MigrationError) -> [() -> Void] {
        guard let slash = path.lastIndex(of: "/") else { return [] }
        do {
            return try Files.makeFolders(String(path[..<slash]), mode: 0o755).map { folder in { rmdir(folder) } }
        } catch {
            throw Self.failure(error, "be made")
        }
    }

    /// Replaces a file completely or not at all.
    ///
    /// - Throws: `MigrationError` with `.file`.
    static func replace(_ path: String, _ bytes: [UInt8]) throws(MigrationError) {
        do {
            try Files.replace(path, bytes)
        } catch {
            throw MigrationError(.file, "\(path) could not be written", hint: "make the file and its folder writable")
        }
    }

    private static func failure(_ error: SystemError, _ what: String) -> MigrationError {
        MigrationError(
            error.number == EEXIST ? .duplicate : .file,
            "\(error.path) could not \(what): \(error)",
            hint: error.number == EEXIST ? "move it, or choose another name" : "make its folder writable"
        )
    }
}
