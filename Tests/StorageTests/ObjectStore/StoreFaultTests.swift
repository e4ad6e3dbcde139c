import Basics
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import Storage

/// What goes wrong between this machine and a store: after it the object is there whole, or it is not there.
@Suite(.enabled(if: ObjectStore.isAvailable, "\(ObjectStore.absence)"))
struct StoreFaultTests {
    private static let count = 23_000_000

    private static var smallParts: UploadSettings {
        var settings = UploadSettings()
        settings.partBytes = 5 << 20
        return settings
    }

    /// Counts the requests of one kind.
    private final class Counter: Sendable {
        private let count = Mutex(0)
        func next() -> Int {
            count.withLock {
                $0 += 1
                return $0
            }
        }
    }

    enum Fault: String, CaseIterable, Sendable {
        case partsCut, partAnswerLost, unavailable, throttled, beginAnswerLost, failedCompletion, unwellCompletion
        case lostCompletion, conflictedCompletion, expiredToken, otherRegion, dripping, lockedByDefault

        func deed(_ request: HTTPProxy.Request, _ counter: () -> Int) -> HTTPProxy.Deed {
            switch self {
            case .partsCut: request.isPart && counter() % 2 == 1 ? .close : .pass
            case .partAnswerLost: request.isPart && counter() == 2 ? .loseAnswer : .pass
            case .unavailable: request.isPart && counter() <= 4 ? .answer(503, body: Self.error("SlowDown")) : .pass
            case .throttled: counter() == 3 ? .answer(429) : .pass
            case .beginAnswerLost: request.isBeginning && counter() == 1 ? .answer(500) : .pass
            case .failedCompletion:
                request.isCompletion && counter() <= 2
                    ? .answer(200, body: "\n\n" + Self.error("InternalError")) : .pass
            case .unwellCompletion: request.isCompletion && counter() == 1 ? .answer(500) : .pass
            case .lostCompletion: request.isCompletion && counter() == 1 ? .loseAnswer : .pass
            case .expiredToken:
                request.isPart && counter() == 3 ? .answer(400, body: Self.error("ExpiredToken")) : .pass
            case .otherRegion:
                request.headers["authorization"]?.contains("/eu-west-7/s3/") == true
                    ? .pass
                    : .answer(301, headers: ["x-amz-bucket-region": "eu-west-7"], body: Self.error("PermanentRedirect"))
            case .conflictedCompletion:
                request.isCompletion && counter() == 1
                    ? .answer(409, body: Self.error("ConditionalRequestConflict")) : .pass
            case .lockedByDefault:
                // Amazon's words, for a bucket that locks all its objects.
                request.method == "PUT" && request.headers["content-md5"] == nil
                    ? .answer(
                        400,
                        body: Self.error(
                            "InvalidRequest",
                            "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests "
                                + "with Object Lock parameters"
                        )
                    ) : .pass
            case .dripping: request.isBeginning ? .drip(50) : .pass
            }
        }

        static func error(_ code: String, _ message: String = "Told") -> String {
            "<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>\(message)</Message></Error>"
        }
    }

    @Test(arguments: Fault.allCases) func anObjectIsWholeInSpiteOf(_ fault: Fault) async throws {
        let store = try await ObjectStore.shared()
        let counter = Counter()
        let proxy = try HTTPProxy(before: store.port) { request, _ in fault.deed(request, counter.next) }
        let address = ObjectAddress(bucket: try store.newBucket(), key: "shop.zip")
        let stores = ObjectStores(store.settings(endpoint: proxy.endpoint))
        let sink = try ObjectSink(address, in: stores, Self.smallParts)
        try write(Self.count, to: sink)
        try sink.commit()
        let direct = ObjectStores(store.settings())
        try expectPattern(try direct.open(address.description), Self.count)
        try #expect(direct.bucket(address.bucket).uploads(prefix: "").isEmpty)
    }

    enum Refusal: String, CaseIterable, Sendable {
        case partsDenied, deniedCompletion, failedCompletion, goneUpload, storeGone

