import Glibc
import PostgresClient
import Synchronization

/// A network that breaks on demand: a proxy on 127.0.0.1 in front of a server's socket.
///
/// It reads the clients' messages according to PostgreSQL's protocol, and counts messages and COMMITs over all
/// connections, so a point is identified by a number. Plain connections only (`url` turns TLS off).
/// <https://www.postgresql.org/docs/current/protocol-message-formats.html>
package final class FaultProxy: Sendable {
    /// The point at which it breaks.
    package enum Point: Sendable, CustomStringConvertible {
        /// At the n-th message that a client sends.
        case message(Int, Part)
        /// At the n-th COMMIT.
        case commit(Int, Part)
        /// After this many bytes from the server.
        case answer(bytes: Int)

        package var description: String {
            switch self {
            case .message(let number, let part): "\(part) message \(number)"
            case .commit(let number, let part): "\(part) COMMIT \(number)"
            case .answer(let bytes): "after \(bytes) bytes of answers"
            }
        }
    }

    /// Before the message, in the middle of it, or after it: then the server gets it, and its answer is lost.
    package enum Part: String, Sendable, CaseIterable { case before, within, after }

    /// The fault.
    package enum Deed: Sendable, Equatable {
        /// Close the connection, or all of them.
        case close(all: Bool)
        /// Reset the connection, or all of them.
        case reset(all: Bool)
        /// Stop all traffic, permanently or for a while, without closing anything.
        case stall
        case pause(Duration)
    }

    /// The traffic so far.
    package struct Traffic: Sendable {
        package var messages = 0
        package var commits = 0
        package var answerBytes = 0
    }

    private struct State {
        var traffic = Traffic()
        var point: Point?
        var deed = Deed.stall
        /// New connections are refused after the fault.
        var staysBroken = false
        var hasStruck = false
        var isStalled = false
        var stalledUntil: ContinuousClock.Instant?
        /// How long what a client sends is on its way.
        var delay = Duration.zero
        var isClosed = false
        var connections: [Connection] = []
    }

    private let state = Mutex(State())
    private let listener: CInt
    private let socketPath: String
    package let port: Int

    /// - Parameter server: Reached through its Unix socket.
    package init(before server: ThrowawayServer) throws {
        socketPath = "\(server.folder)/.s.PGSQL.5432"
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        self.listener = listener
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        guard listener >= 0, bound else {
            throw CommandFailure(description: "proxy: \(String(cString: strerror(errno)))")
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        try startThread(named: "proxy") { [self] in accept() }
    }

    package func url(database: String) -> String {
        "postgresql://\(ThrowawayServer.superuser)@127.0.0.1:\(port)/\(database)?sslmode=disable&gssencmode=disable"
    }

    // MARK: What is asked of it

    /// Breaks at `point`, counted from now.
    package func arm(_ deed: Deed, at point: Point, staysBroken: Bool = false) {
        state.withLock { state in
            (state.traffic, state.hasStruck) = (Traffic(), false)
            (state.point, state.deed, state.staysBroken) = (point, deed, staysBroken)
        }
    }

    /// Makes the server far away: what clients send arrives later.
    package func delay(by duration: Duration) { state.withLock { $0.delay = duration } }

    package var hasStruck: Bool { state.withLock(\.hasStruck) }

    /// Repairs the network; stalled connections are closed. Returns the traffic since the last call of `arm` or `mend`.
    @discardableResult
    package func mend() -> Traffic {
        state.withLock { state in
            let traffic = state.traffic
            if state.isStalled { for connection in state.connections { connection.end(reset: false) } }
            state.traffic = Traffic()
            (state.point, state.staysBroken, state.hasStruck, state.isStalled) = (nil, false, false, false)
            state.stalledUntil = nil
            return traffic
        }
    }

    /// Ends every connection, and stops listening.
    package func close() {
        state.withLock { state in
            state.isClosed = true
            for connection in state.connections { connection.end(reset: false) }
        }
        shutdown(listener, CInt(SHUT_RDWR))
    }
}

// The threads: one that accepts, two for each connection.
extension FaultProxy {
    private func accept() {
        while true {
            let client = Glibc.accept(listener, nil, nil)
            if client < 0 {
                if state.withLock(\.isClosed) { break }
                continue
            }
            _ = fcntl(client, F_SETFD, FD_CLOEXEC)
            let isRefused = state.withLock { $0.hasStruck && $0.staysBroken }
            guard !isRefused, let server = connectToServer() else {
                Glibc.close(client)
                continue
            }
            var one: CInt = 1
            setsockopt(client, CInt(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<CInt>.size))
            let connection = Connection(client: client, server: server)
            state.withLock { $0.connections.append(connection) }
            try? startThread(named: "proxy-up") { [self] in
                sendUp(connection)
                connection.end(reset: false)
                state.withLock { $0.connections.removeAll { $0 === connection } }
            }
            try? startThread(named: "proxy-down") { [self] in
                sendDown(connection)
                connection.end(reset: false)
            }
        }
        Glibc.close(listener)
    }

    private func connectToServer() -> CInt? {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: socketPath.utf8) }
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        guard connected else {
            Glibc.close(descriptor)
            return nil
        }
        return descriptor
    }

    /// From client to server, in whole messages.
    private func sendUp(_ connection: Connection) {
        var messages = MessageReader()
        while let bytes = connection.read(from: connection.client) {
            usleep(UInt32(state.withLock(\.delay) / .microseconds(1)))
            messages.append(bytes)
            while let message = messages.next() {
                let (deed, part) = strike(at: message)
                guard let deed, let part else {
                    waitWhileStalled(connection)
                    guard connection.write(message.bytes[...], to: connection.server) else { return }
                    continue
                }
                switch part {
                case .before: break
                case .within: _ = connection.write(message.bytes.prefix(message.bytes.count / 2), to: connection.server)
                case .after:
                    // Before the server has it, because the answer could be faster than the fault.
                    connection.isMute = true
                    _ = connection.write(message.bytes[...], to: connection.server)
                }
                guard carryOut(deed, on: connection) else { return }
                waitWhileStalled(connection)
                switch part {
                case .before: guard connection.write(message.bytes[...], to: connection.server) else { return }
                case .within:
                    let rest = message.bytes.dropFirst(message.bytes.count / 2)
                    guard connection.write(rest, to: connection.server) else { return }
                case .after: connection.isMute = false
                }
            }
        }
    }

    /// From server to client, as the bytes arrive.
    private func sendDown(_ connection: Connection) {
        while let bytes = connection.read(from: connection.server) {
            let deed = state.withLock { state -> Deed? in
                state.traffic.answerBytes += bytes.count
                guard !state.hasStruck, case .answer(let limit)? = state.point, state.traffic.answerBytes >= limit
                else { return nil }
                state.hasStruck = true
                return state.deed
            }
            if let deed {
                // Half of the bytes get through, probably ending in the middle of a message.
                guard connection.write(bytes.prefix(bytes.count / 2), to: connection.client) else { return }
                guard carryOut(deed, on: connection) else { return }
                waitWhileStalled(connection)
                guard connection.write(bytes.dropFirst(bytes.count / 2), to: connection.client) else { return }
                continue
            }
            waitWhileStalled(connection)
            while connection.isMute, !connection.isEnded { usleep(1_000) }
            guard !connection.isEnded, connection.write(bytes[...], to: connection.client) else { return }
        }
    }

    private func strike(at message: MessageReader.Message) -> (Deed?, Part?) {
        state.withLock { state in
            state.traffic.messages += 1
            if message.isCommit { state.traffic.commits += 1 }
            guard !state.hasStruck else { return (nil, nil) }
            switch state.point {
            case .message(let number, let part)? where state.traffic.messages == number:
                state.hasStruck = true
                return (state.deed, part)
            case .commit(let number, let part)? where message.isCommit && state.traffic.commits == number:
                state.hasStruck = true
                return (state.deed, part)
            default: return (nil, nil)
            }
        }
    }

    /// Returns whether the connection continues.
    private func carryOut(_ deed: Deed, on connection: Connection) -> Bool {
        switch deed {
        case .close(let all), .reset(let all):
            let isReset = deed == .reset(all: all)
            let others = all ? state.withLock(\.connections) : []
            for other in others + [connection] { other.end(reset: isReset) }
            return false
        case .stall:
            state.withLock { $0.isStalled = true }
        case .pause(let duration):
            state.withLock { $0.stalledUntil = .now + duration }
        }
        return true
    }

    private func waitWhileStalled(_ connection: Connection) {
        while !connection.isEnded, state.withLock({ $0.isStalled || $0.stalledUntil.map { $0 > .now } ?? false }) {
            usleep(5_000)
        }
    }
}

