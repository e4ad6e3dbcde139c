internal import Glibc

/// Replaces a file by another content, whole or not at all, and leaves its mode as it was.
enum WholeFile {
    /// - Throws: `MigrationError` with `.file`.
    static func replace(_ path: String, with bytes: [UInt8]) throws(MigrationError) {
        // A link stays one: what it points at is replaced.
        let target = realpath(path, nil).map { pointer in
            defer { free(pointer) }
            return String(cString: pointer)
        }
        let place = target ?? path
        var status = stat()
        let mode = stat(place, &status) == 0 ? status.st_mode & 0o777 : 0o644
        var template = Array("\(place).XXXXXX".utf8CString)
        let file = mkstemp(&template)
        guard file >= 0 else { throw failure(path) }
        let draft = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let isWritten = write(bytes, to: file) && fchmod(file, mode) == 0 && fsync(file) == 0
        close(file)
        guard isWritten, rename(draft, place) == 0 else {
            let error = failure(path)
            unlink(draft)
            throw error
        }
    }

    static func write(_ bytes: [UInt8], to file: CInt) -> Bool {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress! + written, $0.count - written) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            written += count
        }
        return true
    }

    private static func failure(_ path: String) -> MigrationError {
        MigrationError(.file, "\(path) could not be written", hint: "make the file and its folder writable")
    }
}
