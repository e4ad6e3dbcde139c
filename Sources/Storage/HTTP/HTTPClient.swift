internal import CCurl
internal import Glibc
internal import Synchronization

/// Sends requests, each on the thread that asks. Connections are kept and used again.
///
/// Only http and https; no redirects are followed, and no `.netrc` is read. Proxies come from the environment
/// (`HTTPS_PROXY`, `NO_PROXY`), as libcurl documents them.
final class HTTPClient: Sendable {
    private let lanes = Mutex<[Lane]>([])
    private let caFile: String?

    /// - Parameter caFile: Trusted certificates, instead of the system's.
    init(caFile: String? = nil) { self.caFile = caFile }

    /// Sends a request and waits for the whole answer.
    ///
    /// - Parameters:
    ///   - memory: Where the body of a successful answer goes. A longer one is a failure.
    ///   - wakes: Descriptors of which one becomes readable when the request must end; -1 counts as none.
    /// - Throws: `HTTPFailure`; `StorageError.io` if libcurl cannot be opened.
    func send(
        _ request: HTTPRequest,
        body: UnsafeRawBufferPointer? = nil,
        into memory: UnsafeMutableRawBufferPointer? = nil,
        wakes: [CInt]
    ) throws -> HTTPResponse {
        let lane = try lanes.withLock { $0.popLast() } ?? Lane(try Curl.loaded.get())
        defer { lanes.withLock { $0.append(lane) } }
        return try lane.send(request, body: body, into: memory, caFile: caFile, wakes: wakes)
    }
}

