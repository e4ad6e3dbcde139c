internal import Cryptography
internal import Dispatch
internal import FoundationEssentials
internal import Glibc
internal import Synchronization

/// An object that appears in its bucket when it is complete. Until then its bytes are an upload in parts, or in memory.
///
/// Parts are of equal size, and sent while the next is filled. A small object is sent with one request, at the commit.
package final class ObjectSink: ByteSink {
    package let address: ObjectAddress
    private let bucket: Bucket
    private let settings: UploadSettings
    private let replaces: Bool
    /// Proves at the commit that an object is the one that this run wrote.
    private let run = Hexadecimal.text(Secrets.randomBytes(16))
    private let state: Mutex<State>
    private let outcome = Mutex(Outcome())
    private let written = Mutex<String?>(nil)
    /// Parts that may be begun.
    private let free: DispatchSemaphore
    /// Whether the store honours the condition that the object must not exist.
    private let honoursConditions: Bool
    /// Becomes readable when nobody needs the object any more; -1 for none.
    private let wake: CInt
    /// How long the end of an upload that is given up may take: half of it for its parts.
    private static let discardSeconds = 10.0

    private struct State {
        var partBytes: Int
        var part: PartBuffer?
        var partsBegun = 0
        var count = 0
        var upload: Upload?
        /// It was committed or discarded, or a write failed.
        var isClosed = false
    }

    private struct Upload {
        var id: String
        var entry: UploadJournal.Entry?
    }

    /// What the threads that send parts have achieved.
    private struct Outcome {
        var parts: [Bucket.Part] = []
        var failure: (any Error)?
    }

    /// - Parameters:
    ///   - overwrite: Replace an existing object in the end. Otherwise it is an error, now or at the commit.
    ///   - wake: A descriptor that becomes readable when writers must stop waiting for the store; -1 for none.
    /// - Throws: `StorageError.exists`; see `Bucket`.
    package init(
        _ address: ObjectAddress,
        in stores: ObjectStores,
        overwrite: Bool = false,
        _ settings: UploadSettings = UploadSettings(),
        wake: CInt = -1
    ) throws {
        guard !address.isFolder else {
            throw StorageError(.address, "\(address) names a folder, not an object", hint: "add the name of the backup")
        }
        (self.address, self.settings, replaces) = (address, settings, overwrite)
        bucket = try stores.bucket(address.bucket)
        state = Mutex(State(partBytes: settings.partBytes(forObjectOf: 0)))
        // A semaphore must not have less than its first value when it goes.
        free = DispatchSemaphore(value: 0)
        for _ in 0..<settings.partsInFlight { free.signal() }
        honoursConditions = try overwrite || ConditionProbe(bucket, address.parent, settings).holds()
        // One of its own, because threads may outlive the caller's.
        self.wake = wake >= 0 ? fcntl(wake, F_DUPFD_CLOEXEC, 3) : -1
        if !overwrite { try requireFree() }
    }

    deinit {
        discard()
        if wake >= 0 { close(wake) }
    }

    /// A new object with a name that no other host chooses at the same moment, as two may that back up databases of the
    /// same name: `stem-482913.ending`, where the number is random. A bucket has no way to reserve a name.
    ///
    /// - Throws: `StorageError.busy` if all that were tried are taken; see `Bucket`.
    package static func new(
        stem: ObjectAddress,
        ending: String,
        in stores: ObjectStores,
        _ settings: UploadSettings,
        wake: CInt = -1
    ) throws -> ObjectSink {
        for _ in 0..<10 {
            do {
                var address = stem
                address.key += "-\(Int.random(in: 100_000...999_999))\(ending)"
                return try ObjectSink(address, in: stores, settings, wake: wake)
            } catch let error as StorageError where error.code == .exists {
                continue
            }
        }
        throw StorageError(.busy, "there are too many backups named \(stem)", hint: "try again, or give a name")
    }

    /// Checks the name first, so that a conflict is reported before hours of reading. Credentials that may only write
    /// cannot check it; then the commit does.
    private func requireFree() throws {
        do {
            if try bucket.object(address.key) != nil { throw taken }
        } catch let error as StorageError where error.code == .denied {
            return
        }
    }

    private var taken: StorageError { .taken(address.description) }

    /// Chooses the size of parts for an object of at most about this many bytes. Has no effect after the first part was
    /// begun.
    package func expect(bytes: Int) {
        state.withLock { state in
            guard state.part == nil, state.partsBegun == 0 else { return }
            state.partBytes = settings.partBytes(forObjectOf: bytes)
            bucket.settings.log("parts of \(state.partBytes >> 20) MiB for about \(bytes >> 20) MiB")
            let memory = settings.partsInFlight * state.partBytes
            guard memory > UploadSettings.memoryWithoutNote else { return }
            bucket.settings.note(
                "note: the upload needs \(memory >> 20) MiB of memory: \(settings.partsInFlight) parts of "
                    + "\(state.partBytes >> 20) MiB; --part-size sets their size, and there can be "
                    + "\(UploadSettings.partsMax) of them"
            )
        }
    }

    package var byteCount: Int { state.withLock(\.count) }
    package var etag: String? { written.withLock(\.self).map(Bucket.contentTag) }

    /// - Throws: `StorageError` of this part or of an earlier one; `CancellationError`.
    package func append(_ bytes: UnsafeRawBufferPointer) throws {
        try state.withLock { state in
            guard !state.isClosed else {
                throw StorageError(.io, "\(address) cannot be written any more: an earlier write failed")
            }
            do {
                var rest = bytes[...]
                while !rest.isEmpty {
                    let part = try state.part ?? begin(&state)
                    state.part = part
                    rest = rest.dropFirst(part.append(UnsafeRawBufferPointer(rebasing: rest)))
                    if part.isFull { try send(part, &state) }
                }
            } catch {
                state.isClosed = true
                throw error
            }
            state.count += bytes.count
        }
    }

    /// Memory for the next part, when there is room for one.
    private func begin(_ state: inout State) throws -> PartBuffer {
        free.wait()
        if let failure = outcome.withLock(\.failure) {
            free.signal()
            throw failure
        }
        return PartBuffer(byteCount: state.partBytes)
    }

    /// Sends a part on its own thread.
    private func send(_ part: PartBuffer, _ state: inout State) throws {
        let upload = try state.upload ?? beginUpload()
        state.upload = upload
        state.partsBegun += 1
        state.part = nil
        let number = state.partsBegun
        guard number <= UploadSettings.partsMax else {
            free.signal()
            throw StorageError(
                .store,
                "\(address) needs more than \(UploadSettings.partsMax) parts of \(state.partBytes >> 20) MiB",
                hint: "choose larger ones with --part-size"
            )
        }
        if number == UploadSettings.partsUsual * 9 / 10 {
            bucket.settings.note(
                "note: \(address) has \(number) parts; some stores accept only \(UploadSettings.partsUsual), "
                    + "and --part-size makes them larger"
            )
        }
        do {
            try startThread(named: "granary-upload") { [self, id = upload.id] in
                finish(
                    Result {
                        try bucket.uploadPart(
                            number,
                            of: address.key,
                            id,
                            part.bytes,
                            hasChecksum: settings.hasChecksums,
                            wake: wake
                        )
                    }
                )
            }
        } catch {
            free.signal()
            throw error
        }
    }

    private func beginUpload() throws -> Upload {
        var headers = headers
        if settings.hasChecksums { headers.append(("x-amz-checksum-algorithm", "SHA256")) }
        let id = try withLockHint { try bucket.beginUpload(address.key, headers: headers, wake: wake) }
        return Upload(id: id, entry: UploadJournal(bucket.settings).begin(address.key, id, in: bucket))
    }

    private var headers: [(name: String, value: String)] { settings.headers + [(Bucket.runHeader, run)] }

    /// Stores do not name what is wrong with a lock.
    private func withLockHint<R>(_ body: () throws -> R) throws -> R {
        do {
            return try body()
        } catch var error as StorageError where settings.retention != nil && error.hint == nil {
            error.hint = "--lock-until needs a bucket with Object Lock, which most stores give only to new buckets"
            throw error
        }
    }

    /// A part was sent, or not.
    private func finish(_ result: Result<Bucket.Part, any Error>) {
        outcome.withLock { outcome in
            switch result {
            case .success(let part): outcome.parts.append(part)
            case .failure(let error): outcome.failure = outcome.failure ?? error
            }
        }
        free.signal()
    }

    /// Waits until no part is being sent, or until the limit is over. Returns whether none is.
    @discardableResult
    private func waitForParts(limit: DispatchTime = .distantFuture) -> Bool {
        let taken = (0..<settings.partsInFlight).prefix { _ in free.wait(timeout: limit) == .success }.count
        for _ in 0..<taken { free.signal() }
        return taken == settings.partsInFlight
    }
}

