internal import Cryptography
internal import FoundationEssentials
internal import Glibc
internal import Synchronization

/// A request to a bucket, as often as it takes.
struct StoreRequest: Sendable {
    var method: String
    /// Empty for the bucket itself.
    var key = ""
    var query: [(name: String, value: String)] = []
    var headers: [(name: String, value: String)] = []
    /// How long the whole may take, with all repetitions; nil for no limit.
    var limit: Duration?
    /// Whether an interrupt does not end it, because it cleans up.
    var ignoresWake = false
    /// Another descriptor that becomes readable when the request must end; -1 for none.
    var wake: CInt = -1
    /// Whether it is sent again after a temporary failure.
    var isRepeated = true
    /// Whether the protocol demands a checksum of the body.
    var requiresMD5 = false
    /// How long the store may be silent.
    var silence = Duration.seconds(60)
}

/// Sends signed requests to one bucket, and repeats them as long as that may help.
///
/// A temporary failure is repeated after a random time that grows; each repetition has a new signature. A wrong region, a
/// wrong clock and expired credentials are corrected once.
final class StoreClient: Sendable {
    private struct State {
        var server: StoreServer
        /// The store's clock minus this machine's, in seconds.
        var clockOffset = 0
        /// Whether the bucket requires MD5 sums of what is written, as one does that locks all objects. Some do not count
        /// another checksum.
        var requiresMD5 = false
        /// Whether any answer has arrived.
        var hasAnswered = false
    }

    let settings: StoreSettings
    private let http: HTTPClient
    private let keeper: CredentialKeeper
    private let state: Mutex<State>
    static let attemptsMax = 9
    /// Without any answer so far, the address is probably wrong.
    private static let firstAttemptsMax = 3
    private static let firstWait = 0.15
    private static let waitMax = 20.0

    /// - Throws: `StorageError.address`, `.insecure`.
    init(bucket: String, _ settings: StoreSettings) throws {
        self.settings = settings
        let profiles = AWSProfiles(settings)
        let http = HTTPClient(caFile: settings.variable("AWS_CA_BUNDLE") ?? profiles["ca_bundle"])
        keeper = CredentialKeeper(CredentialChain(settings: settings, profiles: profiles, client: http))
        let server = try StoreServer(bucket, settings, profiles)
        storeIdentity = server.identity
        state = Mutex(State(server: server))
        self.http = http
    }

    /// The time of the store, in seconds since 1970, as far as it is known to differ from that of this machine.
    var now: Int { UTCTime.now + state.withLock(\.clockOffset) }

    var serverName: String { state.withLock(\.server.name) }
    let storeIdentity: String

    /// - Parameters:
    ///   - digest: The SHA-256 of the body, if the caller knows it.
    ///   - memory: Where the body of a successful answer goes.
    /// - Returns: A success.
    /// - Throws: `StoreAnswer` for any other answer; `StorageError.unreachable`, `.store`, `.noCredentials`;
    ///   `CancellationError`.
    func send(
        _ request: StoreRequest,
        body: UnsafeRawBufferPointer? = nil,
        digest: String? = nil,
        into memory: UnsafeMutableRawBufferPointer? = nil
    ) throws -> HTTPResponse {
        let end = request.limit.map { ContinuousClock.now + $0 }
        let digest = digest ?? SHA256.text(of: body ?? UnsafeRawBufferPointer(start: nil, count: 0))
        var corrections = Corrections()
        var attempt = 1
        while true {
            let key = try keeper.current()
            let problem: Problem
            do {
                let response = try exchange(request, key, body, digest, memory, end)
                if response.isSuccess { return response }
                let answer = StoreAnswer(response)
                if correct(answer, key, &corrections) { continue }
                guard answer.isTemporary else { throw answer }
                problem = .answer(answer)
            } catch let error as HTTPFailure {
                problem = .connection(error)
            }
            let attemptsMax = state.withLock(\.hasAnswered) ? Self.attemptsMax : Self.firstAttemptsMax
            guard request.isRepeated, problem.mayPass, attempt < attemptsMax, end.map({ $0 > .now }) ?? true else {
                throw failure(problem, request)
            }
            settings.log("attempt \(attempt) of \(request.method): \(problem.text)")
            try wait(after: attempt, end, wakes: wakes(request))
            attempt += 1
        }
    }

    private enum Problem {
        case answer(StoreAnswer)
        case connection(HTTPFailure)

        var mayPass: Bool {
            switch self {
            case .answer: true
            case .connection(let failure): [.unreachable, .broken, .overdue].contains(failure.reason)
            }
        }

        var text: String {
            switch self {
            case .answer(let answer): answer.text
            case .connection(let failure): failure.message
            }
        }
    }

