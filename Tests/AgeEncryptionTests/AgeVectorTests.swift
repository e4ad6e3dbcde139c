import Archive
import Cryptography
import Glibc
import Storage
import TestSupport
import Testing

@testable import AgeEncryption

/// The test vectors of the format's authors (C2SP CCTV), from the folder that GRANARY_AGE_VECTORS names.
@Suite(.enabled(if: AgeVector.folder != nil, "GRANARY_AGE_VECTORS names no folder with the vectors of age"))
struct AgeVectorTests {
    /// Without files the other tests would have nothing to do, and pass.
    @Test func theFolderHoldsTheVectors() { #expect(AgeVector.names.count > 50) }

    @Test(arguments: AgeVector.names) func eachVectorEndsAsItSays(_ name: String) throws {
        let vector = try AgeVector(name)
        #expect(vector.outcome() == vector.expected)
    }

    /// A header that is read is written with the same bytes.
    @Test(arguments: AgeVector.names) func headersAreWrittenAsTheyWereRead(_ name: String) throws {
        let vector = try AgeVector(name)
        guard !["header failure", "armor failure"].contains(vector.expected), let file = try? vector.binary() else {
            return
        }
        let header = try AgeHeader(file)
        #expect(header.bytes == Array(file[..<header.byteCount]))
    }

    /// With the key and the nonce of a vector the same bytes are written.
    @Test(arguments: AgeVector.names) func contentIsSealedAsTheVectorsSay(_ name: String) throws {
        let vector = try AgeVector(name)
        guard vector.expected == "success" else { return }
        let file = try vector.binary()
        let header = try AgeHeader(file)
        let content = try vector.source().content()
        let nonce = Array(file[header.byteCount..<header.byteCount + AgePayload.nonceByteCount])
        let sink = MemorySink()
        let age = try AgeSink(sink, header: header.bytes, AgeFileKey(bytes: vector.fileKey), nonce: nonce)
        try content.withUnsafeBytes { try age.append($0) }
        try age.finish()
        #expect(sink.bytes == file)
    }
}

struct AgeVector {
    static let folder = getenv("GRANARY_AGE_VECTORS").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }

    /// Hybrid recipients are not supported.
    static let names: [String] =
        folder.map { folder in
            ((try? Files.names(in: folder)) ?? []).filter { !$0.contains("hybrid") }
        } ?? []

    let expected: String
    let fileKey: [UInt8]
    private var identities: [AgeIdentity] = []
    private var payloadDigest: String?
    private var isArmored = false
    private let file: [UInt8]

    init(_ name: String) throws {
        let bytes = try Files.bytes(of: Files.joined(Self.folder ?? "", name))
        let end = try #require(bytes.indices.dropLast().first { bytes[$0] == 10 && bytes[$0 + 1] == 10 })
        var (expected, fileKey, isCompressed): (String, [UInt8], Bool) = ("", [], false)
        for line in String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\n") {
            let colon = try #require(line.firstIndex(of: ":"))
            let value = String(line[line.index(colon, offsetBy: 2)...])
            switch line[..<colon] {
            case "expect": expected = value
            case "payload": payloadDigest = value
            case "file key": fileKey = try #require(Hexadecimal.bytes(value))
            case "identity": identities.append(.key(try #require(try AgeSecretKey(value))))
            case "passphrase": identities.append(.passphrase(Array(value.utf8)))
            case "armored": isArmored = value == "yes"
            case "compressed": isCompressed = value == "zlib"
            default: break
            }
        }
        (self.expected, self.fileKey) = (expected, fileKey)
        let content = Array(bytes[(end + 2)...])
        file = isCompressed ? try Self.unpacked(content) : content
    }

    private static func unpacked(_ bytes: [UInt8]) throws -> [UInt8] {
        var position = 0
        var reader = GzipReader(name: "vector", frame: .zlib) { memory in
            let count = min(memory.count, bytes.count - position)
            memory.copyBytes(from: bytes[position..<position + count])
            position += count
            return count
        }
        var (content, piece): ([UInt8], [UInt8]) = ([], [UInt8](repeating: 0, count: 1 << 20))
        while true {
            let count = try piece.withUnsafeMutableBytes { try reader.read(into: $0) }
            guard count > 0 else { return content }
            content += piece[..<count]
        }
    }

    func binary() throws -> [UInt8] { isArmored ? try AgeArmor.decode(file) : file }

    func source() throws -> AgeSource { try opened(try binary(), identities) }

    /// What happens, in the words of the vectors. Content counts only if it has the digest of the vector.
    func outcome() -> String {
        do {
            let content = try source().content()
            guard SHA256.text(of: content) == payloadDigest else { return "other content" }
            return "success"
        } catch let error as AgeError {
            switch error.code {
            case .header: return "header failure"
            case .authentication: return "HMAC failure"
            case .noMatch: return "no match"
            case .payload: return released() == payloadDigest ? "payload failure" : "other content before the failure"
            case .armor: return "armor failure"
            case .key, .needsKey: return "\(error)"
            }
        } catch let error as StorageError where error.code == .damaged {
            return released() == payloadDigest ? "payload failure" : "other content before the failure"
        } catch {
            return "\(error)"
        }
    }

    /// The digest of the chunks that open one after the other, which a reader of a stream would release.
    private func released() -> String? {
        guard let file = try? binary(), let header = try? AgeHeader(file) else { return nil }
        let start = header.byteCount + AgePayload.nonceByteCount
        guard file.count >= start, let key = try? header.fileKey(identities),
            let cipher = try? AgePayload.cipher(key, nonce: Array(file[header.byteCount..<start]))
        else { return nil }
        var (content, chunk, position): ([UInt8], Int, Int) = ([], 0, start)
        while file.count - position >= ChaCha20Poly1305.tagByteCount {
            let sealed = Array(file[position..<min(position + AgePayload.sealedChunkByteCount, file.count)])
            var room = [UInt8](repeating: 0, count: sealed.count - ChaCha20Poly1305.tagByteCount)
            func opens(isLast: Bool) -> Bool {
                let nonce = AgePayload.nonce(of: chunk, isLast: isLast)
                return sealed.withUnsafeBytes { sealed in
                    room.withUnsafeMutableBytes { room in
                        (try? cipher.open(sealed, nonce: nonce, into: room)) != nil
                    }
                }
            }
            let isFull = sealed.count == AgePayload.sealedChunkByteCount
            if isFull, opens(isLast: false) {
                content += room
                chunk += 1
                position += sealed.count
            } else {
                // Only the content of a whole payload may be empty.
                if opens(isLast: true), !room.isEmpty || chunk == 0 { content += room }
                break
            }
        }
        return SHA256.text(of: content)
    }
}
