import Storage
import Testing

@testable import AgeEncryption

/// Encrypting and decrypting in one process.
@Suite struct AgeFileTests {
    /// Lengths on both sides of every boundary of a chunk, and of what is passed on at once.
    @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 131_071, 131_072, 131_073, 1 << 20, (1 << 20) + 1])
    func contentOfAnyLengthComesBack(_ count: Int) throws {
        let key = try AgeSecretKey()
        let content = pattern(count)
        let file = try sealed(content, for: .recipients([key.recipient]), step: 70_000).bytes
        let source = try opened(file, [.key(key)])
        #expect(source.byteCount == count)
        #expect(try source.content() == content)
        let header = try AgeHeader(file).byteCount
        #expect(file.count == header + 16 + count + 16 * max(1, (count + 65_535) / 65_536))
    }

    @Test(arguments: [1, 1000, 65_536, 100_000, 1 << 20]) func thePiecesInWhichContentComesDoNotMatter(
        _ step: Int
    ) throws {
        let key = try AgeSecretKey()
        let content = pattern(step == 1 ? 70_000 : 300_000)
        let file = try sealed(content, for: .recipients([key.recipient]), step: step).bytes
        #expect(try opened(file, [.key(key)]).content() == content)
    }

    @Test func anyRangeIsRead() throws {
        let key = try AgeSecretKey()
        let content = pattern(200_000)
        let source = try opened(try sealed(content, for: .recipients([key.recipient])).bytes, [.key(key)])
        for offset in [0, 1, 65_535, 65_536, 131_071, 199_999, 200_000] {
            for count in [0, 1, 2, 65_536, 65_537] where offset + count <= content.count {
                #expect(try source.bytes(at: offset, count: count) == Array(content[offset..<offset + count]))
            }
        }
        #expect(throws: StorageError.self) { try source.bytes(at: 199_999, count: 2) }
        #expect(throws: StorageError.self) { try source.bytes(at: -1, count: 1) }
    }

    @Test func manyThreadsReadAtOnce() async throws {
        let key = try AgeSecretKey()
        let content = pattern(300_000)
        let source = try opened(try sealed(content, for: .recipients([key.recipient])).bytes, [.key(key)])
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for task in 0..<8 {
                group.addTask {
                    try (0..<40).allSatisfy {
                        let offset = (task * 37_919 + $0 * 7_001) % 290_000
                        return try source.bytes(at: offset, count: 9_999) == Array(content[offset..<offset + 9_999])
                    }
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }

    @Test func eachRecipientOpensTheFileAndNobodyElse() throws {
        let keys = try (0..<3).map { _ in try AgeSecretKey() }
        let file = try sealed([1, 2, 3], for: .recipients(keys.map(\.recipient))).bytes
        for key in keys { #expect(try opened(file, [.key(try AgeSecretKey()), .key(key)]).content() == [1, 2, 3]) }
        #expect(ageError { _ = try opened(file, [.key(try AgeSecretKey())]) }?.code == .noMatch)
        #expect(ageError { _ = try opened(file, [.passphrase([1])]) }?.code == .noMatch)
    }

    @Test func aPassphraseOpensTheFile() throws {
        let audience = AgeAudience.passphrase(Array("correct horse".utf8))
        let file = try sealed([4, 5], for: audience).bytes
        #expect(try AgeHeader(file).needsPassphrase)
        #expect(try opened(file, [.passphrase(Array("correct horse".utf8))]).content() == [4, 5])
        #expect(ageError { _ = try opened(file, [.passphrase(Array("correct".utf8))]) }?.code == .noMatch)
    }

    @Test func theWriterReadsItsFileWithoutAnIdentity() throws {
        let (file, key) = try sealed([7], for: .recipients([try AgeSecretKey().recipient]))
        let header = try AgeHeader(file)
        try header.require(key)
        #expect(try AgeSource(MemorySource(file), header, key, name: "memory").content() == [7])
        #expect(ageError { try header.require(.random()) }?.code == .authentication)
    }

    @Test func everyFileHasANewKey() throws {
        let key = try AgeSecretKey()
        #expect(
            try sealed([], for: .recipients([key.recipient])).key != sealed([], for: .recipients([key.recipient])).key
        )
    }

    @Test func withoutItsEndTheFileCountsAsCutOff() throws {
        let key = try AgeSecretKey()
        let sink = MemorySink()
        let age = try AgeSink(sink, for: .recipients([key.recipient]))
        try pattern(2 << 20).withUnsafeBytes { try age.append($0) }
        #expect(ageError { _ = try opened(sink.bytes, [.key(key)]) }?.code == .payload)
        try age.finish()
        #expect(try opened(sink.bytes, [.key(key)]).byteCount == 2 << 20)
        #expect(throws: StorageError.self) {
            try [UInt8](repeating: 0, count: 1).withUnsafeBytes { try age.append($0) }
        }
    }
}

