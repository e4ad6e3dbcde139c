import Glibc
import Storage
import TestSupport
import Testing

@testable import AgeEncryption

@Suite struct AgeKeyFileTests {
    private static let identity = "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0"

    private func withFile(
        _ text: String,
        mode: mode_t = 0o600,
        _ body: (String) throws -> Void
    ) async throws {
        try await ScratchFolder.with { folder in
            let path = try folder.write(text, to: "key.txt")
            chmod(path, mode)
            try body(path)
        }
    }

    @Test func aNewIdentityIsReadAgainAndOnlyItsOwnerCanReadIt() async throws {
        try await ScratchFolder.with { folder in
            let key = try AgeSecretKey()
            let path = folder.file("a/b/key.txt")
            try AgeKeyFile.create(path, key, createdAt: "now")
            #expect(fileMode(path) == 0o600)
            #expect(fileMode(folder.file("a/b")) == 0o700)
            #expect(try AgeKeyFile.identities(path).map(\.secretText) == [key.secretText])
            let error = #expect(throws: StorageError.self) {
                try AgeKeyFile.create(path, try AgeSecretKey(), createdAt: "now")
            }
            #expect(error?.code == .exists)
            #expect(try AgeKeyFile.identities(path).map(\.secretText) == [key.secretText])
        }
    }

    @Test func commentsAndBlankLinesAreLeftOut() async throws {
        try await withFile("# created\n\n  \(Self.identity)  \r\n# end\n\(Self.identity)") { path in
            try #expect(AgeKeyFile.identities(path).map(\.secretText) == [Self.identity, Self.identity])
        }
    }

    @Test func aFileThatEveryoneCanReadIsRefusedAndOneOfTheGroupIsNoted() async throws {
        for mode: mode_t in [0o604, 0o602, 0o777] {
            try await withFile(Self.identity, mode: mode) { path in
                #expect(ageError { _ = try AgeKeyFile.identities(path) }?.code == .key)
                #expect(ageError { _ = try AgeKeyFile.passphrase(path) }?.code == .key)
            }
        }
        for (mode, notes): (mode_t, Int) in [(0o640, 1), (0o620, 1), (0o600, 0), (0o400, 0)] {
            try await withFile(Self.identity, mode: mode) { path in
                var noted: [String] = []
                try #expect(AgeKeyFile.identities(path, warn: { noted.append($0) }).count == 1)
                #expect(noted.count == notes)
                _ = try AgeKeyFile.passphrase(path, warn: { noted.append($0) })
                #expect(noted.count == 2 * notes)
            }
        }
    }

    @Test func aFolderIsNoFileOfKeys() async throws {
        try await ScratchFolder.with { folder in
            let error = #expect(throws: StorageError.self) { try AgeKeyFile.passphrase(folder.path) }
            #expect(error?.message.contains("Is a directory") == true)
        }
    }

    @Test func aWrongLineIsNamedAndNotRepeated() async throws {
        let wrong = Self.identity.dropLast() + "1"
        try await withFile("# one\n\(wrong)\n") { path in
            let error = try #require(ageError { _ = try AgeKeyFile.identities(path) })
            #expect(error.description == "\(path):2: the line is not an identity of age")
            #expect(error.exitStatus == .usage)
        }
        try await withFile("# only a comment\n") { path in
            #expect(ageError { _ = try AgeKeyFile.identities(path) }?.code == .key)
        }
    }

    @Test func recipientsAreReadWithTheLineOfAWrongOne() async throws {
        let recipients = try (0..<2).map { _ in try AgeSecretKey().recipient }
        try await withFile("# team\n\(recipients[0].text)\n\(recipients[1].text)\n", mode: 0o644) { path in
            try #expect(AgeKeyFile.recipients(path) == recipients)
        }
        try await withFile("\(recipients[0].text)\n\(Self.identity)\n") { path in
            let error = try #require(ageError { _ = try AgeKeyFile.recipients(path) })
            #expect(error.description == "\(path):2: a recipient is wanted, and this is an identity, which is secret")
        }
    }

    @Test(arguments: ["", "age1", "age1qqqq", "ssh-ed25519 AAAA", "age1pq1xyz", "postgres"])
    func otherTextIsNoRecipient(_ text: String) {
        #expect(ageError { _ = try AgeRecipient(text) }?.code == .key)
    }

    @Test func anIdentityFileMayItselfBeEncrypted() async throws {
        let key = try AgeSecretKey()
        let file = try sealed(Array("\(key.secretText)\n".utf8), for: .passphrase(Array("word".utf8))).bytes
        try await ScratchFolder.with { folder in
            let path = try folder.write(file, to: "key.age")
            chmod(path, 0o600)
            let read = try AgeKeyFile.identities(path, passphrase: { _ in Array("word".utf8) })
            #expect(read.map(\.secretText) == [key.secretText])
            #expect(ageError { _ = try AgeKeyFile.identities(path) }?.code == .needsKey)
            // The identity file is to blame, not the backup that it should open.
            let wrong = ageError { _ = try AgeKeyFile.identities(path, passphrase: { _ in Array("other".utf8) }) }
            #expect(wrong?.description == "\(path): the passphrase does not open the file")
            #expect(wrong?.isDamage == false)
        }
    }

    @Test func thePassphraseIsTheFirstLine() async throws {
        for text in ["two words", "two words\n", "two words\r\nnot this\n"] {
            try await withFile(text) { try #expect(AgeKeyFile.passphrase($0) == Array("two words".utf8)) }
        }
        try await withFile("\nword\n") { path in
            #expect(ageError { _ = try AgeKeyFile.passphrase(path) }?.code == .key)
        }
    }

    @Test func identitiesAreReplacedInAnyText() {
        let text = "no file \(Self.identity.lowercased()), nor backups/\(Self.identity).zip"
        #expect(SecretKeyText.masked(text) == "no file AGE-SECRET-KEY-***, nor backups/AGE-SECRET-KEY-***.zip")
        #expect(SecretKeyText.masked("age-secret-ke") == "age-secret-ke")
        #expect(SecretKeyText.masked("é AGE-SECRET-KEY-1q") == "é AGE-SECRET-KEY-***")
        let hint = "an identity begins with AGE-SECRET-KEY-1; plugins are not supported"
        #expect(SecretKeyText.masked(hint) == hint)
    }
}

