internal import Cryptography
internal import Synchronization

/// The URL of a check that expects to hear of each run, in the convention of healthchecks: `/start`, the URL itself after a
/// success, `/fail`; `rid` tells which messages belong to the same run.
///
/// It is a secret: everyone who knows it can report a success.
///
/// Source: <https://healthchecks.io/docs/http_api/>.
package struct PingAddress: Sendable, Equatable {
    package enum Event: String, Sendable {
        case start = "/start"
        case success = ""
        case failure = "/fail"
    }

    private let address: WebAddress
    /// Empty, or begins with a question mark.
    private let query: String

    /// - Returns: nil unless `text` is an http or https URL without a user and a fragment.
    package init?(_ text: String) {
        let base = text.prefix { $0 != "?" }
        let query = text[base.endIndex...]
        guard let address = WebAddress(String(base)),
            query.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") })
        else { return nil }
        (self.address, self.query) = (address, query == "?" ? "" : String(query))
    }

    /// Whether others on the way can read the URL.
    package var isReadableOnTheWay: Bool { !address.isEncrypted && !address.isLoopback }

    func url(_ event: Event, run: String) -> String {
        var place = address
        if event != .success {
            while place.path.hasSuffix("/") { place.path.removeLast() }
            place.path += event.rawValue
        }
        // Without a path, the query would be part of the host's name.
        if place.path.isEmpty { place.path = "/" }
        return "\(place)\(query.isEmpty ? "?" : "\(query)&")rid=\(run)"
    }
}

/// The messages about one run.
package final class PingClient: Sendable {
    private let address: PingAddress
    /// A random UUID (RFC 9562, version 4).
    private let run: String
    private let client = HTTPClient()

    package init(_ address: PingAddress) {
        self.address = address
        var bytes = Secrets.randomBytes(16)
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        var digits = Hexadecimal.text(bytes)[...]
        run = [8, 4, 4, 4, 12].map { count in
            defer { digits = digits.dropFirst(count) }
            return String(digits.prefix(count))
        }.joined(separator: "-")
    }

    /// Sends one message. It never waits longer than `limit`, even if the system's resolver does.
    ///
    /// - Returns: Why it was not delivered, without URL and host; nil if it was.
    package func send(_ event: PingAddress.Event, body: String, limit: Duration) async -> String? {
        let overdue = Self.overdue(limit)
        return await withCheckedContinuation { (continuation: CheckedContinuation<String?, Never>) in
            let answer = FirstAnswer(continuation)
            do {
                // libcurl may wait for the system's resolver, which it cannot end; then its thread is left behind.
                try startThread(named: "granary-ping") { [self] in answer.give(attempt(event, body, limit)) }
            } catch {
                answer.give("\(error)")
            }
            Task {
                try? await Task.sleep(for: limit + .milliseconds(250))
                answer.give(overdue)
            }
        }
    }

    private static func overdue(_ limit: Duration) -> String {
        "no answer within \(counted(Int(limit.components.seconds), "second"))"
    }

    private func attempt(_ event: PingAddress.Event, _ body: String, _ limit: Duration) -> String? {
        var request = HTTPRequest(method: "POST", url: address.url(event, run: run))
        request.headers = [("Content-Type", "text/plain; charset=utf-8")]
        (request.connectTimeout, request.timeout) = (limit, limit)
        do {
            let answer = try Array(body.utf8).withUnsafeBytes { try client.send(request, body: $0, wakes: []) }
            return answer.isSuccess ? nil : "the answer was \(answer.status)"
        } catch let error as HTTPFailure {
            // Its message names the host.
            return switch error.reason {
            case .overdue: Self.overdue(limit)
            case .unreachable: "no connection"
            case .certificate: "the certificate was not accepted"
            case .broken, .cancelled: "the connection ended without an answer"
            case .answer: "the answer is not HTTP"
            }
        } catch {
            return (error as? StorageError)?.message ?? "libcurl failed"
        }
    }
}

/// Passes on the first of several answers.
private final class FirstAnswer: Sendable {
    private let continuation: Mutex<CheckedContinuation<String?, Never>?>

    init(_ continuation: CheckedContinuation<String?, Never>) { self.continuation = Mutex(continuation) }

    func give(_ answer: String?) {
        continuation.withLock { continuation in
            defer { continuation = nil }
            return continuation
        }?.resume(returning: answer)
    }
}
