import TestSupport
import Testing

@testable import Storage

/// Objects beside backups, and the end of backups.
@Suite struct SmallObjectTests {
    private let address = "s3://\(TextStore.bucket)/x.json"

    @Test func whatIsThereIsNotReplaced() throws {
        let store = try TextStore()
        store["x.json"] = .init("mine", etag: "1")
        #expect(storageError { try store.stores.create(address, [1]) }?.code == .exists)
        #expect(store["x.json"]?.text == "mine")
        try store.stores.create("s3://\(TextStore.bucket)/y.json", Array("new".utf8))
        #expect(store["y.json"]?.text == "new")
    }

    /// As on a host that backs up, and that has no other rights than to write.
    @Test func whatCannotBeSeenIsNotReplaced() throws {
        let store = try TextStore { $0.method == "GET" || $0.method == "HEAD" ? .answer(403) : nil }
        store["x.json"] = .init("mine", etag: "1")
        #expect(storageError { try store.stores.create(address, [1]) }?.code == .exists)
        #expect(store["x.json"]?.text == "mine")
    }

    /// An old store ignores the condition, so nobody can know that the name is free.
    @Test func withoutRightsAndConditionsNothingIsWritten() throws {
        let store = try TextStore { request in
            if request.method == "GET" || request.method == "HEAD" { return .answer(403) }
            return request.target.contains("x.json") ? nil : .answer(200)
        }
        #expect(storageError { try store.stores.create(address, [1]) }?.code == .exists)
        #expect(store["x.json"] == nil)
    }

    @Test func whatIsBesideABackupIsEncryptedLikeItAndNotLocked() throws {
        let store = try TextStore()
        var settings = UploadSettings()
        (settings.serverSideEncryption, settings.kmsKey, settings.storageClass) = ("aws:kms", "key-1", "GLACIER")
        settings.retention = .init(mode: .compliance, until: 4_000_000_000)
        try store.stores.create(address, [1], settings)
        try store.stores.replace(address, [2], settings)
        let puts = store.requests.filter { $0.method == "PUT" }
        #expect(puts.count == 2)
        for put in puts {
            #expect(put.headers["x-amz-server-side-encryption"] == "aws:kms")
            #expect(put.headers["x-amz-server-side-encryption-aws-kms-key-id"] == "key-1")
            #expect(put.headers["x-amz-storage-class"] == nil && put.headers["x-amz-object-lock-mode"] == nil)
        }
    }

    @Test func anObjectThatWasReplacedIsNotDeleted() throws {
        let store = try TextStore()
        store["x.json"] = .init("listed", etag: "1")
        let bucket = try store.stores.bucket(TextStore.bucket)
        let listed = try #require(try bucket.objects(in: "").first)
        store["x.json"] = .init("newer!", etag: "2")
        #expect(storageError { try bucket.delete("x.json", contentTag: listed.contentTag) }?.code == .replaced)
        #expect(store["x.json"]?.text == "newer!")
        try bucket.delete("x.json", contentTag: "2")
        #expect(store["x.json"] == nil)
        try bucket.delete("x.json", contentTag: "2")
    }

    private static let withLock =
        "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>"

    @Test func aLegalHoldIsSetWhereTheBucketHasObjectLock() throws {
        let store = try TextStore { request in
            if request.target.hasSuffix("?object-lock=") { return .answer(200, body: Self.withLock) }
            let isMeant = String(decoding: request.body, as: UTF8.self).contains("<Status>ON</Status>")
            return request.target.hasSuffix("?legal-hold=") ? .answer(isMeant ? 200 : 400) : nil
        }
        store["x.zip"] = .init("content", etag: "1")
        try #expect(store.stores.setLegalHold(true, of: "s3://\(TextStore.bucket)/x.zip") == .done)
        let request = try #require(store.requests.last)
        #expect(request.method == "PUT" && request.target == "/\(TextStore.bucket)/x.zip?legal-hold=")
        #expect(request.headers["content-md5"] != nil)
        try #expect(store.stores.setLegalHold(true, of: "x.zip") == .unsupported)
    }

    /// A store that does not know the request would take it for a new content of the object.
    @Test(arguments: [
        (200, "<ListBucketResult/>"), (501, ""),
        (404, "<Error><Code>ObjectLockConfigurationNotFoundError</Code></Error>"),
        (400, "<Error><Code>InvalidRequest</Code></Error>"), (403, "<Error><Code>AccessDenied</Code></Error>"),
    ])
    func withoutObjectLockNothingIsSentToTheObject(_ status: Int, _ body: String) throws {
        let store = try TextStore { request in
            request.target.hasSuffix("?object-lock=") ? .answer(status, body: body) : nil
        }
        store["x.zip"] = .init("content", etag: "1")
        let outcome = try store.stores.setLegalHold(true, of: "s3://\(TextStore.bucket)/x.zip")
        #expect(outcome == (status == 403 ? .denied : .unsupported))
        #expect(store["x.zip"]?.text == "content" && store.requests.allSatisfy { $0.method == "GET" })
    }

