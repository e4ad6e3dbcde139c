import AgeEncryption
import Archive
import Glibc
import Storage
import TestSupport
import Testing

@testable import GranaryCommands
@testable import Inspection

/// What is believed of files in a folder or in a bucket.
@Suite struct CatalogueTests {
    private let key = SealKey(String(repeating: "k", count: 32))
    /// An encrypted file that nobody here can open.
    private let content = """
        age-encryption.org/v1
        -> X25519 TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc
        EmECAEcKN+n/Vs9SbWiV+Hu0r+E8R77DdWYyd83nw7U
        --- Vn+54jqiiUCE+WZcEVY3f1sqHjlu/z1LCQ/T7Xm7qI0
        0123456789012345678901234567890123456789
        """
    private let folder = "s3://\(TextStore.bucket)/"
    private let path = "s3://\(TextStore.bucket)/a.zip.age"

    private func sidecar(
        _ name: String = "a.zip.age",
        address: String? = nil,
        etag: String? = nil,
        sha256: String = "",
        createdAt: String = "2026-11-01T00:00:00Z"
    ) -> Sidecar {
        let manifest = Manifest(
            granary: "1",
            createdAt: createdAt,
            environment: "production",
            database: .init(name: "shop", encoding: "UTF8", collate: "C", ctype: "C", owner: "app"),
            server: .init(version: "15.18", versionNumber: 150018),
            snapshot: "1",
            scope: .init()
        )
        var sidecar = Sidecar(file: name, bytes: content.utf8.count, sha256: sha256, isEncrypted: true, manifest)
        (sidecar.address, sidecar.etag, sidecar.verifiedAt) = (address, etag, "2026-11-02T00:00:00Z")
        return sidecar
    }

    private func text(_ sidecar: Sidecar, sealed: Bool = true) throws -> String {
        String(decoding: try sidecar.contents(sealedBy: sealed ? key : nil), as: UTF8.self)
    }

    private func read(_ folder: String, _ stores: ObjectStores = .none) async throws -> BackupCatalogue {
        let keys = [key].compactMap(\.self)
        return try await BackupCatalogue.read(folder: folder, keyring: .none, stores: stores, sealKeys: keys)
    }

    /// The only backup of a bucket with this sidecar beside it.
    private func entry(_ sidecar: Sidecar, sealed: Bool = true) async throws -> BackupCatalogue.Entry {
        let store = try TextStore()
        store["a.zip.age"] = .init(content, etag: "e-1")
        store["a.zip.age.json"] = .init(try text(sidecar, sealed: sealed), etag: "s")
        return try #require(try await read(folder, store.stores).entries.first)
    }

    @Test func aSealedSidecarOfThisContentIsBelieved() async throws {
        let entry = try await entry(sidecar(address: path, etag: "e-1"))
        #expect(entry.isCertain && entry.facts?.verifiedAt != nil)
        #expect(entry.modified == 1_795_418_100)
    }

    /// A backup was replaced by one of the same size, and its description could not be written.
    @Test func aSidecarOfAnEarlierContentIsNotBelieved() async throws {
        let entry = try await entry(sidecar(address: path, etag: "e-0"))
        #expect(!entry.isCertain && entry.sidecar == nil)
        #expect(Retention(last: 1).decide(BackupCatalogue(folder: "", entries: [entry])).isEmpty)
    }

    /// Someone who may write lays an old sidecar beside garbage.
    @Test func aSidecarOfAnotherPlaceIsNotBelieved() async throws {
        for address in ["s3://\(TextStore.bucket)/old/a.zip.age", "s3://other/a.zip.age", nil] {
            let entry = try await entry(sidecar(address: address, etag: "e-1"))
            #expect(!entry.isCertain && entry.sidecar == nil, "\(address ?? "-")")
        }
    }

    @Test func aSidecarWithoutOurSealTellsNoFacts() async throws {
        let forged = sidecar(address: path, etag: "e-1", createdAt: "2999-01-01T00:00:00Z")
        let entry = try await entry(forged, sealed: false)
        #expect(!entry.isCertain && entry.facts == nil && entry.sidecar != nil)
        let json = CatalogueListing.entry.document(entry).text
        for fact in ["\"whole\":null", "\"certain\":false", "\"verified_at\":null", "\"sha256\":null"] {
            #expect(json.contains(fact), "\(json)")
        }
    }

    /// Otherwise a good backup would count as incomplete.
    @Test func anInterruptIsNoDamage() async throws {
        var ends: [CInt] = [-1, -1]
        try #require(pipe(&ends) == 0)
        let (reading, writing) = (ends[0], ends[1])
        defer {
            close(reading)
            close(writing)
        }
        let store = try TextStore { request in
            guard request.target.contains("a.zip.age") else { return nil }
            var byte: UInt8 = 1
            write(writing, &byte, 1)
            return .stall
        }
        store["a.zip.age"] = .init(content, etag: "e-1")
        var settings = store.settings
        settings.wake = reading
        let stores = ObjectStores(settings)
        await #expect(throws: CancellationError.self) { _ = try await read(folder, stores) }
    }