// The end.
extension ObjectSink {
    /// Makes the object from its parts. After this it is there, whole.
    ///
    /// - Throws: `StorageError`, also of a part; `.exists` if another program took the name meanwhile;
    ///   `CancellationError`.
    package func commit() throws {
        try state.withLock { state in
            guard !state.isClosed else {
                throw StorageError(.io, "\(address) was not created: a write failed, or it was discarded")
            }
            state.isClosed = true
            let last = state.part
            if state.upload != nil {
                if let last { try send(last, &state) }
                waitForParts()
                if let failure = outcome.withLock(\.failure) { throw failure }
                try withLockHint { try complete(&state) }
            } else {
                defer { if last != nil { free.signal() } }
                state.part = nil
                try withLockHint { try put(last?.bytes ?? UnsafeRawBufferPointer(start: nil, count: 0)) }
            }
        }
    }

    private func put(_ bytes: UnsafeRawBufferPointer) throws {
        var headers = headers
        if settings.hasChecksums {
            headers.append(("x-amz-checksum-sha256", Data(SHA256.digest(of: bytes)).base64EncodedString()))
        }
        try confirmed(count: bytes.count) { ifAbsent in
            let etag = try bucket.putForETag(
                address.key,
                bytes,
                ifAbsent: ifAbsent,
                headers: headers,
                isRepeated: false
            )
            written.withLock { $0 = etag }
        }
    }