/// A sink that is full after some bytes.
private final class FullSink: ByteSink {
    let byteCount = 0
    func append(_ bytes: UnsafeRawBufferPointer) throws {
        if bytes.count > 1000 { throw StorageError(.io, "full") }
    }
}

@Suite struct FailingSinkTests {
    @Test func afterAFailedWriteNothingIsTaken() throws {
        let age = try AgeSink(FullSink(), for: .recipients([try AgeSecretKey().recipient]))
        let content = pattern(1 << 20)
        var failures = 0
        for _ in 0..<5 {
            do { try content.withUnsafeBytes { try age.append($0) } } catch { failures += 1 }
        }
        #expect(failures == 4)  // The first megabyte is not passed on before the second arrives.
        #expect(throws: StorageError.self) { try age.finish() }
    }
}

/// A file that was changed after it was written.
@Suite struct DamagedAgeFileTests {
    private static let key = try! AgeSecretKey()  // A new key needs no input.

    @Test func anyFlippedBitIsNoticed() throws {
        let content = pattern(100)
        let file = try sealed(content, for: .recipients([Self.key.recipient])).bytes
        for bit in 0..<8 * file.count {
            var changed = file
            changed[bit / 8] ^= 1 << (bit % 8)
            let error = ageError { _ = try opened(changed, [.key(Self.key)]).content() }
            #expect(error?.isDamage == true, "bit \(bit)")
        }
    }

    @Test func anyCutIsNoticed() throws {
        let file = try sealed(pattern(100), for: .recipients([Self.key.recipient])).bytes
        for count in 0..<file.count {
            let error = ageError { _ = try opened(Array(file[..<count]), [.key(Self.key)]) }
            #expect(error?.isDamage == true, "\(count) bytes")
        }
        #expect(ageError { _ = try opened(file + [0], [.key(Self.key)]) }?.code == .payload)
    }

    /// Also at the end of a chunk, where what is left would be whole if the last chunk were not marked.
    @Test(arguments: [1, 2, 3]) func aCutAtTheEndOfAChunkIsNoticed(_ chunks: Int) throws {
        let file = try sealed(pattern(4 * 65_536), for: .recipients([Self.key.recipient])).bytes
        let header = try AgeHeader(file).byteCount
        let cut = Array(file[..<(header + 16 + chunks * 65_552)])
        #expect(ageError { _ = try opened(cut, [.key(Self.key)]) }?.code == .payload)
    }

    @Test func chunksBeforeAChangedOneAreReadAndThoseInItAreNot() throws {
        let content = pattern(4 * 65_536)
        var file = try sealed(content, for: .recipients([Self.key.recipient])).bytes
        let start = try AgeHeader(file).byteCount + 16
        file[start + 65_552 + 1000] ^= 1
        let source = try opened(file, [.key(Self.key)])
        #expect(try source.bytes(at: 0, count: 65_536) == Array(content[..<65_536]))
        #expect(try source.bytes(at: 131_072, count: 65_536) == Array(content[131_072..<196_608]))
        for offset in [65_536, 131_071] {
            let error = #expect(throws: StorageError.self) { try source.bytes(at: offset, count: 1) }
            #expect(error?.code == .damaged)
        }
        #expect(throws: StorageError.self) { try source.bytes(at: 0, count: 65_537) }
    }

    @Test func chunksThatChangePlacesAreNoticed() throws {
        let file = try sealed(pattern(3 * 65_536), for: .recipients([Self.key.recipient])).bytes
        let start = try AgeHeader(file).byteCount + 16
        let (one, two) = (file[start..<start + 65_552], file[(start + 65_552)..<(start + 131_104)])
        let swapped = Array(file[..<start]) + two + one + file[(start + 131_104)...]
        #expect(throws: StorageError.self) { try opened(swapped, [.key(Self.key)]).bytes(at: 0, count: 1) }
    }
}
