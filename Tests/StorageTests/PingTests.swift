import Glibc
import Synchronization
import TestSupport
import Testing

@testable import Storage

/// Messages to a check that waits for them.
@Suite struct PingTests {
    @Test(arguments: [
        ("https://hc-ping.com/uuid", PingAddress.Event.start, "https://hc-ping.com/uuid/start?rid=R"),
        ("https://hc-ping.com/uuid", .success, "https://hc-ping.com/uuid?rid=R"),
        ("https://hc-ping.com/uuid", .failure, "https://hc-ping.com/uuid/fail?rid=R"),
        ("https://hc-ping.com/uuid/", .failure, "https://hc-ping.com/uuid/fail?rid=R"),
        ("HTTP://Host:8000/a?create=1", .start, "http://host:8000/a/start?create=1&rid=R"),
        ("https://host?", .success, "https://host/?rid=R"),
        ("https://host", .failure, "https://host/fail?rid=R"),
    ])
    func theEventIsPartOfThePath(text: String, event: PingAddress.Event, url: String) throws {
        #expect(try #require(PingAddress(text)).url(event, run: "R") == url)
    }

    @Test(arguments: [
        "", "ftp://host/x", "host/x", "https://", "https://a:b@host/x", "https://host/x#y", "https://host/a b",
        "https://host/x?a b", "https://host/x?ä", "https://host/x?\n",
    ])
    func anotherTextIsNoAddress(_ text: String) { #expect(PingAddress(text) == nil) }

    @Test func onlyPlainTextToAnotherMachineCanBeRead() {
        #expect(PingAddress("http://host/x")?.isReadableOnTheWay == true)
        #expect(PingAddress("http://127.0.0.1:1/x")?.isReadableOnTheWay == false)
        #expect(PingAddress("https://host/x")?.isReadableOnTheWay == false)
    }

    private static func client(_ endpoint: String) throws -> PingClient {
        PingClient(try #require(PingAddress("\(endpoint)/secret")))
    }

    @Test func theMessagesOfOneRunHaveOneIdentifier() async throws {
        let bodies = Mutex<[String]>([])
        let server = try HTTPProxy(before: 0) { request, _ in
            bodies.withLock { $0.append(String(decoding: request.body, as: UTF8.self)) }
            return .answer(200)
        }
        let client = try Self.client(server.endpoint)
        for event in [PingAddress.Event.start, .failure, .success] {
            #expect(await client.send(event, body: "text of \(event)", limit: .seconds(5)) == nil)
        }
        let other = try Self.client(server.endpoint)
        #expect(await other.send(.success, body: "", limit: .seconds(5)) == nil)
        let requests = server.requests
        #expect(requests.map(\.method) == ["POST", "POST", "POST", "POST"])
        #expect(
            requests.map { $0.target.prefix { $0 != "?" } } == ["/secret/start", "/secret/fail", "/secret", "/secret"]
        )
        #expect(bodies.withLock { $0 } == ["text of start", "text of failure", "text of success", ""])
        let runs = try requests.map { request in
            try #require(request.target.firstMatch(of: #/rid=([0-9a-f-]{36})$/#)).output.1
        }
        #expect(Set(runs.prefix(3)).count == 1 && Set(runs).count == 2, "\(runs)")
        // Version 4, and the variant of RFC 9562.
        #expect(runs[0].contains(#/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/#))
    }

    @Test func aRedirectIsNotFollowed() async throws {
        let other = try HTTPProxy(before: 0) { _, _ in .answer(200) }
        let server = try HTTPProxy(before: 0) { _, _ in .answer(302, headers: ["Location": "\(other.endpoint)/x"]) }
        let reason = try await Self.client(server.endpoint).send(.success, body: "x", limit: .seconds(5))
        #expect(reason == "the answer was 302")
        #expect(other.requests.isEmpty && server.requests.count == 1)
    }

    @Test func whatFailsHasAReasonWithoutTheAddress() async throws {
        let ill = try HTTPProxy(before: 0) { _, _ in .answer(500, body: "secret") }
        try await #expect(Self.client(ill.endpoint).send(.start, body: "", limit: .seconds(5)) == "the answer was 500")
        let closing = try HTTPProxy(before: 0) { _, _ in .close }
        try await #expect(
            Self.client(closing.endpoint).send(.start, body: "", limit: .seconds(5))
                == "the connection ended without an answer"
        )
        let refused = try await Self.client("http://127.0.0.1:1").send(.start, body: "", limit: .seconds(5))
        #expect(refused == "no connection")
        let unknown = try await Self.client("http://nowhere.invalid").send(.start, body: "", limit: .seconds(2))
        #expect(unknown?.contains("nowhere") == false, "\(String(describing: unknown))")
        let start = ContinuousClock.now
        let silent = try HTTPProxy(before: 0) { _, _ in .stall }
        let overdue = try await Self.client(silent.endpoint).send(.start, body: "", limit: .seconds(1))
        #expect(overdue == "no answer within 1 second")
        #expect(.now - start < .seconds(60))
    }
}
