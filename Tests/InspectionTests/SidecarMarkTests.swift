import Archive
import Storage
import TestSupport
import Testing

@testable import Inspection

/// Notes in the small file beside a backup, and who may write them.
@Suite struct SidecarMarkTests {
    private let key = SealKey(String(repeating: "ours", count: 8))!
    private let stranger = SealKey(String(repeating: "other", count: 8))!

    private func sidecar(file: String = "a.zip", bytes: Int = 12, sha256: String = "ab") -> Sidecar {
        let manifest = Manifest(
            granary: "1",
            createdAt: "2026-11-01T00:00:00Z",
            environment: "production",
            database: .init(name: "shop", encoding: "UTF8", collate: "C", ctype: "C", owner: "app"),
            server: .init(version: "15.18", versionNumber: 150018),
            snapshot: "1",
            scope: .init()
        )
        return Sidecar(file: file, bytes: bytes, sha256: sha256, isEncrypted: false, manifest)
    }

    /// Notes a drill of `a.zip`, which has 12 bytes, beside what a file `a.zip.json` holds.
    private func mark(
        _ before: [UInt8]?,
        makes: Bool = true,
        _ check: (SidecarMark.Outcome, _ contents: [UInt8]?) throws -> Void
    ) async throws {
        try await ScratchFolder.with { folder in
            let place = folder.file("a.zip.json")
            if let before { try folder.write(before, to: "a.zip.json") }
            let outcome = try SidecarMark.set(
                folder.file("a.zip"),
                bytes: 12,
                in: .none,
                sealKeys: [key],
                orMake: makes ? (sidecar(), key) : nil
            ) { $0.drilledAt = "today" }
            try check(outcome, Files.exists(place) ? readFile(place) : nil)
        }
    }

    /// A sealed sidecar of `a.zip` with the note.
    private func expectNoted(_ outcome: SidecarMark.Outcome, _ contents: [UInt8]?) throws {
        #expect(outcome == .written)
        let contents = try #require(contents)
        var noted = try #require(Sidecar(contents))
        #expect(noted.isSealed(by: [key], contents))
        #expect(noted.drilledAt == "today")
        (noted.seal, noted.drilledAt, noted.verifiedAt) = (nil, nil, nil)
        #expect(noted == sidecar())
    }

    @Test func anOldNoteStays() async throws {
        var old = sidecar()
        old.verifiedAt = "yesterday"
        try await mark(old.contents(sealedBy: key)) { outcome, contents in
            try expectNoted(outcome, contents)
            #expect(try #require(Sidecar(contents ?? [])).verifiedAt == "yesterday")
        }
    }

    /// A lock of another installation counts too, because keeping is the safe side.
    @Test func aLockWithoutASealIsTakenOver() async throws {
        for (name, isKept) in [("a.zip", true), ("b.zip", false)] {
            var old = sidecar(file: name)
            (old.locked, old.lockedUntil) = (true, "2999-01-01T00:00:00Z")
            try await mark(old.contents(sealedBy: nil)) { outcome, contents in
                #expect(outcome == .written)
                let noted = try #require(Sidecar(contents ?? []))
                #expect(noted.locked == (isKept ? true : nil))
                #expect(noted.lockedUntil == (isKept ? "2999-01-01T00:00:00Z" : nil))
            }
        }
    }

    @Test func aMissingOneIsMadeOnlyIfTheBackupIsKnown() async throws {
        try await mark(nil, expectNoted)
        try await mark(nil, makes: false) { outcome, contents in
            #expect(outcome == .missing)
            #expect(contents == nil)
        }
    }

    @Test func oneOfAnotherInstallationIsLeftAlone() async throws {
        let before = try sidecar().contents(sealedBy: stranger)
        try await mark(before) { outcome, contents in
            #expect(outcome == .foreign)
            #expect(contents == before)
        }
    }

    @Test func anotherFileOfTheNameIsLeftAlone() async throws {
        let before = Array("{\"mine\": true}".utf8)
        try await mark(before) { outcome, contents in
            #expect(outcome == .otherFile)
            #expect(contents == before)
        }
    }

    @Test func oneAboutAnotherBackupIsReplaced() async throws {
        for old in [sidecar(file: "b.zip"), sidecar(bytes: 13), sidecar(sha256: "cd")] {
            try await mark(try old.contents(sealedBy: key), expectNoted)
        }
        let before = try sidecar(bytes: 13).contents(sealedBy: key)
        try await mark(before, makes: false) { outcome, contents in
            #expect(outcome == .missing)
            #expect(contents == before)
        }
    }

    @Test func oneWithoutAValidSealIsReplaced() async throws {
        try await mark(try sidecar().contents(sealedBy: nil), expectNoted)
        let sealed = String(decoding: try sidecar().contents(sealedBy: key), as: UTF8.self)
        try await mark(Array(sealed.replacing("production", with: "development").utf8), expectNoted)
    }
}
