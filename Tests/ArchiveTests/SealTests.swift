import Glibc
import Storage
import TestSupport
import Testing

@testable import Archive

/// The proof of which installation made an archive.
@Suite struct SealTests {
    private static let secret = String(repeating: "0123456789abcdef", count: 4)
    private let key: SealKey
    private let archive: [UInt8]

    init() throws {
        key = try #require(SealKey(Self.secret))
        archive = try Sample.small(sealedBy: key)
    }

    private func isSealed(_ archive: [UInt8], by keys: [SealKey]) throws -> Bool {
        try ArchiveReader(MemorySource(archive)).isSealed(by: keys)
    }

    private var otherKey: SealKey {
        get throws { try #require(SealKey(String(Self.secret.reversed()))) }
    }

    @Test func theKeyKnowsItsArchives() async throws {
        #expect(try isSealed(archive, by: [key]))
        #expect(try isSealed(archive, by: [otherKey, key]))
        #expect(try !isSealed(archive, by: [otherKey]))
        #expect(try !isSealed(archive, by: []))
        #expect(try !isSealed(Sample.small(), by: [key]))
        #expect(try await verify(archive).sentences == [])
    }

    /// Any change, in an otherwise valid archive.
    @Test(arguments: [
        ("CREATE TABLE", "CREATE TABLE"), ("\"rows\" : 40", "\"rows\" : 41"), ("\"users\"", "\"userz\""),
        ("\"name\" : \"shop\"", "\"name\" : \"shop\" "), ("\"sha256\" : \"", "\"sha256\" : \"0"),
    ])
    func aChangedManifestHasNoSeal(_ old: String, _ new: String) throws {
        let text = try Rebuilding.manifest(of: archive)
        guard text.contains(old) else { return }
        let changed = try Rebuilding.editingManifest(of: archive, old, new)
        #expect(try isSealed(changed, by: [key]) == (old == new))
    }

    @Test func eachBitOfTheManifestIsUnderTheSeal() throws {
        let text = Array(try Rebuilding.manifest(of: archive).utf8)
        var count = 0
        for position in stride(from: 0, to: text.count, by: 7) {
            var changed = text
            changed[position] ^= 1
            let file = try Rebuilding.replacingManifest(of: archive, by: String(decoding: changed, as: UTF8.self))
            // Most are no longer a valid manifest.
            guard let reader = try? ArchiveReader(MemorySource(file)) else { continue }
            #expect(try !reader.isSealed(by: [key]), "byte \(position)")
            count += 1
        }
        #expect(count > 100)
    }

    /// Another chunk in the same place, which fits the directory. The sealed manifest has the SHA-256 of the original.
    @Test func aChangedMemberIsFoundByTheManifest() throws {
        var members = try Rebuilding.members(of: archive)
        let place = try #require(members.firstIndex { $0.entry.name == "data/000002-keys/000001.copy" })
        let sizes = members[place].entry
        members[place] = LooseMember(sizes.name, contents: [UInt8](repeating: 0x0A, count: sizes.rawBytes))
        let reader = try ArchiveReader(MemorySource(Rebuilding.zip(members)))
        #expect(try reader.isSealed(by: [key]))
        #expect(archiveError { _ = try reader.rows(of: reader.manifest.tables[1].chunks[0]) }?.code == .damaged)
    }

    /// Follows the instructions in docs/archive-format.md with other tools.
    @Test func theSealMatchesTheDocumentation() throws {
        let text = try Rebuilding.manifest(of: archive)
        let seal = try #require(try ArchiveReader(MemorySource(archive)).manifest.seal)
        #expect(seal.key == shell("printf %s \(Self.secret) | sha256sum | cut -c1-16").output.trimmingNewline)
        let folder = Folder()
        let file = "\(folder.path)/manifest.json"
        try #require(shell("cat > '\(file)' <<'EOF'\n\(text)\nEOF").status == 0)
        let hmac = shell(
            "head -c -1 '\(file)' | sed 's/\(seal.hmac)/\(Manifest.Seal.zeros)/' | openssl dgst -sha256 -hmac \(Self.secret) -r | cut -c1-64"
        )
        #expect(hmac.output.trimmingNewline == seal.hmac)
    }

    /// A text that looks like the seal is covered by the seal like everything else.
    @Test func aTextThatLooksLikeTheSealIsNotASeal() throws {
        var sample = try Sample()
        let zeros = "\"hmac\" : \"\(Manifest.Seal.zeros)\""
        try sample.add(table: zeros, chunks: [["1\ta"]])
        sample.manifest.database.comment = zeros
        let archive = try sample.finish(sealedBy: key)
        #expect(try isSealed(archive, by: [key]))
        let hmac = try #require(try ArchiveReader(MemorySource(archive)).manifest.seal?.hmac)
        let twice = try Rebuilding.editingManifest(
            of: archive,
            "\"hmac\" : \"\(hmac)\"",
            "\"hmac\" : \"\(hmac)\",\n    \"hmac\" : \"\(hmac)\""
        )
        #expect((try? isSealed(twice, by: [key])) != true)
    }

    @Test func aKeyMayHaveBlanksAroundItButNotBeShort() throws {
        #expect(SealKey(" \n\(Self.secret)\r\n\n") == key)
        #expect(SealKey(String(repeating: "x", count: 31)) == nil)
        #expect(SealKey(String(repeating: "x", count: 32)) != nil)
        #expect(SealKey(String(repeating: " ", count: 64)) == nil)
        #expect(SealKey("") == nil)
        #expect(SealKey(SealKey.random()) != nil)
        #expect(SealKey.random() != SealKey.random())
    }
}

@Suite struct SealKeyFileTests {
    @Test func theFirstOneWhoAsksMakesIt() throws {
        let folder = Folder()
        let file = SealKeyFile(path: "\(folder.path)/config/granary/archive.key")
        #expect(try file.read() == nil)
        let key = try file.readOrMake()
        #expect(try file.readOrMake() == key)
        #expect(try file.read() == key)
        #expect(mode(file.path) == 0o600)
        #expect(mode("\(folder.path)/config") == 0o700)
        #expect(mode("\(folder.path)/config/granary") == 0o700)
        #expect(shell("ls '\(folder.path)/config/granary'").output == "archive.key\n")
    }