    @Test(arguments: ["GET /shop/a.zip.age.json", "HEAD /shop/a.zip.age"])
    func aStoreThatRefusesIsAnErrorAndNoDamage(_ refused: String) async throws {
        let store = try TextStore { request in
            let target = request.target.split(separator: "?").first ?? ""
            return "\(request.method) \(target)" == refused ? .answer(403) : nil
        }
        store["a.zip.age"] = .init(content, etag: "e-1")
        store["a.zip.age.json"] = .init(try text(sidecar(address: path, etag: "e-0")), etag: "s")
        let error = await #expect(throws: StorageError.self) { _ = try await read(folder, store.stores) }
        #expect(error?.code == .denied)
    }

    /// One in an archive of the store is neither damaged nor an error.
    @Test func anArchivedObjectIsUnknown() async throws {
        let store = try TextStore { request in
            request.method == "GET" && request.target.contains("a.zip.age")
                ? .answer(403, body: "<Error><Code>InvalidObjectState</Code></Error>") : nil
        }
        store["a.zip.age"] = .init(content, etag: "e-1")
        store["b.zip"] = .init("garbage", etag: "e-2")
        let entries = try await read(folder, store.stores).entries
        #expect(entries.count == 2)
        for entry in entries {
            let json = CatalogueListing.entry.document(entry).text
            #expect(json.contains("\"whole\":\(entry.file == "b.zip" ? "false" : "null")"), "\(json)")
        }
    }

    @Test func aFileThatItsSidecarDoesNotDescribeIsNotDeleted() async throws {
        try await ScratchFolder.with { folder in
            let sha256 = try ObjectStores.none.open(try folder.write(content, to: "b.zip.age")).sha256()
            try folder.write(text(sidecar("b.zip.age", sha256: sha256)), to: "b.zip.age.json")
            try folder.write(content, to: "a.zip.age")
            try folder.write(text(sidecar(sha256: String(repeating: "0", count: 64))), to: "a.zip.age.json")
            let entries = try await read(folder.path).entries
            #expect(entries.map(\.isCertain) == [true, true])
            let error = #expect(throws: StorageError.self) { try BackupDeletion.delete(entries, in: .none) }
            #expect(error?.code == .replaced && error?.message.contains("a.zip.age") == true)
            #expect(folder.names() == ["a.zip.age", "a.zip.age.json"])
        }
    }

    /// A file that takes the place of a locked one is not locked, and one of unclear origin is not deleted.
    @Test func aSidecarOfAnotherFileKeepsTheFile() async throws {
        try await ScratchFolder.with { folder in
            try folder.write(content + "!", to: "a.zip.age")
            try folder.write(text(sidecar()), to: "a.zip.age.json")
            let entry = try #require(try await read(folder.path).entries.first)
            #expect(entry.hasStrangeSidecar && entry.sidecar == nil && entry.whyNeverPruned != nil)
        }
    }

    @Test func aLockThatWasSetAfterTheListHolds() async throws {
        try await ScratchFolder.with { folder in
            let sha256 = try ObjectStores.none.open(try folder.write(content, to: "a.zip.age")).sha256()
            try folder.write(text(sidecar(sha256: sha256)), to: "a.zip.age.json")
            let entries = try await read(folder.path).entries
            let lock = DeletionLock(stores: .none, sealKeys: [key].compactMap(\.self))
            let outcome = try lock.set(true, entries[0]) { nil }
            #expect(outcome == .init(hold: .unsupported, note: .written))
            let error = #expect(throws: StorageError.self) { try BackupDeletion.delete(entries, in: .none) }
            #expect(error?.code == .held)
            #expect(folder.names() == ["a.zip.age", "a.zip.age.json"])
            let listed = try await read(folder.path).entries
            #expect(listed.map(\.isLocked) == [true])
            // Nothing else of the description has changed.
            let unlocked = try lock.set(false, entries[0]) { nil }
            #expect(unlocked.note == .written)
            let before = try text(sidecar(sha256: sha256))
            #expect(String(decoding: folder.read("a.zip.age.json"), as: UTF8.self) == before)
            try BackupDeletion.delete(try await read(folder.path).entries, in: .none)
            #expect(folder.names().isEmpty)
        }
    }

    /// Such as one that only another user may read. Here it is a link to itself, which root cannot read either.
    @Test func aDescriptionThatCannotBeReadMayBeALock() async throws {
        try await ScratchFolder.with { folder in
            let sha256 = try ObjectStores.none.open(try folder.write(content, to: "a.zip.age")).sha256()
            try folder.write(text(sidecar(sha256: sha256)), to: "a.zip.age.json")
            let listed = try await read(folder.path).entries
            #expect(listed.map(\.whyNeverPruned) == [nil])
            unlink(folder.file("a.zip.age.json"))
            try #require(symlink("a.zip.age.json", folder.file("a.zip.age.json")) == 0)
            let error = #expect(throws: StorageError.self) { try BackupDeletion.delete(listed, in: .none) }
            #expect(error?.message.contains("a.zip.age.json") == true)
            let entry = try #require(try await read(folder.path).entries.first)
            #expect(entry.sidecarProblem?.contains("a.zip.age.json") == true && entry.whyNeverPruned != nil)
            #expect(folder.names() == ["a.zip.age", "a.zip.age.json"])
        }
    }

