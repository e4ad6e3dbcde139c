import Basics
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import Storage

/// Writes `count` bytes in pieces that do not fit the parts.
func write(_ count: Int, to sink: some ByteSink) throws {
    let piece = pattern(1_000_003)
    var written = 0
    while written < count {
        try piece.prefix(count - written).withUnsafeBytes { try sink.append($0) }
        written += min(piece.count, count - written)
    }
}

/// Bytes that repeat only after 2048.
func pattern(_ count: Int) -> [UInt8] {
    let period = (0..<2048).map { UInt8(truncatingIfNeeded: $0 &* 167 >> 3) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + period.count)
    while bytes.count < count { bytes += period }
    bytes.removeLast(bytes.count - count)
    return bytes
}

/// What `write` has written.
func expectPattern(_ source: some ByteSource, _ count: Int) throws {
    #expect(source.byteCount == count)
    let piece = pattern(1_000_003)
    var done = 0
    while done < count {
        let size = min(piece.count, count - done)
        try #expect(areSame(source.bytes(at: done, count: size), Array(piece[..<size])), "at \(done)")
        done += size
    }
}

/// Objects in a real store.
@Suite(.enabled(if: ObjectStore.isAvailable, "\(ObjectStore.absence)"))
struct ObjectTests {
    private static let part = 5 << 20

    private static var smallParts: UploadSettings {
        var settings = UploadSettings()
        settings.partBytes = part
        return settings
    }

    /// Around the size of a part, and of the parts that are in memory together.
    @Test(arguments: [0, 1, part - 1, part, part + 1, 2 * part, 5 * part + 17])
    func anObjectIsReadAsItWasWritten(_ count: Int) async throws {
        let store = try await ObjectStore.shared()
        let stores = ObjectStores(store.settings())
        let address = ObjectAddress(bucket: try store.newBucket(), key: "a b/ö+&?.zip")
        let sink = try ObjectSink(address, in: stores, Self.smallParts)
        try write(count, to: sink)
        let bucket = try stores.bucket(address.bucket)
        try #expect(bucket.object(address.key) == nil)
        try sink.commit()
        #expect(sink.byteCount == count)
        try expectPattern(try stores.open(address.description), count)
        try #expect(bucket.uploads(prefix: "").isEmpty)
        try #expect(bucket.objects(in: "a b/").map(\.key) == ["a b/.granary", address.key])
    }

