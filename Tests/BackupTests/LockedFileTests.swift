import Archive
import Storage
import TestSupport
import Testing

@testable import Backup

/// A backup that `granary backups lock` protects is not replaced.
@Suite struct LockedFileTests {
    private func sidecar(_ place: String? = nil, bytes: Int = 4, isLocked: Bool = true) throws -> [UInt8] {
        let manifest = Manifest(
            granary: "1",
            createdAt: "2026-11-01T00:00:00Z",
            database: .init(name: "shop", encoding: "UTF8", collate: "C", ctype: "C", owner: "app"),
            server: .init(version: "15.18", versionNumber: 150018),
            snapshot: "1",
            scope: .init()
        )
        var sidecar = Sidecar(file: "a.zip", bytes: bytes, sha256: "", isEncrypted: false, manifest)
        (sidecar.locked, sidecar.address, sidecar.etag) = (isLocked ? true : nil, place, "e-1")
        return try sidecar.contents(sealedBy: nil)
    }

    private func require(_ path: String, overwrite: Bool = true, in stores: ObjectStores = .none) throws {
        var options = BackupOptions(output: .file(path: path, overwrite: overwrite))
        options.stores = stores
        try options.requireUnlocked()
    }

    @Test func aNoteAboutTheFileCountsAndNoOther() async throws {
        try await ScratchFolder.with { folder in
            let path = try folder.write("PK..", to: "a.zip")
            try require(path)
            for (note, isLocked) in try [
                (sidecar(), true), (sidecar(isLocked: false), false), (sidecar(bytes: 5), false),
                (Array("{}".utf8), false),
            ] {
                try folder.write(note, to: "a.zip.json")
                guard isLocked else {
                    try require(path)
                    continue
                }
                let error = #expect(throws: BackupError.self) { try require(path) }
                #expect(error?.code == .locked && error?.exitStatus == .refused)
                #expect(error?.hint?.hasPrefix("granary backups unlock \(path) ends the lock") == true)
                // That is an error of its own.
                try require(path, overwrite: false)
            }
        }
    }

    /// Of what may only be written, it is not known whether it is locked.
    @Test func ofAnObjectTheNoteMustBeReadable() throws {
        let path = "s3://\(TextStore.bucket)/a.zip"
        for isDenied in [false, true] {
            let store = try TextStore { isDenied && $0.method != "PUT" ? .answer(403) : nil }
            store["a.zip"] = .init("PK..", etag: "e-1")
            store["a.zip.json"] = .init(String(decoding: try sidecar(path), as: UTF8.self), etag: "e-2")
            guard !isDenied else {
                try require(path, in: store.stores)
                continue
            }
            let error = #expect(throws: BackupError.self) { try require(path, in: store.stores) }
            #expect(error?.code == .locked)
            // Another content has taken the name.
            store["a.zip"] = .init("PK..", etag: "e-3")
            try require(path, in: store.stores)
        }
    }
}
