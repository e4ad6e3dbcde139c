internal import Glibc
internal import Storage

/// Where identities and passphrases come from. They are read only when an encrypted file is opened.
package struct AgeKeyring: Sendable {
    let identities: @Sendable () throws -> [AgeIdentity]
    let passphrase: @Sendable (String) throws -> [UInt8]?

    /// - Parameters:
    ///   - identities: All identities; none if none is configured.
    ///   - passphrase: The passphrase of the named file; nil if there is no way to ask for it.
    package init(
        identities: @escaping @Sendable () throws -> [AgeIdentity],
        passphrase: @escaping @Sendable (String) throws -> [UInt8]?
    ) {
        self.identities = identities
        self.passphrase = passphrase
    }

    /// Opens only files that are not encrypted.
    package static let none = AgeKeyring(identities: { [] }, passphrase: { _ in nil })

    /// The file key of an encrypted file.
    func fileKey(_ header: AgeHeader, of name: String) throws -> AgeFileKey {
        if header.needsPassphrase {
            guard let text = try passphrase(name) else {
                throw AgeError(
                    .needsKey,
                    "\(name) is encrypted with a passphrase, and none was given",
                    hint: "GRANARY_PASSPHRASE_FILE names a file with the passphrase; at a terminal it is asked for"
                )
            }
            return try header.fileKey([.passphrase(text)])
        }
        let identities = try identities()
        guard !identities.isEmpty else {
            throw AgeError(
                .needsKey,
                "\(name) is encrypted, and no identity was given",
                hint: "--identity names the file with the identity of one of its recipients"
            )
        }
        return try header.fileKey(identities)
    }
}

/// Files with identities or recipients: one a line; lines that begin with `#` are comments.
package enum AgeKeyFile {
    /// A file of keys is small.
    private static let bytesMax = 1 << 20

    /// The identities in a file.
    ///
    /// - Parameters:
    ///   - passphrase: Opens a file that is itself encrypted with a passphrase.
    ///   - warn: Receives a sentence if the group of the file can read it.
    /// - Throws: `AgeError.key` for a file that everyone can read, or that holds no identity; `StorageError.io`.
    package static func identities(
        _ path: String,
        passphrase: (String) throws -> [UInt8]? = { _ in nil },
        warn: (String) -> Void = { _ in }
    ) throws -> [AgeSecretKey] {
        let bytes = try secretBytes(of: path, "identity", warn: warn)
        return try identities(in: try decrypted(bytes, path, passphrase), path)
    }

    /// - Parameter name: The name of the file, for messages.
    package static func identities(in text: [UInt8], _ name: String) throws -> [AgeSecretKey] {
        var keys: [AgeSecretKey] = []
        for (number, line) in lines(text) {
            guard let key = try AgeSecretKey(line) else {
                throw AgeError(
                    .key,
                    at: FilePlace(name, line: number),
                    "the line is not an identity of age",
                    hint:
                        "an identity begins with AGE-SECRET-KEY-1; plugins and post-quantum identities are not supported"
                )
            }
            keys.append(key)
        }
        guard !keys.isEmpty else {
            throw AgeError(.key, "\(name) holds no identity", hint: "`granary key new` makes one")
        }
        return keys
    }

    /// The recipients in a file.
    ///
    /// - Throws: `AgeError.key`; `StorageError.io`.
    package static func recipients(_ path: String) throws -> [AgeRecipient] {
        let recipients = try lines(try bytesAndMode(of: path).bytes).map { number, line -> AgeRecipient in
            do {
                return try AgeRecipient(line)
            } catch var error as AgeError {
                error.place = FilePlace(path, line: number)
                throw error
            }
        }
        guard !recipients.isEmpty else {
            throw AgeError(.key, "\(path) holds no recipient", hint: "a recipient begins with age1, one a line")
        }
        return recipients
    }

    /// Writes a new identity, readable only by its owner.
    ///
    /// - Parameter createdAt: For the comment in the file.
    /// - Throws: `StorageError.exists` if the file exists; `.io`.
    package static func create(_ path: String, _ key: AgeSecretKey, createdAt: String) throws {
        let text = "# created: \(createdAt)\n# public key: \(key.recipient.text)\n\(key.secretText)\n"
        do {
            if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
                try Files.makeFolders(String(path[..<slash]), mode: 0o700)
            }
            try Files.create(path, Array(text.utf8), mode: 0o600)
        } catch  where error.number == EEXIST {
            throw StorageError(
                .exists,
                "\(path) exists already",
                hint: "name another file; an identity is never replaced"
            )
        } catch {
            throw StorageError(error, "could not be made")
        }
    }

    /// The first line of a file with a passphrase.
    ///
    /// - Parameter warn: Receives a sentence if the group of the file can read it.
    /// - Throws: `AgeError.key` for a file that everyone can read, or an empty passphrase; `StorageError.io`.
    package static func passphrase(_ path: String, warn: (String) -> Void = { _ in }) throws -> [UInt8] {
        var text = Array(try secretBytes(of: path, "passphrase", warn: warn).prefix { $0 != UInt8(ascii: "\n") })
        if text.last == UInt8(ascii: "\r") { text.removeLast() }
        guard !text.isEmpty else { throw AgeError(.key, "the passphrase in \(path) is empty", hint: "write one line") }
        return text
    }
}