/// Both ends of a connection.
private final class Connection: Sendable {
    let client: CInt
    let server: CInt
    private let ended = Atomic<Bool>(false)
    private let mute = Atomic<Bool>(false)
    var isEnded: Bool { ended.load(ordering: .acquiring) }
    /// The server's answers are delayed.
    var isMute: Bool {
        get { mute.load(ordering: .acquiring) }
        set { mute.store(newValue, ordering: .releasing) }
    }

    init(client: CInt, server: CInt) { (self.client, self.server) = (client, server) }

    // After both of its threads have ended.
    deinit {
        close(client)
        close(server)
    }

    func end(reset: Bool) {
        guard !ended.exchange(true, ordering: .acquiringAndReleasing) else { return }
        if reset {
            // Closed without sending pending bytes, which the client notices as an error.
            var linger = linger(l_onoff: 1, l_linger: 0)
            setsockopt(client, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
        }
        shutdown(client, CInt(reset ? SHUT_RD : SHUT_RDWR))
        shutdown(server, CInt(SHUT_RDWR))
    }

    /// nil at the end.
    func read(from descriptor: CInt) -> [UInt8]? {
        let bytes = [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
            count = max(0, recv(descriptor, buffer.baseAddress, buffer.count, 0))
        }
        return bytes.isEmpty || isEnded ? nil : bytes
    }

    func write(_ bytes: ArraySlice<UInt8>, to descriptor: CInt) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}

/// Divides a client's bytes into messages. The first one has no letter before its length.
private struct MessageReader {
    struct Message {
        var bytes: [UInt8]

        /// A simple query with a COMMIT.
        var isCommit: Bool {
            bytes.first == UInt8(ascii: "Q") && bytes.dropFirst(5).prefix(6).elementsEqual("COMMIT".utf8)
        }
    }

    private var buffer: [UInt8] = []
    private var isFirst = true

    mutating func append(_ bytes: [UInt8]) { buffer += bytes }

    mutating func next() -> Message? {
        let head = isFirst ? 0 : 1
        guard buffer.count >= head + 4 else { return nil }
        let length = head + buffer[head..<head + 4].reduce(0) { $0 << 8 | Int($1) }
        guard buffer.count >= length else { return nil }
        let message = Message(bytes: Array(buffer[..<length]))
        buffer.removeFirst(length)
        isFirst = false
        return message
    }
}
