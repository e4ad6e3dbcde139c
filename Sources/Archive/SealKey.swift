internal import Cryptography
internal import FoundationEssentials
internal import Glibc

/// A secret of an installation, by which it recognizes its own archives.
///
///     backup   the seal's digits are zeros → HMAC-SHA-256 of `manifest.json` → the digits
///     restore  the digits → zeros again → the same HMAC
///
/// The manifest holds the SHA-256 of every member, so the seal covers the whole archive.
package struct SealKey: Sendable, Equatable {
    /// A shorter secret could be guessed.
    package static let bytesMin = 32

    private let secret: [UInt8]

    /// - Parameter secret: Any text; surrounding blanks are removed. nil if it is too short.
    package init?(_ secret: String) {
        let text = secret.utf8.drop(while: \.isBlank)
        let end = text.lastIndex { !$0.isBlank }.map(text.index(after:)) ?? text.startIndex
        self.secret = Array(text[..<end])
        guard self.secret.count >= SealKey.bytesMin else { return nil }
    }

    /// A new secret: 256 random bits as hexadecimal digits.
    package static func random() -> String { Hexadecimal.text(Secrets.randomBytes(32)) }

    /// The key's name in a seal: 16 digits of its SHA-256, which reveal nothing about it.
    package var name: String { String(SHA256.text(of: secret).prefix(16)) }

    func hmac(of bytes: [UInt8]) -> String { Hexadecimal.text(HMACKey(secret).code(of: bytes)) }

    func made(_ hmac: String, of bytes: [UInt8]) -> Bool {
        guard let code = Hexadecimal.bytes(hmac) else { return false }
        return Secrets.areEqual(code, HMACKey(secret).code(of: bytes))
    }
}

/// A document that carries its own seal.
protocol Sealable: Encodable {
    var seal: Manifest.Seal? { get set }
}

extension Manifest: Sealable {}

extension Sealable {
    /// The document as JSON, with a seal if there is a key.
    func sealedContents(by key: SealKey?) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        var document = self
        document.seal = key.map { Manifest.Seal(key: $0.name, hmac: Manifest.Seal.zeros) }
        let contents = Array(try encoder.encode(document))
        guard let key, let seal = document.seal, let sealed = SealedBytes(contents, seal) else { return contents }
        return sealed.with(key.hmac(of: contents))
    }
}

/// The bytes of a document with the digits of a seal in them.
struct SealedBytes {
    private var bytes: [UInt8]
    private let digits: Range<Int>

    /// - Returns: nil unless the seal occurs exactly once, in the form in which granary writes it. Inside a text the
    ///   quotes would be preceded by backslashes.
    init?(_ bytes: [UInt8], _ seal: Manifest.Seal) {
        let lead = Array("\"hmac\" : \"".utf8)
        let wanted = lead + Array(seal.hmac.utf8) + [UInt8(ascii: "\"")]
        guard seal.hmac.utf8.count == Manifest.Seal.zeros.utf8.count, let place = bytes.onlyPlace(of: wanted) else {
            return nil
        }
        self.bytes = bytes
        digits = place + lead.count..<place + wanted.count - 1
    }

    func with(_ hmac: String) -> [UInt8] {
        var bytes = bytes
        bytes.replaceSubrange(digits, with: hmac.utf8)
        return bytes
    }
}

extension [UInt8] {
    /// The position of `other`, if it occurs exactly once.
    fileprivate func onlyPlace(of other: [UInt8]) -> Int? {
        var found: Int?
        var position = 0
        while let next = firstPlace(of: other, from: position) {
            guard found == nil else { return nil }
            found = next
            position = next + 1
        }
        return found
    }

    private func firstPlace(of other: [UInt8], from start: Int) -> Int? {
        withUnsafeBytes { bytes in
            var position = start
            while position + other.count <= bytes.count {
                let rest = bytes.count - other.count + 1 - position
                guard let found = memchr(bytes.baseAddress! + position, CInt(other[0]), rest) else { return nil }
                position = UnsafeRawPointer(found) - bytes.baseAddress!
                if has(other, at: position) { return position }
                position += 1
            }
            return nil
        }
    }
}

extension UInt8 {
    fileprivate var isBlank: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
}