/// One connection, or a few to different servers. `@unchecked Sendable`: a lane is taken out of the list of free lanes by
/// one thread, and put back when its request ends.
private final class Lane: @unchecked Sendable {
    private let curl: Curl
    private let multi: Curl.Handle
    private let easy: Curl.Handle
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: CCurl_errorBytes)

    init(_ curl: Curl) throws {
        guard let multi = curl.createMulti(), let easy = curl.create() else {
            throw StorageError(.io, "libcurl cannot start a transfer")
        }
        (self.curl, self.multi, self.easy) = (curl, multi, easy)
    }

    deinit {
        curl.end(easy)
        _ = curl.endMulti(multi)
        errorText.deallocate()
    }

    func send(
        _ request: HTTPRequest,
        body: UnsafeRawBufferPointer?,
        into memory: UnsafeMutableRawBufferPointer?,
        caFile: String?,
        wakes: [CInt]
    ) throws -> HTTPResponse {
        let reception = Reception(memory)
        let headers = headerList(request.headers)
        defer { if let headers { curl.freeList(headers) } }
        errorText.pointee = 0
        curl.reset(easy)
        setUp(request, body, headers, caFile, reception)
        let code = try withExtendedLifetime(reception) { try transfer(wakes: wakes) }
        guard code == CCurl_ok else { throw failure(code, reception) }
        return reception.response
    }

    private func headerList(_ headers: [(name: String, value: String)]) -> Curl.Handle? {
        // libcurl would add these by itself.
        let silenced = ["Expect:", "Content-Type:", "Accept:"].filter { line in
            !headers.contains { line.dropLast().lowercased() == $0.name.lowercased() }
        }
        return (silenced + headers.map { "\($0.name): \($0.value)" }).reduce(nil as Curl.Handle?) { list, line in
            curl.append(list, line) ?? list
        }
    }

    private func setUp(
        _ request: HTTPRequest,
        _ body: UnsafeRawBufferPointer?,
        _ headers: Curl.Handle?,
        _ caFile: String?,
        _ reception: Reception
    ) {
        // The options take strings, which libcurl copies, numbers, or pointers, which it keeps.
        set(CCurl_optionURL, request.url)
        set(CCurl_optionCustomRequest, request.method)
        set(CCurl_optionNoBody, request.method == "HEAD" ? 1 : 0)
        set(CCurl_optionHTTPVersion, CCurl_http1_1)
        set(CCurl_optionProtocols, CCurl_protocolHTTP | CCurl_protocolHTTPS)
        set(CCurl_optionPathAsIs, 1)
        set(CCurl_optionNoSignal, 1)
        set(CCurl_optionTCPKeepAlive, 1)
        set(CCurl_optionConnectTimeoutMS, Int(request.connectTimeout / .milliseconds(1)))
        if let timeout = request.timeout { set(CCurl_optionTimeoutMS, Int(timeout / .milliseconds(1))) }
        set(CCurl_optionLowSpeedLimit, 1)
        set(CCurl_optionLowSpeedTime, Int(request.silence / .seconds(1)))
        if request.isSentOnce { set(CCurl_optionFreshConnect, 1) }
        set(CCurl_optionBufferSize, 512 << 10)
        set(CCurl_optionUploadBufferSize, 1 << 20)
        set(CCurl_optionUserAgent, "granary")
        if let caFile { set(CCurl_optionCAInfo, caFile) }
        if request.avoidsProxy { set(CCurl_optionNoProxy, "*") }
        set(CCurl_optionHTTPHeader, headers)
        set(CCurl_optionErrorBuffer, errorText)
        if let body {
            _ = CCurl_setCount(curl.setopt, easy, CInt(CCurl_optionPostFieldSize), Int64(body.count))
            // Without bytes libcurl would read them from standard input.
            let start = body.baseAddress ?? UnsafeRawPointer(errorText)
            set(CCurl_optionPostFields, start)
        }
        let context = Unmanaged.passUnretained(reception).toOpaque()
        set(CCurl_optionWriteData, context)
        set(CCurl_optionHeaderData, context)
        _ = CCurl_setReceiver(curl.setopt, easy, CInt(CCurl_optionWriteFunction)) { bytes, size, count, context in
            Reception.at(context).receive(UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
        _ = CCurl_setReceiver(curl.setopt, easy, CInt(CCurl_optionHeaderFunction)) { bytes, size, count, context in
            Reception.at(context).receiveHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
    }
    private func set(_ option: Int, _ text: String) { _ = CCurl_setText(curl.setopt, easy, CInt(option), text) }
    private func set(_ option: Int, _ number: Int) { _ = CCurl_setNumber(curl.setopt, easy, CInt(option), number) }
    private func set(_ option: Int, _ pointer: UnsafeRawPointer?) {
        _ = CCurl_setPointer(curl.setopt, easy, CInt(option), pointer)
    }

    /// Returns libcurl's code.
    private func transfer(wakes: [CInt]) throws -> CInt {
        guard curl.add(multi, easy) == CCurl_ok else { throw StorageError(.io, "libcurl cannot start a transfer") }
        defer { _ = curl.remove(multi, easy) }
        var watched = wakes.filter { $0 >= 0 }.map {
            CCurl_waitfd(fd: $0, events: Int16(CCurl_pollIn), revents: 0)
        }
        while true {
            var running: CInt = 0
            guard curl.perform(multi, &running) == CCurl_ok else {
                throw HTTPFailure(reason: .broken, message: "libcurl failed")
            }
            if running == 0 { return outcome() }
            _ = curl.poll(multi, &watched, UInt32(watched.count), 1000, nil)
            if watched.contains(where: { $0.revents != 0 }) {
                throw HTTPFailure(reason: .cancelled, message: "interrupted")
            }
        }
    }

    private func outcome() -> CInt {
        var left: CInt = 0
        while let message = curl.readInfo(multi, &left) {
            let message = message.assumingMemoryBound(to: CCurl_message.self).pointee
            if message.kind == CCurl_messageDone { return message.data.result }
        }
        return CInt(CCurl_couldNotConnect)
    }

    private func failure(_ code: CInt, _ reception: Reception) -> HTTPFailure {
        if let problem = reception.problem { return HTTPFailure(reason: .answer, message: problem) }
        let own = String(cString: errorText)
        let text = own.isEmpty ? curl.errorText(code).map { String(cString: $0) } ?? "error \(code)" : own
        let reason: HTTPFailure.Reason =
            switch Int(code) {
            case CCurl_couldNotResolveHost, CCurl_couldNotResolveProxy, CCurl_couldNotConnect: .unreachable
            case CCurl_peerFailedVerification, CCurl_sslCACertBadFile: .certificate
            case CCurl_timedOut: .overdue
            case CCurl_unsupportedProtocol, CCurl_malformedURL: .answer
            default: .broken
            }
        return HTTPFailure(reason: reason, message: text)
    }
}

/// Takes an answer as it arrives. Only the thread of its transfer uses it.
private final class Reception {
    private(set) var response = HTTPResponse(status: 0)
    /// Why the answer cannot be taken.
    private(set) var problem: String?
    private let memory: UnsafeMutableRawBufferPointer?
    /// A longer body without memory of the caller is refused: answers with lists have a thousand entries at most.
    private static let bodyBytesMax = 32 << 20

    init(_ memory: UnsafeMutableRawBufferPointer?) { self.memory = memory }

    static func at(_ context: UnsafeMutableRawPointer) -> Reception {
        Unmanaged<Reception>.fromOpaque(context).takeUnretainedValue()
    }

    /// Returns how many bytes were taken; fewer than given end the transfer.
    func receive(_ bytes: UnsafeRawBufferPointer) -> Int {
        if let memory, response.isSuccess {
            guard bytes.count <= memory.count - response.count else { return refuse("it is longer than was asked for") }
            UnsafeMutableRawBufferPointer(rebasing: memory[response.count...]).copyMemory(from: bytes)
            response.count += bytes.count
        } else {
            guard response.body.count + bytes.count <= Self.bodyBytesMax else { return refuse("it is too long") }
            response.body.append(contentsOf: bytes)
        }
        return bytes.count
    }

    private func refuse(_ reason: String) -> Int {
        problem = "the answer is wrong: \(reason)"
        return 0
    }

    /// Takes a status line or a header. After an interim answer, such as 100, the next one begins anew.
    func receiveHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
        let line = String(decoding: bytes, as: UTF8.self).filter { $0 != "\r\n" && $0 != "\n" && $0 != "\r" }
        if line.hasPrefix("HTTP/") {
            let words = line.split(separator: " ")
            response = HTTPResponse(status: words.count > 1 ? Int(words[1]) ?? 0 : 0)
        } else if let colon = line.firstIndex(of: ":") {
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            response.headers[line[..<colon].lowercased()] = String(value.reversed().drop { $0 == " " }.reversed())
        }
        return bytes.count
    }
}
