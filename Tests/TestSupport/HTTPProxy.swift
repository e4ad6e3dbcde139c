import Basics
import Glibc
import Synchronization

/// A server on 127.0.0.1 that passes HTTP requests on to another one, or does something else with them.
package final class HTTPProxy: Sendable {
    package struct Request: Sendable {
        package var method: String
        /// The path and the query, encoded.
        package var target: String
        /// Names in lower case.
        package var headers: [String: String]
        fileprivate var head: [UInt8]
        package var body: [UInt8]

        /// Whether granary asks with it what the store can do.
        private var isProbe: Bool { target.contains("/.granary") }
        /// A part of an upload.
        package var isPart: Bool { method == "PUT" && target.contains("partNumber=") && !isProbe }
        package var isBeginning: Bool { method == "POST" && target.contains("uploads=") && !isProbe }
        package var isCompletion: Bool { method == "POST" && target.contains("uploadId=") && !isProbe }
        package var isAbort: Bool { method == "DELETE" && target.contains("uploadId=") && !isProbe }
    }

    /// What happens to a request.
    package enum Deed: Sendable {
        case pass
        /// It is not passed on.
        case answer(Int, headers: [String: String] = [:], body: String = "")
        /// The connection is closed before it is passed on.
        case close
        /// It is passed on, and its answer is lost.
        case loseAnswer
        /// It is passed on, and the answer has another body.
        case replaceBody(String)
        /// The answer is cut after so many bytes of its body.
        case cutAnswer(Int)
        /// The answer has another header.
        case header(String, String)
        /// The answer comes in pieces of this size, with pauses.
        case drip(Int)
        /// Nothing is answered until the proxy ends.
        case stall
    }

    package let port: Int
    private let listener: CInt
    private let target: Int
    private let rule: @Sendable (Request, _ number: Int) -> Deed
    private let seen = Mutex<[Request]>([])

    /// - Parameters:
    ///   - port: Of the other server; 0 if nothing is passed on.
    ///   - rule: Decides about a request. The number counts all requests, from 1.
    package init(before port: Int, _ rule: @escaping @Sendable (Request, _ number: Int) -> Deed) throws {
        (listener, self.port) = LoopbackSocket.listening()
        target = port
        self.rule = rule
        guard self.port > 0 else { throw CommandFailure(description: "there is no free port") }
        try startThread(named: "proxy") { [self] in accept() }
    }

    package var endpoint: String { "http://127.0.0.1:\(port)" }

    /// The requests so far, without their bodies.
    package var requests: [Request] { seen.withLock { $0 } }

    private func accept() {
        while true {
            let client = Glibc.accept(listener, nil, nil)
            guard client >= 0 else { return }
            do {
                try startThread(named: "proxy") { [self] in
                    while let request = Self.read(from: client), serve(request, client) {}
                    Glibc.close(client)
                }
            } catch {
                Glibc.close(client)
            }
        }
    }

    /// Returns whether the connection continues.
    private func serve(_ request: Request, _ client: CInt) -> Bool {
        let number = seen.withLock { seen in
            var known = request
            known.body = []
            seen.append(known)
            return seen.count
        }
        let deed = rule(request, number)
        switch deed {
        case .answer(let status, let headers, let body):
            let lines = headers.map { "\($0): \($1)\r\n" }.joined()
            let isHead = request.method == "HEAD"
            let length = headers["Content-Length"] == nil ? "Content-Length: \(body.utf8.count)\r\n" : ""
            let text = "HTTP/1.1 \(status) Told\r\n\(length)\(lines)\r\n\(isHead ? "" : body)"
            return Self.write(Array(text.utf8), to: client)
        case .close: return false
        case .stall:
            var byte: UInt8 = 0
            while recv(client, &byte, 1, 0) > 0 {}
            return false
        default: break
        }
        guard let answer = passed(request) else { return false }
        guard let end = answer.firstRange(of: Array("\r\n\r\n".utf8)) else { return false }
        var head = String(decoding: answer[..<end.lowerBound], as: UTF8.self)
        var body = Array(answer[end.upperBound...])
        switch deed {
        case .loseAnswer: return false
        case .replaceBody(let text):
            body = Array(text.utf8)
            head = Self.with("Content-Length", String(body.count), head)
        case .header(let name, let value): head = Self.with(name, value, head)
        case .cutAnswer(let count): body = Array(body.prefix(count))
        default: break
        }
        let bytes = Array((head + "\r\n\r\n").utf8) + body
        if case .drip(let size) = deed {
            for start in stride(from: 0, to: bytes.count, by: size) {
                guard Self.write(Array(bytes[start..<min(start + size, bytes.count)]), to: client) else { return false }
                usleep(20_000)
            }
        } else if !Self.write(bytes, to: client) {
            return false
        }
        // The other server was asked to close, and its answer says so.
        return false
    }

    private func passed(_ request: Request) -> [UInt8]? {
        let server = LoopbackSocket.connected(to: target)
        guard server >= 0 else { return nil }
        defer { Glibc.close(server) }
        let head = request.head.dropLast(2) + Array("Connection: close\r\n\r\n".utf8)
        guard Self.write(head + request.body, to: server) else { return nil }
        var answer: [UInt8] = []
        while let more = Self.bytes(from: server) { answer += more }
        return answer
    }

    private static func with(_ name: String, _ value: String, _ head: String) -> String {
        let kept = head.split(separator: "\r\n").filter { !$0.lowercased().hasPrefix(name.lowercased() + ":") }
        return (kept.map(String.init) + ["\(name): \(value)"]).joined(separator: "\r\n")
    }

    /// nil at the end of the connection.
    private static func read(from client: CInt) -> Request? {
        var bytes: [UInt8] = []
        var end: Range<Int>?
        while end == nil {
            guard let more = Self.bytes(from: client) else { return nil }
            bytes += more
            end = bytes.firstRange(of: Array("\r\n\r\n".utf8))
        }
        guard let end else { return nil }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count == 3 else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        var body = Array(bytes[end.upperBound...])
        while body.count < length {
            guard let more = Self.bytes(from: client) else { return nil }
            body += more
        }
        return Request(
            method: String(words[0]),
            target: String(words[1]),
            headers: headers,
            head: Array(bytes[..<end.upperBound]),
            body: body
        )
    }

    private static func bytes(from descriptor: CInt) -> [UInt8]? {
        let bytes = [UInt8](unsafeUninitializedCapacity: 1 << 18) { buffer, count in
            count = max(0, recv(descriptor, buffer.baseAddress, buffer.count, 0))
        }
        return bytes.isEmpty ? nil : bytes
    }

    private static func write(_ bytes: [UInt8], to descriptor: CInt) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