    @Test func anyRangeOfAnObjectIsRead() async throws {
        let store = try await ObjectStore.shared()
        let stores = ObjectStores(store.settings())
        let address = ObjectAddress(bucket: try store.newBucket(), key: "x")
        let sink = try ObjectSink(address, in: stores)
        let bytes = (0..<9_000_001).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }
        try bytes.withUnsafeBytes { try sink.append($0) }
        try sink.commit()
        let source = try stores.open(address.description)
        var random = SeededRandom(seed: 5)
        for _ in 0..<200 {
            let start = Int.random(in: 0...bytes.count, using: &random)
            let most = [10, 100_000, 9_000_001].randomElement(using: &random)!
            let count = Int.random(in: 0...min(most, bytes.count - start), using: &random)
            try #expect(source.bytes(at: start, count: count) == Array(bytes[start..<start + count]))
        }
        #expect(storageError { _ = try source.bytes(at: bytes.count - 1, count: 2) }?.code == .endsEarly)
        var end = [UInt8](repeating: 0, count: 100)
        try end.withUnsafeMutableBytes {
            let read = try source.readSome(at: bytes.count - 7, into: $0)
            #expect(read == 7)
        }
        #expect(storageError { _ = try stores.open("s3://\(address.bucket)/y") }?.code == .missing)
    }

    @Test func anObjectThatIsReplacedWhileItIsReadIsNotMixedUp() async throws {
        let store = try await ObjectStore.shared()
        let stores = ObjectStores(store.settings())
        let bucket = try stores.bucket(try store.newBucket())
        try bucket.replace("x", pattern(500_000))
        let source = try stores.open("s3://\(bucket.name)/x")
        _ = try source.bytes(at: 0, count: 10)
        try #expect(source.isUnchanged)
        try bucket.replace("x", pattern(600_000))
        try #expect(!source.isUnchanged)
        let error = storageError { _ = try source.bytes(at: 400_000, count: 10) }
        #expect(error?.code == .replaced)
    }

    /// The name is taken after the upload began, so that only the store can notice.
    @Test(arguments: [100, 2 * part]) func aNameThatWasTakenMeanwhileIsNotReplaced(_ count: Int) async throws {
        let store = try await ObjectStore.shared()
        let stores = ObjectStores(store.settings())
        let address = ObjectAddress(bucket: try store.newBucket(), key: "x.zip")
        let bucket = try stores.bucket(address.bucket)
        let sink = try ObjectSink(address, in: stores, Self.smallParts)
        try write(count, to: sink)
        try bucket.replace(address.key, [1, 2, 3])
        let error = storageError { try sink.commit() }
        #expect(error?.code == .exists && error?.hint?.contains("--force") == true)
        sink.discard()
        try #expect(bucket.contents(of: address.key) == [1, 2, 3])
        try #expect(bucket.uploads(prefix: "").isEmpty)
        #expect(storageError { _ = try ObjectSink(address, in: stores) }?.code == .exists)
        let forced = try ObjectSink(address, in: stores, overwrite: true, Self.smallParts)
        try write(count, to: forced)
        try forced.commit()
        try expectPattern(try stores.open(address.description), count)
    }

    /// Two hosts back up databases of the same name in the same second, and neither may look.
    @Test func backupsThatBeginInTheSameSecondAreBothKept() async throws {
        let store = try await ObjectStore.shared()
        let stores = ObjectStores(store.settings(.writer))
        let bucket = try ObjectStores(store.settings()).bucket(try store.newBucket())
        let stem = ObjectAddress(bucket: bucket.name, key: "shop-20261123T071500Z")
        let sinks = try (0..<2).map { _ in
            try ObjectSink.new(stem: stem, ending: ".zip", in: stores, Self.smallParts)
        }
        for (number, sink) in sinks.enumerated() {
            try write(number + 1, to: sink)
            try sink.commit()
            #expect(sink.address.key.wholeMatch(of: #/shop-20261123T071500Z-[0-9]{6}\.zip/#) != nil)
        }
        for (number, sink) in sinks.enumerated() {
            try #expect(bucket.contents(of: sink.address.key)?.count == number + 1)
        }
    }

    /// A store that does not answer holds neither the writers nor the locks of a database that has failed.
    @Test func writersDoNotWaitForTheStoreWhenTheBackupHasFailed() async throws {
        let store = try await ObjectStore.shared()
        let proxy = try HTTPProxy(before: store.port) { request, _ in request.isPart ? .stall : .pass }
        var ends: [CInt] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let address = ObjectAddress(bucket: try store.newBucket(), key: "x.zip")
        let stores = ObjectStores(store.settings(endpoint: proxy.endpoint))
        let sink = try ObjectSink(address, in: stores, Self.smallParts, wake: ends[0])
        let writing = Task { try await onOwnThread(named: "writing") { try write(60 << 20, to: sink) } }
        try await eventually { proxy.requests.count(where: \.isPart) == 4 }
        #expect(Glibc.write(ends[1], "x", 1) == 1)
        await #expect(throws: CancellationError.self) { try await writing.value }
        sink.discard()
        try #expect(ObjectStores(store.settings()).bucket(address.bucket).uploads(prefix: "").isEmpty)
    }

    /// A part that arrives after the end of its upload may stay.
    @Test func anUploadWhosePartsAreUnderWayIsGivenUpAgainByTheNextRun() async throws {
        let store = try await ObjectStore.shared()
        try await ScratchFolder.with { folder in
            let aborts = Atomic<Int>(0)
            let proxy = try HTTPProxy(before: store.port) { request, _ in
                if request.isPart { return .stall }
                // SeaweedFS answers each time as if there had been an upload; Amazon's store does so once.
                guard request.isAbort, aborts.wrappingAdd(1, ordering: .relaxed).newValue > 1 else { return .pass }
                return .answer(404)
            }
            var ends: [CInt] = [-1, -1]
            try #require(pipe(&ends) == 0)
            defer { for end in ends { close(end) } }
            let address = ObjectAddress(bucket: try store.newBucket(), key: "x.zip")
            let stores = ObjectStores(store.settings(endpoint: proxy.endpoint, state: folder.path))
            let sink = try ObjectSink(address, in: stores, Self.smallParts, wake: ends[0])
            try write(Self.part + 1, to: sink)
            try await eventually { proxy.requests.contains(where: \.isPart) }
            sink.discard()
            let bucket = try stores.bucket(address.bucket)
            try #expect(bucket.uploads(prefix: "").isEmpty)
            #expect(UploadJournal(stores.settings).abandonedObjects.map(\.address) == [address])
            // It is gone already, so there is nothing to tell.
            try #expect(stores.abortStaleUploads(in: address.parent, olderThan: 3600, where: { _ in true }).isEmpty)
            #expect(folder.names(in: "granary/uploads").isEmpty)
            #expect(proxy.requests.count(where: \.isAbort) == 2)
            #expect(Glibc.write(ends[1], "x", 1) == 1)
        }
    }

    @Test func theNewestPartOfAnUploadIsKnown() async throws {
        let store = try await ObjectStore.shared()
        let bucket = try ObjectStores(store.settings()).bucket(try store.newBucket())
        let began = UTCTime.now
        let id = try bucket.beginUpload("x.zip", headers: [])
        let upload = Bucket.Upload(key: "x.zip", id: id, begun: nil)
        try #expect(bucket.newestPart(of: upload) == nil)
        try pattern(Self.part).withUnsafeBytes {
            _ = try bucket.uploadPart(1, of: "x.zip", id, $0, hasChecksum: false)
        }
        let newest = try #require(try bucket.newestPart(of: upload))
        #expect((began - 1...UTCTime.now + 1).contains(newest))
        try #expect(bucket.abortUpload("x.zip", id))
        try #expect(bucket.newestPart(of: upload) == nil)
    }

    @Test func anUploadThatIsGivenUpLeavesNothing() async throws {
        let store = try await ObjectStore.shared()
        let stores = ObjectStores(store.settings())
        let address = ObjectAddress(bucket: try store.newBucket(), key: "x.zip")
        let sink = try ObjectSink(address, in: stores, Self.smallParts)
        try write(3 * Self.part, to: sink)
        let bucket = try stores.bucket(address.bucket)
        try #expect(bucket.uploads(prefix: "").count == 1)
        sink.discard()
        try #expect(bucket.uploads(prefix: "").isEmpty)
        try #expect(bucket.object(address.key) == nil)
        #expect(storageError { try sink.commit() }?.code == .io)
    }

    /// The rights to write and to abort are enough.
    @Test(arguments: [100, 2 * part]) func aStolenHostCanNeitherReadNorDelete(_ count: Int) async throws {
        let store = try await ObjectStore.shared()
        let writer = ObjectStores(store.settings(.writer))
        let address = ObjectAddress(bucket: try store.newBucket(), key: "shop/x.zip")
        let sink = try ObjectSink(address, in: writer, Self.smallParts)
        try write(count, to: sink)
        try sink.commit()
        #expect(storageError { _ = try writer.open(address.description) }?.code == .denied)
        #expect(storageError { _ = try writer.bucket(address.bucket).objects(in: "shop/") }?.code == .denied)
        try expectPattern(try ObjectStores(store.settings()).open(address.description), count)
        // The name is taken: the store refuses, although the writer cannot look.
        let again = try ObjectSink(address, in: writer, Self.smallParts)
        try write(count, to: again)
        #expect(storageError { try again.commit() }?.code == .exists)
    }

    @Test func aWrongSecretIsNamed() async throws {
        let store = try await ObjectStore.shared()
        let bucket = try store.newBucket()
        var settings = store.settings()
        settings.variables["AWS_SECRET_ACCESS_KEY"] = "wrong"
        let error = storageError { _ = try ObjectSink(ObjectAddress("s3://\(bucket)/x"), in: ObjectStores(settings)) }
        #expect(error?.code == .denied && error?.hint == "check AWS_SECRET_ACCESS_KEY")
        #expect(error?.message.contains("wrong") == false)
        let missing = storageError { _ = try ObjectStores(store.settings()).bucket("nowhere-at-all").objects(in: "") }
        #expect(missing?.code == .missing && missing?.hint?.contains("bucket") == true)
    }

    /// A process that was killed leaves its upload, and a file of the journal that nobody holds.
    @Test func theNextRunAbortsWhatAKilledOneLeft() async throws {
        let store = try await ObjectStore.shared()
        try await ScratchFolder.with { folder in
            let stores = ObjectStores(store.settings(state: folder.path))
            let bucket = try stores.bucket(try store.newBucket())
            let running = try ObjectSink(
                ObjectAddress(bucket: bucket.name, key: "running.zip"),
                in: stores,
                Self.smallParts
            )
            try write(Self.part, to: running)
            let id = try bucket.beginUpload("killed.zip", headers: [])
            do {
                _ = UploadJournal(stores.settings).begin("killed.zip", id, in: bucket)
            }
            let other = try bucket.beginUpload("other-20261123T071500Z.zip", headers: [])
            let aborted = try stores.abortStaleUploads(
                in: ObjectAddress(bucket: bucket.name, key: ""),
                olderThan: 3600,
                where: { _ in true }
            )
            #expect(aborted.map(\.key) == ["killed.zip"])
            try #expect(Set(bucket.uploads(prefix: "").map(\.key)) == ["running.zip", "other-20261123T071500Z.zip"])
            let old = try stores.oldUploads(
                in: ObjectAddress(bucket: bucket.name, key: ""),
                olderThan: -3600,
                where: { _ in true }
            )
            #expect(old.map(\.key) == ["other-20261123T071500Z.zip"])
            // Those of other machines are aborted when they are old, if they are backups.
            func abort(_ isOurs: Bool) throws -> [String] {
                try stores.abortStaleUploads(
                    in: ObjectAddress(bucket: bucket.name, key: ""),
                    olderThan: -3600,
                    where: { $0.hasPrefix("other") && isOurs }
                ).map(\.key)
            }
            try #expect(abort(false).isEmpty)
            try #expect(abort(true) == ["other-20261123T071500Z.zip"])
            #expect(!other.isEmpty)
            try running.commit()
            #expect(folder.names(in: "granary/uploads").isEmpty)
        }
    }

    /// Three calls per page at most were needed otherwise.
    @Test func aFolderOfManyObjectsIsListedWhole() async throws {
        let store = try await ObjectStore.shared()
        let bucket = try ObjectStores(store.settings()).bucket(try store.newBucket())
        let keys = (0..<1005).map { "many/\($0 + 10_000)" }
        for key in keys { try bucket.replace(key, []) }
        try bucket.replace("many/below/x", [])
        try bucket.replace("manyother", [])
        try #expect(bucket.objects(in: "many/").map(\.key) == keys)
        try bucket.delete(keys[0])
        try bucket.delete(keys[0])
        try #expect(bucket.objects(in: "many/").count == 1004)
    }

    /// With a store that does not answer, writing stops when all parts are in memory.
    @Test func memoryIsLimitedToThePartsInFlight() async throws {
        let store = try await ObjectStore.shared()
        let proxy = try HTTPProxy(before: store.port) { request, _ in request.isPart ? .stall : .pass }
        var ends: [CInt] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        var settings = store.settings(endpoint: proxy.endpoint)
        settings.wake = ends[0]
        let address = ObjectAddress(bucket: try store.newBucket(), key: "x.zip")
        let sink = try ObjectSink(address, in: ObjectStores(settings), Self.smallParts)
        let writing = Task { try await onOwnThread(named: "writing") { try write(60 << 20, to: sink) } }
        try await eventually { proxy.requests.count(where: \.isPart) == 4 }
        try await Task.sleep(for: .milliseconds(300))
        #expect(proxy.requests.count(where: \.isPart) == 4)
        #expect(Glibc.write(ends[1], "x", 1) == 1)
        await #expect(throws: CancellationError.self) { try await writing.value }
        sink.discard()
        try #expect(ObjectStores(store.settings()).bucket(address.bucket).uploads(prefix: "").isEmpty)
    }

    @Test func muchMemoryForPartsIsAnnounced() throws {
        let notes = Mutex<[String]>([])
        var settings = StoreSettings(variables: AddressTests.noFiles)
        settings.note = { note in notes.withLock { $0.append(note) } }
        let address = ObjectAddress(bucket: "b", key: "x.zip")
        for (size, megabytes) in [(400 << 30, nil), (1 << 40, "560")] as [(Int, String?)] {
            let sink = try ObjectSink(address, in: ObjectStores(settings), overwrite: true)
            sink.expect(bytes: size)
            let told = notes.withLock { $0 }
            #expect(told.count == (megabytes == nil ? 0 : 1))
            if let megabytes { #expect(told.first?.contains("\(megabytes) MiB of memory") == true, "\(told)") }
        }
    }

    @Test func partsAreEqualAndFitTheExpectedSize() {
        let usual = UploadSettings()
        #expect(usual.partBytes(forObjectOf: 0) == 16 << 20)
        #expect(usual.partBytes(forObjectOf: 100 << 30) == 16 << 20)
        for size in [200 << 30, 1 << 40, 20 << 40] {
            let part = usual.partBytes(forObjectOf: size)
            #expect(part % (1 << 20) == 0 && part <= 5 << 30)
            #expect(size * 11 / 10 / part < 9000, "\(size)")
        }
    }

    @Test(.enabled(if: Boto.isInstalled, "\(Boto.absence)"))
    func botoReadsWhatWeWriteAndWritesWhatWeRead() async throws {
        let store = try await ObjectStore.shared()
        let stores = ObjectStores(store.settings())
        let address = ObjectAddress(bucket: try store.newBucket(), key: "ours ö.zip")
        let sink = try ObjectSink(address, in: stores, Self.smallParts)
        try write(11_000_000, to: sink)
        try sink.commit()
        try await ScratchFolder.with { folder in
            let outcome = try await Boto.run(
                """
                s3.download_file('\(address.bucket)', 'ours ö.zip', '\(folder.file("down"))')
                s3.upload_file('\(folder.file("down"))', '\(address.bucket)', 'theirs ö.zip')
                """,
                store
            )
            #expect(outcome.status == 0, "\(outcome)")
            try expectPattern(try FileSource(path: folder.file("down")), 11_000_000)
            try expectPattern(try stores.open("s3://\(address.bucket)/theirs ö.zip"), 11_000_000)
        }
    }
}
