internal import Cryptography
package import Storage

/// The header of an encrypted file: the file key, wrapped once for each recipient, and an authentication code.
package struct AgeHeader: Sendable, Equatable {
    package var stanzas: [AgeStanza]
    /// The authentication code in the file.
    var mac: [UInt8]
    /// The payload begins here.
    package var byteCount: Int

    /// A longer header is refused.
    static let bytesMax = 1 << 20
    private static let version = "age-encryption.org/v1"
    private static let bodyColumns = 64

    init(_ stanzas: [AgeStanza], for key: AgeFileKey) throws(CryptographyError) {
        self.stanzas = stanzas
        mac = []
        byteCount = 0
        mac = try mac(with: key)
        byteCount = bytes.count
    }

    /// Whether a passphrase opens the file, and no identity.
    package var needsPassphrase: Bool { stanzas.contains { $0.type == ScryptStanza.type } }
}

// Writing.
extension AgeHeader {
    package var bytes: [UInt8] { authenticated + [UInt8(ascii: " ")] + Base64.text(mac) + [UInt8(ascii: "\n")] }

    /// The bytes that the authentication code covers.
    private var authenticated: [UInt8] {
        var bytes = Array("\(Self.version)\n".utf8)
        for stanza in stanzas {
            bytes += Array("-> \(stanza.words.joined(separator: " "))\n".utf8)
            var rest = Base64.text(stanza.body)[...]
            while rest.count >= Self.bodyColumns {
                bytes += rest.prefix(Self.bodyColumns) + [UInt8(ascii: "\n")]
                rest = rest.dropFirst(Self.bodyColumns)
            }
            // A line shorter than 64 columns ends the body, even if it is empty.
            bytes += rest + [UInt8(ascii: "\n")]
        }
        return bytes + Array("---".utf8)
    }

    private func mac(with key: AgeFileKey) throws(CryptographyError) -> [UInt8] {
        let secret = try KeyDerivation.hkdf(secret: key.bytes, info: Array("header".utf8), byteCount: 32)
        return HMACKey(secret).code(of: authenticated)
    }

    /// - Throws: `AgeError.authentication` if the header was changed after it was written.
    func require(_ key: AgeFileKey) throws {
        guard Secrets.areEqual(try mac(with: key), mac) else {
            throw AgeError(
                .authentication,
                "the header of the encryption does not fit its authentication code",
                hint: AgeError.verifyHint
            )
        }
    }
}

// Reading.
extension AgeHeader {
    /// - Throws: `AgeError.header`; `StorageError.io`.
    package init(_ source: any ByteSource) throws {
        for limit in [8 << 10, Self.bytesMax] {
            let bytes = try source.bytes(at: 0, count: min(source.byteCount, limit))
            do {
                self = try AgeHeader(bytes)
                return
            } catch let error as AgeError where bytes.count == source.byteCount || limit == Self.bytesMax {
                throw error
            } catch is AgeError {
                continue
            }
        }
        throw AgeError.header("is too long")
    }

    /// - Parameter bytes: The beginning of a file.
    /// - Throws: `AgeError.header`.
    package init(_ bytes: [UInt8]) throws {
        var lines = Lines(bytes)
        let version = try lines.next()
        guard version.elementsEqual(Self.version.utf8) else {
            let isOther = version.starts(with: "age-encryption.org/".utf8)
            throw AgeError.header(isOther ? "names another version than v1" : "has another beginning")
        }
        stanzas = []
        var line = try lines.next()
        while line.starts(with: "-> ".utf8) {
            stanzas.append(try Self.stanza(line, &lines))
            line = try lines.next()
        }
        guard !stanzas.isEmpty else { throw AgeError.header("names no recipient") }
        guard line.starts(with: "--- ".utf8), let mac = Base64.bytes(line.dropFirst(4)), mac.count == SHA256.byteCount
        else { throw AgeError.header("has a line that is neither a recipient nor its end") }
        self.mac = mac
        byteCount = lines.position
        try requireForms()
    }

    private static func stanza(_ line: ArraySlice<UInt8>, _ lines: inout Lines) throws -> AgeStanza {
        let words = line.dropFirst(3).split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard words.allSatisfy({ !$0.isEmpty && $0.allSatisfy { (33...126).contains($0) } }) else {
            throw AgeError.header("has a recipient with unexpected characters")
        }
        var body: [UInt8] = []
        while true {
            let line = try lines.next()
            // A full line has no unused bits, so it decodes on its own.
            guard line.count <= bodyColumns, let bytes = Base64.bytes(line) else {
                throw AgeError.header("has a line that is not base64")
            }
            body += bytes
            if line.count < bodyColumns { break }
        }
        return AgeStanza(words: words.map { String(decoding: $0, as: UTF8.self) }, body: body)
    }

    /// Known stanzas must have their exact form, and a passphrase must be alone: otherwise a file that claims to be made
    /// by someone who knows the passphrase could be made by others.
    private func requireForms() throws {
        for stanza in stanzas {
            if stanza.type == X25519Stanza.type { _ = try X25519Stanza(stanza) }
            if stanza.type == ScryptStanza.type {
                guard stanzas.count == 1 else { throw AgeError.header("mixes a passphrase with other recipients") }
                _ = try ScryptStanza(stanza)
            }
        }
    }

    private struct Lines {
        private let bytes: [UInt8]
        private(set) var position = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        mutating func next() throws -> ArraySlice<UInt8> {
            guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) else {
                throw AgeError.header("ends early")
            }
            defer { position = end + 1 }
            return bytes[position..<end]
        }
    }
}
