import Glibc
import Storage
import TestSupport
import Testing

@testable import AgeEncryption

/// The program `age`, which others use to read our files and to write theirs.
@Suite(.enabled(if: AgeProgram.isInstalled, "the program age is not installed"))
struct AgeInteropTests {
    /// On both sides of the end of a chunk; in the long run also a gigabyte.
    private static let counts =
        [0, 1, 65_535, 65_536, 65_537, 131_071, 131_072, 131_073, 5_000_000] + (isLongRun ? [1 << 30] : [])

    @Test(arguments: counts) func ageReadsOurFiles(_ count: Int) async throws {
        try await ScratchFolder.with { folder in
            let key = try AgeSecretKey()
            try AgeKeyFile.create(folder.file("key.txt"), key, createdAt: "now")
            let recipients = [try AgeSecretKey().recipient, key.recipient]
            let file = try FileSink(path: folder.file("a.age"))
            let age = try AgeSink(file, for: .recipients(recipients))
            let piece = pattern(min(count, 1_000_003))
            var written = 0
            while written < count {
                let part = piece.prefix(count - written)
                try part.withUnsafeBytes { try age.append($0) }
                written += part.count
            }
            try age.finish()
            try file.commit()
            let outcome = try await runCommand(
                "sh",
                ["-c", "age -d -i key.txt a.age > plain && sha256sum < plain"],
                workingDirectory: folder.path
            )
            #expect(outcome.status == 0, "\(outcome)")
            let source = try BackupSource(
                path: folder.file("a.age"),
                AgeKeyring(identities: { [.key(key)] }, passphrase: { _ in nil })
            )
            #expect(source.byteCount == count)
            #expect(Files.size(folder.file("plain")) == count)
            try expectEqual(source, try FileSource(path: folder.file("plain")))
        }
    }

    @Test(arguments: counts) func weReadFilesOfAge(_ count: Int) async throws {
        try await ScratchFolder.with { folder in
            let key = try AgeSecretKey()
            let outcome = try await runCommand(
                "sh",
                [
                    "-c",
                    "head -c \(count) /dev/urandom > plain && age -r \(key.recipient.text) plain > a.age"
                        + (count < 1 << 20 ? " && age -a -r \(key.recipient.text) plain > b.age" : ""),
                ],
                workingDirectory: folder.path
            )
            #expect(outcome.status == 0, "\(outcome)")
            let keyring = AgeKeyring(identities: { [.key(key)] }, passphrase: { _ in nil })
            let plain = try FileSource(path: folder.file("plain"))
            try expectEqual(try BackupSource(path: folder.file("a.age"), keyring), plain)
            if count < 1 << 20 { try expectEqual(try BackupSource(path: folder.file("b.age"), keyring), plain) }
        }
    }

    @Test func keysOfAgeAreReadAndOursByAge() async throws {
        try await ScratchFolder.with { folder in
            try AgeKeyFile.create(folder.file("ours.txt"), try AgeSecretKey(), createdAt: "now")
            let outcome = try await runCommand(
                "sh",
                [
                    "-c",
                    "umask 077; age-keygen -o theirs.txt 2>/dev/null; age-keygen -y theirs.txt; age-keygen -y ours.txt",
                ],
                workingDirectory: folder.path
            )
            let read = try ["theirs.txt", "ours.txt"].flatMap { try AgeKeyFile.identities(folder.file($0)) }
            #expect(outcome.stdout == read.map { $0.recipient.text + "\n" }.joined())
        }
    }

    private func expectEqual(_ one: BackupSource, _ other: FileSource) throws {
        #expect(one.byteCount == other.byteCount)
        for offset in stride(from: 0, to: one.byteCount, by: 8 << 20) {
            let count = min(8 << 20, one.byteCount - offset)
            #expect(try one.bytes(at: offset, count: count) == other.bytes(at: offset, count: count))
        }
    }
}

private enum AgeProgram {
    static let isInstalled = (getenv("PATH").map { String(cString: $0) } ?? "").split(separator: ":").contains {
        Files.isExecutable("\($0)/age") && Files.isExecutable("\($0)/age-keygen")
    }
}