        func deed(_ request: HTTPProxy.Request) -> HTTPProxy.Deed {
            switch self {
            case .partsDenied: request.isPart ? .answer(403, body: Fault.error("AccessDenied")) : .pass
            case .deniedCompletion: request.isCompletion ? .answer(403, body: Fault.error("AccessDenied")) : .pass
            case .failedCompletion: request.isCompletion ? .answer(200, body: Fault.error("EntityTooSmall")) : .pass
            case .goneUpload: request.isCompletion ? .answer(404, body: Fault.error("NoSuchUpload")) : .pass
            case .storeGone: request.isPart ? .answer(501) : .pass
            }
        }
    }

    @Test(arguments: Refusal.allCases) func anObjectIsNotThereAfter(_ refusal: Refusal) async throws {
        let store = try await ObjectStore.shared()
        let proxy = try HTTPProxy(before: store.port) { request, _ in refusal.deed(request) }
        let address = ObjectAddress(bucket: try store.newBucket(), key: "shop.zip")
        let stores = ObjectStores(store.settings(endpoint: proxy.endpoint))
        let sink = try ObjectSink(address, in: stores, Self.smallParts)
        let error = storageError {
            try write(Self.count, to: sink)
            try sink.commit()
        }
        #expect(error?.hint?.isEmpty == false, "\(String(describing: error))")
        sink.discard()
        let bucket = try ObjectStores(store.settings()).bucket(address.bucket)
        try #expect(bucket.object(address.key) == nil)
        try #expect(bucket.uploads(prefix: "").isEmpty)
    }

    /// Without an answer to the abort, the journal knows the upload.
    @Test func theNextRunAbortsWhatCouldNotBeAborted() async throws {
        let store = try await ObjectStore.shared()
        try await ScratchFolder.with { folder in
            let proxy = try HTTPProxy(before: store.port) { request, _ in
                request.isAbort || request.isCompletion ? .answer(403, body: Fault.error("AccessDenied")) : .pass
            }
            let address = ObjectAddress(bucket: try store.newBucket(), key: "shop.zip")
            // The journal names the server, which must be the same for the next run.
            let stores = ObjectStores(store.settings(endpoint: proxy.endpoint, state: folder.path))
            let sink = try ObjectSink(address, in: stores, Self.smallParts)
            try write(Self.count, to: sink)
            #expect(storageError { try sink.commit() }?.code == .denied)
            sink.discard()
            #expect(folder.names(in: "granary/uploads").count == 1)
            let bucket = try stores.bucket(address.bucket)
            let left = UploadJournal(stores.settings).abandoned(in: bucket)
            #expect(left.map(\.key) == ["shop.zip"])
        }
    }

    @Test func aStoreThatIgnoresConditionsIsAskedFirst() async throws {
        let store = try await ObjectStore.shared()
        let notes = Mutex<[String]>([])
        // The condition never reaches the store, as with an old one.
        let proxy = try HTTPProxy(before: store.port) { request, _ in
            request.headers["if-none-match"] == nil ? .pass : .answer(501, body: Fault.error("NotImplemented"))
        }
        let address = ObjectAddress(bucket: try store.newBucket(), key: "shop.zip")
        var settings = store.settings(endpoint: proxy.endpoint)
        settings.note = { note in notes.withLock { $0.append(note) } }
        let stores = ObjectStores(settings)
        let sink = try ObjectSink(address, in: stores, Self.smallParts)
        try write(Self.count, to: sink)
        try sink.commit()
        #expect(notes.withLock { $0 }.count == 1)
        #expect(notes.withLock { $0 }.first?.contains("would be lost") == true)
        let again = ObjectAddress(bucket: address.bucket, key: "again.zip")
        let second = try ObjectSink(again, in: stores, Self.smallParts)
        try write(100, to: second)
        try ObjectStores(store.settings()).bucket(address.bucket).replace(again.key, [1])
        #expect(storageError { try second.commit() }?.code == .exists)
    }