    private func complete(_ state: inout State) throws {
        guard let upload = state.upload else { return }
        let parts = outcome.withLock(\.parts).sorted { $0.number < $1.number }
        try confirmed(count: state.count) { ifAbsent in
            let etag = try bucket.completeUpload(address.key, upload.id, parts, ifAbsent: ifAbsent)
            written.withLock { $0 = etag }
        }
        upload.entry?.remove()
        state.upload = nil
    }

    /// Sends the request that makes the object, until it is certain that it did, or did not.
    ///
    /// If an answer is lost, the object may be there; then the next request is refused, and the object says which run wrote
    /// it.
    private func confirmed(count: Int, _ send: (_ ifAbsent: Bool) throws -> Void) throws {
        let ifAbsent = !replaces && honoursConditions
        if !replaces {
            // Some stores honour the condition in one kind of request, and ignore it in the other.
            try requireFree()
            if !honoursConditions {
                bucket.settings.note(
                    "note: \(bucket.serverName) cannot refuse to replace an object, so a backup that another program "
                        + "writes under the same name at the same moment would be lost"
                )
            }
        }
        var isUncertain = false
        for attempt in 1... {
            let isLast = attempt >= StoreClient.attemptsMax
            do {
                return try send(ifAbsent)
            } catch let answer as StoreAnswer {
                let isDecided = answer.isConditionFailed || answer.isMissing || isLast
                // A proxy may have sent the request twice, so even the first refusal may be due to this object.
                if isDecided, try isOurs(count, isUncertain: isUncertain) { return }
                if ifAbsent, answer.isConditionFailed { throw taken }
                guard answer.isTemporary, !isLast else {
                    throw StorageError(answer, address, "could not be written", at: bucket.serverName)
                }
            } catch let error as StorageError where error.code == .store || error.code == .unreachable {
                guard !isLast else {
                    if try isOurs(count, isUncertain: true) { return }
                    throw error
                }
            }
            isUncertain = true
            try bucket.client.wait(after: attempt)
        }
    }

    /// Whether the object is the one that this run wrote.
    ///
    /// - Parameter isUncertain: Whether it is an error if the credentials may not look.
    private func isOurs(_ count: Int, isUncertain: Bool) throws -> Bool {
        do {
            guard let object = try bucket.object(address.key) else { return false }
            written.withLock { $0 = object.etag }
            return object.run == run && object.byteCount == count
        } catch let error as StorageError where error.code == .denied {
            guard isUncertain else { return false }
            throw StorageError(
                .store,
                "\(bucket.serverName) did not confirm that \(address) was written, and the credentials may not look",
                hint: "it may be there: look with credentials that may read"
            )
        }
    }

    /// Gives the upload up. Does nothing after the commit.
    package func discard() {
        state.withLock { state in
            state.isClosed = true
            if state.part != nil {
                state.part = nil
                free.signal()
            }
            guard let upload = state.upload else { return }
            state.upload = nil
            // A part that arrives after the end of its upload may stay. Then the next run gives the upload up again.
            let end = ContinuousClock.now + .seconds(Self.discardSeconds)
            let haveEnded = waitForParts(limit: .now() + Self.discardSeconds / 2)
            do {
                try bucket.abortUpload(address.key, upload.id, limit: end - .now)
                if haveEnded { upload.entry?.remove() }
            } catch {
                // The journal keeps it for the next run.
                bucket.settings.log("the upload of \(address) was not aborted: \(error)")
            }
        }
    }
}

/// Memory for one part. `@unchecked Sendable`: the sink fills it under its lock, and then only the thread that sends it
/// reads it.
private final class PartBuffer: @unchecked Sendable {
    private let memory: UnsafeMutableRawBufferPointer
    private var filled = 0

    init(byteCount: Int) { memory = .allocate(byteCount: byteCount, alignment: 16) }
    deinit { memory.deallocate() }

    var isFull: Bool { filled == memory.count }
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<filled]) }

    /// Returns how many bytes fitted.
    func append(_ bytes: UnsafeRawBufferPointer) -> Int {
        let count = min(bytes.count, memory.count - filled)
        UnsafeMutableRawBufferPointer(rebasing: memory[filled...])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        filled += count
        return count
    }
}
