import Testing

@testable import Archive

/// The small file beside a backup.
@Suite struct SidecarTests {
    private let key = SealKey(String(repeating: "k", count: 32))

    private func sidecar(isEncrypted: Bool) -> Sidecar {
        var manifest = FormatDocument.everyKey
        manifest.scope = .init(schemas: ["secret_plans"], tables: ["secret_plans.names"])
        return Sidecar(file: "a.zip", bytes: 12, sha256: "ab", isEncrypted: isEncrypted, manifest)
    }

    @Test func itIsReadAsItWasWritten() throws {
        for key in [nil, key] {
            let contents = try sidecar(isEncrypted: false).contents(sealedBy: key)
            var read = try #require(Sidecar(contents))
            #expect(read.isSealed(by: [key].compactMap(\.self), contents) == (key != nil))
            read.seal = nil
            #expect(read == sidecar(isEncrypted: false))
        }
    }

    @Test func anyChangeBreaksItsSeal() throws {
        let key = try #require(key)
        let contents = try sidecar(isEncrypted: false).contents(sealedBy: key)
        let text = String(decoding: contents, as: UTF8.self).replacing("\"bytes\" : 12", with: "\"bytes\" : 13")
        let changed = Array(text.utf8)
        let read = try #require(Sidecar(changed))
        #expect(read.bytes == 13)
        #expect(!read.isSealed(by: [key], changed))
        let other = try #require(SealKey(String(repeating: "o", count: 32)))
        let untouched = try #require(Sidecar(contents))
        #expect(!untouched.isSealed(by: [other], contents))
    }

    /// An encrypted backup hides the names of its schemas and tables.
    @Test func ofAnEncryptedBackupItTellsNoNames() throws {
        let clear = String(decoding: try sidecar(isEncrypted: false).contents(sealedBy: key), as: UTF8.self)
        let hidden = String(decoding: try sidecar(isEncrypted: true).contents(sealedBy: key), as: UTF8.self)
        #expect(clear.contains("secret_plans"))
        #expect(!hidden.contains("secret_plans"))
        #expect(sidecar(isEncrypted: true).backup.selectionDigest == sidecar(isEncrypted: false).backup.selectionDigest)
    }

    @Test(arguments: ["", "{}", "[]", "{\"format\": 2}", "not JSON"]) func otherFilesAreNoSidecars(_ text: String) {
        #expect(Sidecar(Array(text.utf8)) == nil)
    }
}