    /// The condition counts in requests for whole objects, and not in the last one of an upload.
    @Test func aStoreThatIgnoresTheConditionOfUploadsIsFound() async throws {
        let store = try await ObjectStore.shared()
        let notes = Mutex<[String]>([])
        let proxy = try HTTPProxy(before: store.port) { request, _ in
            request.method == "POST" && request.target.contains("/.granary?uploadId=")
                ? .answer(200, body: "<CompleteMultipartUploadResult></CompleteMultipartUploadResult>") : .pass
        }
        var settings = store.settings(endpoint: proxy.endpoint)
        settings.note = { note in notes.withLock { $0.append(note) } }
        let address = ObjectAddress(bucket: try store.newBucket(), key: "shop.zip")
        let sink = try ObjectSink(address, in: ObjectStores(settings), Self.smallParts)
        try write(100, to: sink)
        try sink.commit()
        #expect(notes.withLock { $0 }.first?.contains("would be lost") == true)
    }

    @Test func eachBucketIsAskedOnceAboutConditions() async throws {
        let store = try await ObjectStore.shared()
        try await ScratchFolder.with { folder in
            let proxy = try HTTPProxy(before: store.port) { _, _ in .pass }
            let bucket = try store.newBucket()
            for number in 0..<3 {
                let stores = ObjectStores(store.settings(endpoint: proxy.endpoint, state: folder.path))
                _ = try ObjectSink(ObjectAddress(bucket: bucket, key: "\(number).zip"), in: stores)
            }
            #expect(proxy.requests.count { $0.target.hasSuffix("/.granary") } == 2)
        }
    }

    /// Without the right to look, an answer that was lost stays unknown, and is not called a success.
    @Test func anUnknownOutcomeIsNamed() async throws {
        let store = try await ObjectStore.shared()
        let counter = Counter()
        let proxy = try HTTPProxy(before: store.port) { request, _ in
            request.isCompletion && counter.next() == 1 ? .loseAnswer : .pass
        }
        let address = ObjectAddress(bucket: try store.newBucket(), key: "shop.zip")
        let stores = ObjectStores(store.settings(.writer, endpoint: proxy.endpoint))
        let sink = try ObjectSink(address, in: stores, Self.smallParts)
        try write(Self.count, to: sink)
        let error = storageError { try sink.commit() }
        #expect(error?.message.contains("did not confirm") == true, "\(String(describing: error))")
        try expectPattern(try ObjectStores(store.settings()).open(address.description), Self.count)
    }

    enum ReadFault: String, CaseIterable, Sendable {
        case cut, unavailable, lost, drip

        func deed(_ number: Int) -> HTTPProxy.Deed {
            guard number.isMultiple(of: 3) else { return .pass }
            return switch self {
            case .cut: .cutAnswer(1000)
            case .unavailable: .answer(503)
            case .lost: .loseAnswer
            case .drip: .drip(100_000)
            }
        }
    }

    @Test(arguments: ReadFault.allCases) func anObjectIsReadInSpiteOf(_ fault: ReadFault) async throws {
        let store = try await ObjectStore.shared()
        let address = ObjectAddress(bucket: try store.newBucket(), key: "shop.zip")
        let direct = ObjectStores(store.settings())
        let sink = try ObjectSink(address, in: direct)
        try write(Self.count, to: sink)
        try sink.commit()
        let proxy = try HTTPProxy(before: store.port) { _, number in fault.deed(number) }
        let stores = ObjectStores(store.settings(endpoint: proxy.endpoint))
        try expectPattern(try stores.open(address.description), Self.count)
    }

    @Test(arguments: [416, 200]) func anAnswerThatIsNoPartIsRefused(_ status: Int) async throws {
        let proxy = try HTTPProxy(before: 0) { request, _ in
            request.method == "HEAD"
                ? .answer(200, headers: ["Content-Length": "100000", "ETag": "\"x\""])
                : .answer(status, body: String(repeating: "x", count: 50_000))
        }
        var settings = StoreSettings(variables: AddressTests.noFiles)
        settings.variables["AWS_ACCESS_KEY_ID"] = "a"
        settings.variables["AWS_SECRET_ACCESS_KEY"] = "b"
        settings.endpoint = proxy.endpoint
        let source = try ObjectStores(settings).open("s3://b/x")
        #expect(storageError { _ = try source.bytes(at: 60_000, count: 10) } != nil)
    }