    private func exchange(
        _ request: StoreRequest,
        _ key: AccessKey,
        _ body: UnsafeRawBufferPointer?,
        _ digest: String,
        _ memory: UnsafeMutableRawBufferPointer?,
        _ end: ContinuousClock.Instant?
    ) throws -> HTTPResponse {
        let (server, offset, requiresMD5) = state.withLock { ($0.server, $0.clockOffset, $0.requiresMD5) }
        let place = server.place(of: request.key)
        let unsigned = UnsignedRequest(
            method: request.method,
            server: place.server,
            path: place.path,
            query: request.query,
            headers: request.headers + (requiresMD5 || request.requiresMD5 ? Self.md5Header(request, body) : []),
            bodyDigest: digest
        )
        let signer = RequestSigner(credentials: key, region: server.region)
        var sent = HTTPRequest(
            method: request.method,
            url: unsigned.url,
            headers: signer.headers(of: unsigned, at: UTCTime.now + offset),
            timeout: end.map { max(.milliseconds(100), $0 - .now) },
            silence: request.silence,
            isSentOnce: !request.isRepeated
        )
        // What is not encrypted must not leave this machine.
        sent.avoidsProxy = place.server.isLoopback
        let response = try http.send(
            sent,
            body: body,
            into: memory,
            wakes: wakes(request)
        )
        state.withLock { $0.hasAnswered = true }
        return response
    }

    /// Of what is written.
    private static func md5Header(
        _ request: StoreRequest,
        _ body: UnsafeRawBufferPointer?
    ) -> [(name: String, value: String)] {
        guard request.method == "PUT",
            let sum = MD5.digest(of: body ?? UnsafeRawBufferPointer(start: nil, count: 0))
        else { return [] }
        return [("content-md5", Data(sum).base64EncodedString())]
    }

    private struct Corrections {
        var regions = 0
        var clocks = 0
        var keys = 0
        var sums = 0
    }

    /// Whether the request may succeed now that something was corrected.
    private func correct(_ answer: StoreAnswer, _ key: AccessKey, _ done: inout Corrections) -> Bool {
        if answer.asksForMD5, done.sums == 0 {
            done.sums += 1
            settings.log("the bucket requires MD5 sums")
            state.withLock { $0.requiresMD5 = true }
            return true
        }
        if done.clocks == 0, let time = answer.time, answer.isSkewed || answer.isMute && abs(time - now) > 300 {
            done.clocks += 1
            let offset = time - UTCTime.now
            settings.note("note: the clock of this machine and that of \(serverName) differ by \(abs(offset)) seconds")
            state.withLock { $0.clockOffset = offset }
            return true
        }
        if answer.isElsewhere, done.regions < 2, let region = answer.region, !region.isEmpty {
            done.regions += 1
            settings.log("the bucket is in the region \(region)")
            return state.withLock { state in
                // Another thread may have corrected it.
                let isNews = state.server.region != region || done.regions == 1
                state.server.region = region
                return isNews
            }
        }
        // An answer without a body does not name its reason.
        let mayBeExpired = answer.isExpired || answer.isSilentRefusal && key.sessionToken != nil
        if mayBeExpired, done.keys == 0 {
            done.keys += 1
            keeper.forget(key)
            return true
        }
        return false
    }

    private func failure(_ problem: Problem, _ request: StoreRequest) -> any Error {
        switch problem {
        case .answer(let answer): return answer
        case .connection(let failure):
            switch failure.reason {
            case .cancelled: return CancellationError()
            case .certificate:
                return StorageError(
                    .unreachable,
                    "the certificate of \(serverName) was refused: \(failure.message)",
                    hint: "AWS_CA_BUNDLE names a file of trusted certificates"
                )
            case .unreachable:
                return StorageError(
                    .unreachable,
                    "the object store \(serverName) cannot be reached: \(failure.message)",
                    hint: "check --s3-endpoint, the network and HTTPS_PROXY"
                )
            case .broken, .overdue, .answer:
                return StorageError(
                    .store,
                    "the connection to the object store \(serverName) failed: \(failure.message)",
                    hint: "try again"
                )
            }
        }
    }

    private func wakes(_ request: StoreRequest) -> [CInt] {
        [request.ignoresWake ? -1 : settings.wake, request.wake]
    }

    /// Waits a random time, at most twice as long each time, so that many clients do not come back at once.
    ///
    /// - Parameter wakes: Descriptors of which one becomes readable when waiting must end; nil for that of the settings.
    /// - Throws: `CancellationError`.
    func wait(after attempt: Int, _ end: ContinuousClock.Instant? = nil, wakes: [CInt]? = nil) throws {
        var most = Self.firstWait
        for _ in 0..<attempt { most = min(most * 2, Self.waitMax) }
        var seconds = Double.random(in: most / 4...most)
        if let end { seconds = min(seconds, max(0, (end - .now) / .seconds(1))) }
        var watched = (wakes ?? [settings.wake]).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        if poll(&watched, nfds_t(watched.count), CInt(seconds * 1000)) > 0 { throw CancellationError() }
    }
}