    /// Where versions are kept, the store would hide it. A bucket may hold all objects by default.
    @Test(arguments: [
        ("legal-hold", "ON", true), ("legal-hold", "OFF", false),
        ("retain-until-date", "2999-01-01T00:00:00.000Z", true),
        ("retain-until-date", "2020-01-01T00:00:00.000Z", false),
    ])
    func anObjectThatTheStoreHoldsIsNotDeleted(_ header: String, _ value: String, _ isHeld: Bool) throws {
        let store = try TextStore { request in
            let headers = ["ETag": "\"1\"", "Content-Length": "7", "x-amz-object-lock-\(header)": value]
            return request.method == "HEAD" ? .answer(200, headers: headers) : nil
        }
        store["x.json"] = .init("content", etag: "1")
        try #expect(store.stores.isHeld(address) == isHeld)
        let bucket = try store.stores.bucket(TextStore.bucket)
        let error = storageError { try bucket.delete("x.json", contentTag: "1") }
        #expect(error?.code == (isHeld ? .held : nil))
        #expect((store["x.json"] != nil) == isHeld)
    }

    /// Another program replaces it between the look and the deletion.
    @Test func theStoreRefusesToDeleteWhatWasReplacedMeanwhile() throws {
        let store = try TextStore { request in request.method == "DELETE" ? .answer(412) : nil }
        store["x.json"] = .init("listed", etag: "1")
        let bucket = try store.stores.bucket(TextStore.bucket)
        #expect(storageError { try bucket.delete("x.json", contentTag: "1") }?.code == .replaced)
        #expect(store.requests.last { $0.method == "DELETE" }?.headers["if-match"] == "\"1\"")
    }

    @Test func aStoreWithoutConditionsForDeletionDeletes() throws {
        let store = try TextStore { request in
            request.headers["if-match"] != nil && request.method == "DELETE" ? .answer(501) : nil
        }
        store["x.json"] = .init("listed", etag: "1")
        try store.stores.bucket(TextStore.bucket).delete("x.json", contentTag: "1")
        #expect(store["x.json"] == nil)
    }

    @Test func aFileThatWasReplacedIsNotDeleted() async throws {
        try await ScratchFolder.with { folder in
            let path = try folder.write("old", to: "a.zip")
            let tag = try ObjectStores.none.open(path).contentTag
            try Files.replace(path, Array("new".utf8))
            #expect(storageError { try ObjectStores.none.delete(path, contentTag: tag) }?.code == .replaced)
            #expect(folder.names() == ["a.zip"])
            try ObjectStores.none.delete(path, contentTag: try ObjectStores.none.open(path).contentTag)
            #expect(folder.names().isEmpty)
        }
    }

    @Test func aLimitEndsTheReading() async throws {
        try await ScratchFolder.with { folder in
            let path = try folder.write("12345", to: "a")
            try #expect(ObjectStores.none.contents(of: path, limit: 5)?.count == 5)
            #expect(storageError { _ = try ObjectStores.none.contents(of: path, limit: 4) }?.code == .tooLarge)
        }
    }

    /// What the store says at the end of an upload is what its lists say.
    @Test(.enabled(if: ObjectStore.isAvailable, "\(ObjectStore.absence)"), arguments: [100, 12_000_000])
    func aFinishedUploadKnowsItsETag(_ count: Int) async throws {
        let store = try await ObjectStore.shared()
        let stores = ObjectStores(store.settings())
        let address = ObjectAddress(bucket: try store.newBucket(), key: "a.zip")
        var settings = UploadSettings()
        settings.partBytes = 5 << 20
        let sink = try ObjectSink(address, in: stores, settings)
        try write(count, to: sink)
        try sink.commit()
        let etag = try #require(sink.etag)
        #expect(!etag.isEmpty && !etag.contains("\""))
        let bucket = try stores.bucket(address.bucket)
        try #expect(bucket.objects(in: "").first { $0.key == "a.zip" }?.contentTag == etag)
        try #expect(stores.open(address.description).contentTag == etag)
        try bucket.delete("a.zip", contentTag: etag)
        try #expect(bucket.object("a.zip") == nil)
    }
}
