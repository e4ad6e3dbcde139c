internal import FoundationEssentials
internal import Glibc

/// Changes to files that are made together or not at all.
struct FileChanges {
    private enum Change {
        case create(path: String, bytes: [UInt8])
        case replace(path: String, bytes: [UInt8])
        case move(from: String, to: String)
    }

    private var changes: [Change] = []

    /// A file that must not be there yet; its folder is made where it is missing.
    mutating func create(_ path: String, _ text: String) {
        changes.append(.create(path: path, bytes: Array(text.utf8)))
    }

    mutating func replace(_ path: String, _ bytes: [UInt8]) { changes.append(.replace(path: path, bytes: bytes)) }

    /// What is there under the new name stays.
    mutating func move(_ path: String, to other: String) { changes.append(.move(from: path, to: other)) }

    /// Makes them, in order. Where one fails, those before it are undone.
    ///
    /// - Throws: `MigrationError` with `.file`, or with `.duplicate` where a file is there that must not be.
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
            let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
            guard file >= 0 else {
                let error = Self.failure(path, "be made")
                for step in undo.reversed() { step() }
                throw error
            }
            undo.append { unlink(path) }
            guard WholeFile.write(bytes, to: file) else {
                let error = Self.failure(path, "be written")
                close(file)
                for step in undo.reversed() { step() }
                throw error
            }
            close(file)
            return undo
        case .replace(let path, let bytes):
            let before = try? Data(contentsOf: URL(filePath: path))
            try WholeFile.replace(path, with: bytes)
            return [{ if let before { try? WholeFile.replace(path, with: Array(before)) } }]
        case .move(let path, let other):
            // Two names of one file for a moment: so nothing that is there can be lost.
            guard link(path, other) == 0 else { throw Self.failure(other, "be made of \(path)") }
            unlink(path)
            return [{ if link(other, path) == 0 { unlink(other) } }]
        }
    }

    private func makeFolder(of path: String) throws(MigrationError) -> [() -> Void] {
        var undo: [() -> Void] = []
        var folder = ""
        for part in path.split(separator: "/", omittingEmptySubsequences: false).dropLast() {
            folder += folder.isEmpty && !path.hasPrefix("/") ? part : "/\(part)"
            guard !part.isEmpty, access(folder, F_OK) != 0 else { continue }
            guard mkdir(folder, 0o755) == 0 || errno == EEXIST else {
                let error = Self.failure(folder, "be made")
                for step in undo.reversed() { step() }
                throw error
            }
            let made = folder
            undo.append { rmdir(made) }
        }
        return undo
    }

    private static func failure(_ path: String, _ what: String) -> MigrationError {
        let number = errno
        return MigrationError(
            number == EEXIST ? .duplicate : .file,
            "\(path) could not \(what): \(String(cString: strerror(number)))",
            hint: number == EEXIST ? "move it away, or take another name" : "make its folder writable"
        )
    }
}