    /// Some stores and caches ignore the condition that the content is the same.
    @Test(arguments: [("ETag", "\"other\"", StorageFailure.replaced), ("Content-Range", "bytes 0-99/23000000", .store)])
    func anAnswerWithOtherBytesIsRefused(_ header: String, _ value: String, _ code: StorageFailure) async throws {
        let store = try await ObjectStore.shared()
        let direct = try ObjectStores(store.settings()).bucket(try store.newBucket())
        try direct.replace("x", pattern(500_000))
        let proxy = try HTTPProxy(before: store.port) { request, _ in
            request.method == "GET" ? .header(header, value) : .pass
        }
        let source = try ObjectStores(store.settings(endpoint: proxy.endpoint)).open("s3://\(direct.name)/x")
        #expect(storageError { _ = try source.bytes(at: 300_000, count: 100) }?.code == code)
    }

    /// A large backup takes longer than the age of uploads that are given up.
    @Test(arguments: [("2020-01-01T00:00:00.000Z", true), ("2999-01-01T00:00:00.000Z", false)])
    func anUploadWithANewPartGoesOn(_ time: String, _ isAborted: Bool) throws {
        let proxy = try HTTPProxy(before: 0) { request, _ in
            if request.isAbort { return .answer(204) }
            if request.target.contains("uploadId=") {
                return .answer(
                    200,
                    body: """
                        <ListPartsResult><IsTruncated>false</IsTruncated>\
                        <Part><PartNumber>1</PartNumber><LastModified>2020-01-01T00:00:00.000Z</LastModified></Part>\
                        <Part><PartNumber>2</PartNumber><LastModified>\(time)</LastModified></Part></ListPartsResult>
                        """
                )
            }
            return .answer(
                200,
                body: """
                    <ListMultipartUploadsResult><IsTruncated>false</IsTruncated><Upload><Key>x.zip</Key>\
                    <UploadId>1</UploadId><Initiated>2020-01-01T00:00:00.000Z</Initiated></Upload>\
                    </ListMultipartUploadsResult>
                    """
            )
        }
        let stores = ObjectStores(try bucket(proxy).settings)
        let aborted = try stores.abortStaleUploads(
            in: ObjectAddress(bucket: "b", key: ""),
            olderThan: 24 * 3600,
            where: { _ in true }
        )
        #expect(aborted.map(\.key) == (isAborted ? ["x.zip"] : []))
        #expect(proxy.requests.contains(where: \.isAbort) == isAborted)
    }

    /// The store says what time it is, and the next signature has that time.
    @Test func aWrongClockIsCorrectedOnce() throws {
        let proxy = try HTTPProxy(before: 0) { request, _ in
            request.headers["x-amz-date"]?.hasPrefix("20300102T0304") == true
                ? .answer(200, body: "<ListBucketResult></ListBucketResult>")
                : .answer(
                    403,
                    headers: ["Date": "Wed, 02 Jan 2030 03:04:05 GMT"],
                    body: Fault.error("RequestTimeTooSkewed")
                )
        }
        let notes = Mutex<[String]>([])
        var settings = StoreSettings(variables: AddressTests.noFiles)
        settings.variables["AWS_ACCESS_KEY_ID"] = "a"
        settings.variables["AWS_SECRET_ACCESS_KEY"] = "b"
        settings.endpoint = proxy.endpoint
        settings.note = { note in notes.withLock { $0.append(note) } }
        try #expect(ObjectStores(settings).bucket("b").objects(in: "").isEmpty)
        #expect(proxy.requests.count == 2)
        #expect(notes.withLock { $0 }.first?.contains("clock") == true)
    }

