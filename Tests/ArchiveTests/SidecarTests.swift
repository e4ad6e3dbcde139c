import Storage
import TestSupport
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

    /// Someone who may only write could otherwise lay the sidecar of one backup beside another.
    @Test func ofAnObjectItIsAboutOnePlaceAndOneContent() {
        var sidecar = sidecar(isEncrypted: false)
        let path = "s3://shop/daily/a.zip"
        #expect(!sidecar.isAbout(path, bytes: 12, contentTag: ""))
        (sidecar.address, sidecar.etag) = (path, "e-1")
        #expect(sidecar.isAbout(path, bytes: 12, contentTag: "e-1"))
        #expect(!sidecar.isAbout(path, bytes: 12, contentTag: "e-2"))
        #expect(!sidecar.isAbout(path, bytes: 13, contentTag: "e-1"))
        for other in ["s3://shop/weekly/a.zip", "s3://other/daily/a.zip", "s3://shop/daily/b.zip"] {
            #expect(!sidecar.isAbout(other, bytes: 12, contentTag: "e-1"))
        }
        sidecar.etag = nil
        #expect(!sidecar.isAbout(path, bytes: 12, contentTag: ""))
    }

    @Test func ofAFileItIsAboutItsNameAndSize() {
        let sidecar = sidecar(isEncrypted: false)
        #expect(sidecar.isAbout("backups/a.zip", bytes: 12, contentTag: "x"))
        #expect(!sidecar.isAbout("backups/b.zip", bytes: 12, contentTag: "x"))
        #expect(!sidecar.isAbout("backups/a.zip", bytes: 13, contentTag: "x"))
    }

    /// `--output s3://shop/app` writes its sidecar to `app.json`, which may be a file of the application.
    @Test func itReplacesAnEarlierSidecarAndNoOtherFile() async throws {
        let store = try TextStore()
        try await ScratchFolder.with { folder in
            for (path, stores) in [
                (folder.file("app"), ObjectStores.none), ("s3://\(TextStore.bucket)/app", store.stores),
            ] {
                func write(_ sidecar: Sidecar) throws {
                    try SidecarFile.write(sidecar, beside: path, sealedBy: key, in: stores)
                }
                func written() throws -> String {
                    String(decoding: try stores.contents(of: path + Sidecar.ending) ?? [], as: UTF8.self)
                }
                try write(sidecar(isEncrypted: true))
                try write(sidecar(isEncrypted: false))
                try #expect(written().contains("secret_plans"))
                for foreign in ["{}", String(repeating: " ", count: Sidecar.bytesMax + 1)] {
                    try stores.replace(path + Sidecar.ending, Array(foreign.utf8))
                    let error = #expect(throws: StorageError.self) { try write(sidecar(isEncrypted: false)) }
                    #expect(error?.code == .exists)
                    try #expect(written() == foreign)
                }
            }
        }
    }

    @Test func aFileThatCannotBeReadIsNotReplaced() async throws {
        let store = try TextStore { $0.method == "GET" || $0.method == "HEAD" ? .answer(403) : nil }
        store["app.json"] = .init("{}", etag: "1")
        let error = #expect(throws: StorageError.self) {
            try SidecarFile.write(
                sidecar(isEncrypted: false),
                beside: "s3://\(TextStore.bucket)/app",
                sealedBy: key,
                in: store.stores
            )
        }
        #expect(error?.code == .exists)
        #expect(store["app.json"]?.text == "{}")
    }

    /// A bucket may refuse what is not encrypted.
    @Test func theStoreEncryptsItLikeItsBackup() throws {
        let store = try TextStore()
        var sidecar = sidecar(isEncrypted: false)
        (sidecar.serverSideEncryption, sidecar.kmsKey) = ("aws:kms", "key-1")
        try SidecarFile.write(sidecar, beside: "s3://\(TextStore.bucket)/app", sealedBy: key, in: store.stores)
        let put = try #require(store.requests.last { $0.method == "PUT" })
        #expect(put.headers["x-amz-server-side-encryption"] == "aws:kms")
        #expect(put.headers["x-amz-server-side-encryption-aws-kms-key-id"] == "key-1")
    }
}