    /// The description is replaced by a folder in time, so that it cannot be deleted.
    @Test func aBackupThatIsGoneIsToldEvenIfItsDescriptionStays() async throws {
        try await ScratchFolder.with { folder in
            let sha256 = try ObjectStores.none.open(try folder.write(content, to: "a.zip.age")).sha256()
            let place = try folder.write(text(sidecar(sha256: sha256)), to: "a.zip.age.json")
            let entries = try await read(folder.path).entries
            var gone: [String] = []
            #expect(throws: StorageError.self) {
                try BackupDeletion.delete(entries, in: .none) { entry in
                    gone.append(entry.path)
                    unlink(place)
                    mkdir(place, 0o700)
                }
            }
            #expect(gone == [folder.file("a.zip.age")])
            #expect(folder.names() == ["a.zip.age.json"])
        }
    }

    @Test func whatSomeoneElseHasDeletedMeanwhileIsNoFailure() async throws {
        try await ScratchFolder.with { folder in
            var entries: [BackupCatalogue.Entry] = []
            for name in ["a.zip.age", "b.zip.age"] {
                let sha256 = try ObjectStores.none.open(try folder.write(content, to: name)).sha256()
                try folder.write(text(sidecar(name, sha256: sha256)), to: "\(name).json")
            }
            entries = try await read(folder.path).entries
            unlink(folder.file("b.zip.age"))
            try BackupDeletion.delete(entries, in: .none)
            #expect(folder.names().isEmpty)
        }
    }

    /// It has no description, and no key here opens it.
    @Test func anEncryptedFileWithoutASidecarCannotBeLocked() async throws {
        try await ScratchFolder.with { folder in
            try folder.write(content, to: "a.zip.age")
            let entry = try #require(try await read(folder.path).entries.first)
            let lock = DeletionLock(stores: .none, sealKeys: [key].compactMap(\.self))
            let (locked, unlocked) = (try lock.set(true, entry) { key }, try lock.set(false, entry) { key })
            #expect(locked == .init(hold: .unsupported, note: .missing))
            #expect(unlocked == .init(hold: .unsupported, note: nil))
            #expect(folder.names() == ["a.zip.age"])
        }
    }

    @Test func aMarkIsOnlyNotedAboutTheContentThatWasRead() throws {
        let store = try TextStore()
        store["a.zip.age"] = .init(content, etag: "e-1")
        let before = try text(sidecar(address: path, etag: "e-1"))
        store["a.zip.age.json"] = .init(before, etag: "s")
        func mark(_ contentTag: String?, _ sha256: String?) throws -> Bool {
            try SidecarMark.set(
                path,
                bytes: content.utf8.count,
                contentTag: contentTag,
                sha256: sha256,
                in: store.stores,
                sealKeys: [key].compactMap(\.self)
            ) { $0.drilledAt = "2026-11-03T00:00:00Z" } == .written
        }
        try #expect(!mark("e-0", nil))
        try #expect(!mark(nil, "other"))
        #expect(store["a.zip.age.json"]?.text == before)
        try #expect(mark("e-1", ""))
        #expect(store["a.zip.age.json"]?.text.contains("2026-11-03") == true)
    }

    @Test func theListShowsLocksIfThereAreAny() throws {
        var entries = ["2026-11-02T00:00:00Z", "2026-11-01T00:00:00Z"].map { InspectionTests.entry($0) }
        func lines() -> [String] {
            CatalogueListing(catalogue: BackupCatalogue(folder: "", entries: entries)).lines(width: nil)
        }
        #expect(lines()[0].hasSuffix("masked"))
        let manifest = try #require(entries[1].manifest)
        entries[1].sidecar = Sidecar(file: entries[1].file, bytes: 1, sha256: "", isEncrypted: false, manifest)
        entries[1].sidecar?.locked = true
        #expect(
            lines()[0].hasSuffix("locked") && lines()[1].hasSuffix("no") && lines()[2].hasSuffix("yes"),
            "\(lines())"
        )
    }

    /// A hostile store may say any size.
    @Test func largeSizesAreAddedWithoutATrap() {
        let entries = ["a.zip", "b.zip"].map {
            BackupCatalogue.Entry(file: $0, path: $0, bytes: .max, content: .unreadable(""))
        }
        let listing = CatalogueListing(catalogue: BackupCatalogue(folder: "", entries: entries))
        #expect(listing.lines(width: nil).last?.hasPrefix("2 files, ") == true)
        let decisions = entries.map { Retention.Decision(entry: $0, reasons: []) }
        let pruned = PruneListing(catalogue: listing.catalogue, decisions: decisions, isDryRun: true).lines(width: nil)
        #expect(pruned.last?.hasPrefix("2 backups would be deleted") == true)
    }
}