    /// The answer to a HEAD has no body that could name the reason.
    @Test func aWrongClockIsCorrectedForARequestWhoseAnswerHasNoBody() throws {
        let proxy = try HTTPProxy(before: 0) { request, _ in
            request.headers["x-amz-date"]?.hasPrefix("20300102T0304") == true
                ? .answer(200, headers: ["Content-Length": "5", "ETag": "\"x\""])
                : .answer(403, headers: ["Date": "Wed, 02 Jan 2030 03:04:05 GMT"])
        }
        try #expect(bucket(proxy).object("x")?.byteCount == 5)
        #expect(proxy.requests.count == 2)
    }

    /// libcurl would send it again by itself on a connection that it had used before.
    @Test func aRequestThatMustBeSentOnceIsSentOnce() throws {
        let proxy = try HTTPProxy(before: 0) { request, _ in
            request.method == "PUT" ? .close : .answer(200, body: "<ListBucketResult></ListBucketResult>")
        }
        let bucket = try bucket(proxy)
        _ = try bucket.objects(in: "")
        let error = storageError {
            try [1, 2, 3].withUnsafeBytes { try bucket.put("x", $0, ifAbsent: false, isRepeated: false) }
        }
        #expect(error?.code == .store)
        #expect(proxy.requests.count { $0.method == "PUT" } == 1)
    }

    /// Some gateways do not know all parts of the question.
    @Test func objectsOutsideOfTheFolderAreNotListed() throws {
        let proxy = try HTTPProxy(before: 0) { _, _ in
            let entries = ["shop/a", "shop/old/b", "other/c"].map {
                "<Contents><Key>\($0)</Key><Size>1</Size></Contents>"
            }
            return .answer(200, body: "<ListBucketResult>\(entries.joined())</ListBucketResult>")
        }
        try #expect(bucket(proxy).objects(in: "shop/").map(\.key) == ["shop/a"])
    }

    private func bucket(_ proxy: HTTPProxy) throws -> Bucket {
        var settings = StoreSettings(variables: AddressTests.noFiles)
        settings.variables["AWS_ACCESS_KEY_ID"] = "a"
        settings.variables["AWS_SECRET_ACCESS_KEY"] = "b"
        settings.endpoint = proxy.endpoint
        return try ObjectStores(settings).bucket("b")
    }

    @Test func aRequestThatHangsEndsWhenItIsInterrupted() async throws {
        let proxy = try HTTPProxy(before: 0) { _, _ in .stall }
        var settings = StoreSettings(variables: AddressTests.noFiles)
        settings.variables["AWS_ACCESS_KEY_ID"] = "a"
        settings.variables["AWS_SECRET_ACCESS_KEY"] = "b"
        settings.endpoint = proxy.endpoint
        var ends: [CInt] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        settings.wake = ends[0]
        let (bucket, wakeEnd) = (try ObjectStores(settings).bucket("b"), ends[1])
        let asked = Task { try await onOwnThread(named: "asking") { try bucket.objects(in: "") } }
        try await eventually { proxy.requests.count == 1 }
        let began = ContinuousClock.now
        #expect(Glibc.write(wakeEnd, "x", 1) == 1)
        await #expect(throws: CancellationError.self) { try await asked.value }
        #expect(.now - began < .seconds(20))
    }

    @Test func redirectsAreNotFollowed() async throws {
        let other = try HTTPProxy(before: 0) { _, _ in .answer(200) }
        let proxy = try HTTPProxy(before: 0) { _, _ in .answer(307, headers: ["Location": other.endpoint + "/b/x"]) }
        var settings = StoreSettings(variables: AddressTests.noFiles)
        settings.variables["AWS_ACCESS_KEY_ID"] = "a"
        settings.variables["AWS_SECRET_ACCESS_KEY"] = "b"
        settings.endpoint = proxy.endpoint
        let bucket = try ObjectStores(settings).bucket("b")
        #expect(storageError { try bucket.replace("x", [1]) }?.code == .store)
        #expect(other.requests.isEmpty)
    }
}