extension AgeKeyFile {
    private static func decrypted(
        _ bytes: [UInt8],
        _ path: String,
        _ passphrase: (String) throws -> [UInt8]?
    ) throws -> [UInt8] {
        let format = FileFormat(bytes)
        guard format == .age || format == .armoredAge else { return bytes }
        do {
            return try opened(bytes, isArmored: format == .armoredAge, path, passphrase)
        } catch let error as AgeError where error.isDamage {
            // The identity file is to blame, not the backup that it should open.
            throw AgeError(.key, at: FilePlace(path), error.message, hint: error.hint)
        } catch let error as StorageError where error.code == .damaged {
            throw AgeError(.key, at: FilePlace(path), error.message, hint: AgeError.verifyHint)
        }
    }

    private static func opened(
        _ bytes: [UInt8],
        isArmored: Bool,
        _ path: String,
        _ passphrase: (String) throws -> [UInt8]?
    ) throws -> [UInt8] {
        let source = MemorySource(isArmored ? try AgeArmor.decode(bytes) : bytes)
        let header = try AgeHeader(source)
        guard header.needsPassphrase, let text = try passphrase(path) else {
            throw AgeError(
                .needsKey,
                "\(path) is itself encrypted",
                hint:
                    "only a passphrase can open it; it is asked for at a terminal, or read from GRANARY_PASSPHRASE_FILE"
            )
        }
        let opened = try AgeSource(source, header, try header.fileKey([.passphrase(text)]), name: path)
        return try opened.bytes(at: 0, count: opened.byteCount)
    }

    private static func lines(_ text: [UInt8]) -> [(Int, String)] {
        // By bytes, because a carriage return and a line feed are one Character.
        text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
            .map { ($0.offset + 1, trimmed(String(decoding: $0.element, as: UTF8.self))) }
            .filter { !$0.1.isEmpty && !$0.1.hasPrefix("#") }
    }

    private static func trimmed(_ text: String) -> String {
        var line = text.drop(while: \.isWhitespace)
        while line.last?.isWhitespace == true { line.removeLast() }
        return String(line)
    }

    /// The bytes of a file that only its owner should read.
    ///
    /// - Parameter secret: A word for its content.
    private static func secretBytes(
        of path: String,
        _ secret: String,
        warn: (String) -> Void
    ) throws -> [UInt8] {
        let (bytes, mode) = try bytesAndMode(of: path)
        guard mode & 0o007 == 0 else {
            throw AgeError(
                .key,
                "everyone on this machine may read or write the \(secret) in \(path)",
                hint: "make it private, chmod 600, and make a new \(secret) if others may have read it"
            )
        }
        if mode & 0o070 != 0 {
            warn("the group of \(path) may read or write the \(secret) in it; chmod 600 makes it private")
        }
        return bytes
    }

    /// A pipe is read too: shells pass `<(command)` that way.
    private static func bytesAndMode(of path: String) throws -> (bytes: [UInt8], mode: UInt32) {
        do {
            let (bytes, mode) = try Files.bytesAndMode(of: path)
            guard bytes.count <= bytesMax else { throw AgeError(.key, "\(path) is too large for a file of keys") }
            return (bytes, mode)
        } catch let error as SystemError {
            throw StorageError(error, "could not be read")
        }
    }
}
