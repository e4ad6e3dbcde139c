package import Storage

/// A file with a backup or a dump as all its readers see it: as it is, or decrypted if it is encrypted.
package final class BackupSource: ByteSource {
    package var path: String { file.path }
    /// Bytes of content, decrypted.
    package let byteCount: Int
    /// Bytes of the file.
    package var fileByteCount: Int { file.byteCount }
    /// nil unless the file is encrypted.
    package let header: AgeHeader?
    private let file: any StoredFile
    private let content: any ByteSource

    package var isEncrypted: Bool { header != nil }

    /// - Throws: `AgeError`; `StorageError.io`.
    package convenience init(_ file: any StoredFile, _ keyring: AgeKeyring) throws {
        try self.init(file) { header in try keyring.fileKey(header, of: file.path) }
    }

    /// - Parameter path: A file, or the address of an object.
    /// - Throws: `AgeError`; `StorageError`; `CancellationError`.
    package convenience init(path: String, _ keyring: AgeKeyring, in stores: ObjectStores = .none) throws {
        try self.init(try stores.open(path), keyring)
    }

    /// A file that this process wrote.
    ///
    /// - Parameter key: The key that it was written with; nil if it is not encrypted.
    /// - Throws: `AgeError` if the file was changed; `StorageError.io`.
    package convenience init(path: String, writtenWith key: AgeFileKey?, in stores: ObjectStores = .none) throws {
        try self.init(try stores.open(path)) { header in
            guard let key else {
                throw AgeError(.needsKey, "\(path) is encrypted, and was written in clear", hint: AgeError.verifyHint)
            }
            try header.require(key)
            return key
        }
    }

    /// Whether a file is encrypted, or was before it was damaged.
    ///
    /// - Throws: `StorageError.io`.
    package static func isEncrypted(_ file: any StoredFile) throws -> Bool {
        let prefix = try prefix(of: file)
        return isBinary(file, prefix) || AgeArmor.begins(prefix)
    }

    private static func prefix(of file: any StoredFile) throws -> [UInt8] {
        try file.bytes(at: 0, count: min(file.byteCount, FileFormat.prefixBytes))
    }

    /// Damage to its first bytes must not turn an encrypted file into a file of another kind.
    private static func isBinary(_ file: any StoredFile, _ prefix: [UInt8]) -> Bool {
        FileFormat(prefix) == .age || file.path.hasSuffix(".age") && !AgeArmor.begins(prefix)
    }

    private init(_ file: any StoredFile, _ fileKey: (AgeHeader) throws -> AgeFileKey) throws {
        self.file = file
        let opened = try AgeError.at(file.path) { () -> (header: AgeHeader, content: any ByteSource)? in
            guard let sealed = try Self.sealed(file) else { return nil }
            let header = try AgeHeader(sealed)
            return (header, try AgeSource(sealed, header, try fileKey(header), name: file.path))
        }
        let content = opened?.content ?? file
        (self.header, self.content, byteCount) = (opened?.header, content, content.byteCount)
    }

    /// The binary form of an encrypted file; nil for a file that is not encrypted.
    private static func sealed(_ file: any StoredFile) throws -> (any ByteSource)? {
        let prefix = try prefix(of: file)
        if isBinary(file, prefix) { return file }
        guard AgeArmor.begins(prefix) else { return nil }
        guard file.byteCount <= AgeArmor.bytesMax else {
            throw AgeError(
                .armor,
                "the file is too large for the text form of the encryption",
                hint: "decrypt it first: age --decrypt --identity KEYFILE \(file.path)"
            )
        }
        return MemorySource(try AgeArmor.decode(try file.bytes(at: 0, count: file.byteCount)))
    }

    package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
        try content.read(at: offset, into: buffer)
    }

    /// Reads as many bytes as there are. Returns the number of bytes, 0 at the end.
    ///
    /// - Throws: `StorageError`.
    package func readSome(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard isEncrypted else { return try file.readSome(at: offset, into: buffer) }
        let count = max(0, min(buffer.count, byteCount - offset))
        try content.read(at: offset, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
        return count
    }

    /// The SHA-256 of the file as it is, encrypted or not, as 64 hexadecimal digits.
    ///
    /// - Throws: `StorageError`; `CancellationError`.
    package func fileSHA256() throws -> String { try file.sha256() }

    /// See `StoredFile.contentTag`.
    package var contentTag: String { file.contentTag }

    /// Whether the opened file still has the size and the modification time that it had when it was opened.
    package var isUnchanged: Bool { get throws { try file.isUnchanged } }
}