/// A file on disk, encrypted or not.
@Suite struct BackupSourceTests {
    private func keyring(_ keys: [AgeSecretKey], passphrase: String? = nil) -> AgeKeyring {
        AgeKeyring(identities: { keys.map(AgeIdentity.key) }, passphrase: { _ in passphrase.map { Array($0.utf8) } })
    }

    @Test func aFileInClearNeedsNoKey() async throws {
        try await ScratchFolder.with { folder in
            let path = try folder.write("content", to: "a.zip")
            let failing = AgeKeyring(
                identities: { throw CancellationError() },
                passphrase: { _ in throw CancellationError() }
            )
            let source = try BackupSource(path: path, failing)
            #expect(!source.isEncrypted)
            #expect(try source.bytes(at: 0, count: 7) == Array("content".utf8))
        }
    }

    @Test func anEncryptedFileIsRecognizedByItsContent() async throws {
        try await ScratchFolder.with { folder in
            let key = try AgeSecretKey()
            let path = try folder.write(
                try sealed(pattern(100_000), for: .recipients([key.recipient])).bytes,
                to: "a.zip"
            )
            let source = try BackupSource(path: path, keyring([key]))
            #expect(source.isEncrypted)
            #expect(source.byteCount == 100_000)
            #expect(source.fileByteCount > 100_000)
            var (content, piece): ([UInt8], [UInt8]) = ([], [UInt8](repeating: 0, count: 9_999))
            while true {
                let count = try piece.withUnsafeMutableBytes { try source.readSome(at: content.count, into: $0) }
                guard count > 0 else { break }
                content += piece[..<count]
            }
            #expect(content == pattern(100_000))
        }
    }

    @Test func withoutAKeyTheErrorSaysWhichIsMissing() async throws {
        try await ScratchFolder.with { folder in
            let key = try AgeSecretKey()
            let one = try folder.write(try sealed([1], for: .recipients([key.recipient])).bytes, to: "a.zip.age")
            let other = try folder.write(try sealed([1], for: .passphrase([1])).bytes, to: "b.zip.age")
            let missing = ageError { _ = try BackupSource(path: one, .none) }
            #expect(missing?.message == "\(one) is encrypted, and no identity was given")
            #expect(ageError { _ = try BackupSource(path: other, keyring([key])) }?.code == .needsKey)
            let unopened = ageError { _ = try BackupSource(path: one, keyring([try AgeSecretKey()])) }
            #expect(unopened?.code == .noMatch)
            #expect(unopened?.description == "\(one): no identity that was given opens the file")
        }
    }

    /// Bytes that no longer begin like an encrypted file are damage, and not a file of another kind.
    @Test func aDamagedBeginningIsDamage() async throws {
        try await ScratchFolder.with { folder in
            for content in ["", "xge-encryption.org/v1\n-> X", "-- a plain dump\n"] {
                let path = try folder.write(content, to: "a.sql.age")
                #expect(ageError { _ = try BackupSource(path: path, .none) }?.code == .header)
                #expect(try BackupSource.isEncrypted(FileSource(path: path)))
            }
        }
    }

    @Test func theWritersKeyOpensItsFileAndNoOther() async throws {
        try await ScratchFolder.with { folder in
            let recipient = try AgeSecretKey().recipient
            let (bytes, key) = try sealed([1, 2], for: .recipients([recipient]))
            let path = try folder.write(bytes, to: "a.zip.age")
            #expect(try BackupSource(path: path, writtenWith: key).bytes(at: 0, count: 2) == [1, 2])
            let (other, _) = try sealed([1, 2], for: .recipients([recipient]))
            let replaced = try folder.write(other, to: "b.zip.age")
            #expect(ageError { _ = try BackupSource(path: replaced, writtenWith: key) }?.code == .authentication)
        }
    }

    @Test func theTextFormIsRead() async throws {
        try await ScratchFolder.with { folder in
            let key = try AgeSecretKey()
            let bytes = try sealed(pattern(500), for: .recipients([key.recipient])).bytes
            var text = "-----BEGIN AGE ENCRYPTED FILE-----\n"
            for start in stride(from: 0, to: bytes.count, by: 48) {
                let line = Base64.text(bytes[start..<min(start + 48, bytes.count)])
                text +=
                    String(decoding: line, as: UTF8.self) + String(repeating: "=", count: (4 - line.count % 4) % 4)
                    + "\n"
            }
            let path = try folder.write(text + "-----END AGE ENCRYPTED FILE-----\n", to: "a.zip.age")
            let source = try BackupSource(path: path, keyring([key]))
            #expect(try source.bytes(at: 0, count: 500) == pattern(500))
        }
    }
}