    @Test func manyAtOnceAgree() async throws {
        let folder = Folder()
        let path = "\(folder.path)/archive.key"
        let keys = await withTaskGroup(of: SealKey?.self) { group in
            for _ in 0..<8 { group.addTask { try? SealKeyFile(path: path).readOrMake() } }
            return await group.reduce(into: [SealKey?]()) { $0.append($1) }
        }
        let key = try #require(try SealKeyFile(path: path).read())
        #expect(keys == [SealKey?](repeating: key, count: 8))
    }

    @Test(arguments: [0o640, 0o604, 0o620, 0o602, 0o666])
    func aFileThatOthersMayKnowProvesNothing(_ mode: mode_t) throws {
        let folder = Folder()
        let file = SealKeyFile(path: "\(folder.path)/archive.key")
        _ = try file.readOrMake()
        chmod(file.path, mode)
        let error = try #require(#expect(throws: StorageError.self) { _ = try file.read() })
        #expect(error.description == "\(file.path) may be known to others, so it proves nothing")
        #expect(error.hint?.contains("remove it") == true)
    }

    @Test func invalidKeysAreRefused() throws {
        let folder = Folder()
        let path = "\(folder.path)/archive.key"
        try #require(shell("umask 077; printf 'short\\n' > '\(path)'").status == 0)
        #expect(keyError(path)?.message == "\(path) holds no key")
        try #require(shell("rm '\(path)'; mkdir '\(path)'").status == 0)
        #expect(keyError(path)?.message == "\(path) is not a file")
    }

    private func keyError(_ path: String) -> StorageError? {
        #expect(throws: StorageError.self) { _ = try SealKeyFile(path: path).read() }
    }

    private func mode(_ path: String) -> mode_t {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
    }
}

extension String {
    fileprivate var trimmingNewline: String { hasSuffix("\n") ? String(dropLast()) : self }
}
