import ArgumentParser
import PostgresClient
import Storage
import Synchronization
import TestSupport
import Testing

@testable import GranaryCommands

/// What is told about a run never changes how it ends.
@Suite struct NoticesTests {
    private final class Tape: Sendable {
        private let text = Mutex("")
        var console: Console { console(Console.Settings()) }
        func console(_ settings: Console.Settings) -> Console {
            let screen = Screen(isTerminal: false) { [self] line in text.withLock { $0 += line } }
            return Console(settings: settings, screen: screen, environment: [:])
        }
        var all: String { text.withLock { $0 } }
    }

    private static func hasty(_ ping: String? = nil, within limit: Duration = .milliseconds(300)) -> Notices {
        var notices = Notices(ping: ping.flatMap { PingAddress($0) })
        (notices.limits.ping, notices.limits.hook) = (limit, limit)
        return notices
    }

    @Test func aServerThatIsSilentDelaysLittle() async throws {
        let server = try HTTPProxy(before: 0) { _, _ in .stall }
        let tape = Tape()
        let start = ContinuousClock.now
        try await Self.hasty("\(server.endpoint)/secret", within: .seconds(2)).around(on: tape.console, subject: nil) {
            // The command does not wait for the ping that tells its start.
            #expect(.now - start < .seconds(2))
        }
        #expect(.now - start < .seconds(60))
        #expect(tape.all == "note: the pings could not be delivered: no answer within 2 seconds\n")
    }

    /// A scheduled run is quiet, and somebody must learn that its pings do not arrive.
    @Test func quietDoesNotSilenceAPingThatWasNotDelivered() async throws {
        let server = try HTTPProxy(before: 0) { _, _ in .answer(404) }
        let tape = Tape()
        var settings = Console.Settings()
        settings.isQuiet = true
        try await Self.hasty("\(server.endpoint)/secret").around(on: tape.console(settings), subject: nil) {}
        #expect(tape.all == "note: the pings could not be delivered: the answer was 404\n")
    }

    @Test func aCommandThatTakesTooLongIsEnded() async throws {
        try await ScratchFolder.with { folder in
            let tape = Tape()
            var notices = Self.hasty()
            notices.onSuccess = "trap 'touch \(folder.file("told")); exit' TERM; sleep 1000 & wait"
            try await notices.around(on: tape.console, subject: nil) {}
            #expect(tape.all == "note: the command of --on-success did not end within 0.3 s, and was ended\n")
            #expect(folder.names() == ["told"])
        }
    }

    @Test func aCommandThatFailsIsANote() async throws {
        let tape = Tape()
        var notices = Notices()
        (notices.onSuccess, notices.onFailure) = ("exit 9", "exit 8")
        try await notices.around(on: tape.console, subject: nil) {}
        #expect(tape.all == "note: the command of --on-success failed with status 9\n")
        let code = await #expect(throws: ExitCode.self) {
            try await notices.around(on: tape.console, subject: nil) { throw CommandError(.refused, "no", hint: "why") }
        }
        #expect(code?.rawValue == 3)
        #expect(
            tape.all.hasSuffix(
                "granary: error: no\nhint: why\nnote: the command of --on-failure failed with status 8\n"
            )
        )
    }

    /// The document is printed before the command of the user runs.
    @Test func theNoteIsShownAlsoBesideADocument() async throws {
        let tape = Tape()
        var settings = Console.Settings()
        (settings.isJSON, settings.isQuiet) = (true, true)
        var notices = Notices()
        notices.onSuccess = "exit 9"
        try await notices.around(on: tape.console(settings), subject: nil) {}
        #expect(tape.all == "note: the command of --on-success failed with status 9\n")
    }

    /// An interrupt cancels the task of the command.
    @Test func afterAnInterruptOthersAreToldAllTheSame() async throws {
        let bodies = Mutex<[String]>([])
        let server = try HTTPProxy(before: 0) { request, _ in
            bodies.withLock { $0.append(String(decoding: request.body, as: UTF8.self)) }
            return .answer(200)
        }
        try await ScratchFolder.with { folder in
            var notices = Notices(ping: PingAddress("\(server.endpoint)/x"))
            notices.onFailure = "cat >\(folder.file("document"))"
            let settled = notices
            let console = Tape().console
            let task = Task {
                try await settled.around(on: console, subject: nil) { try await Task.sleep(for: .seconds(600)) }
            }
            try await eventually { server.requests.count == 1 }
            task.cancel()
            let code = await #expect(throws: ExitCode.self) { try await task.value }
            #expect(code?.rawValue == 130)
            #expect(server.requests.map { $0.target.prefix { $0 != "?" } } == ["/x/start", "/x/fail"])
            #expect(bodies.withLock { $0.last }?.hasPrefix("exit_code 130\nseconds ") == true)
            let document = String(decoding: folder.read("document"), as: UTF8.self)
            #expect(document.hasPrefix(#"{"error":{"message":"interrupted""#) && document.hasSuffix("\"code\":130}\n"))
        }
    }

    /// The work is done; only the command of the user is still running.
    @Test func anInterruptEndsTheCommandAndNotTheSuccess() async throws {
        try await ScratchFolder.with { folder in
            let tape = Tape()
            var notices = Notices()
            notices.onSuccess = "touch \(folder.file("begun")); sleep 1000"
            let (settled, console) = (notices, tape.console)
            let task = Task { try await settled.around(on: console, subject: nil) {} }
            try await eventually { folder.names() == ["begun"] }
            task.cancel()
            try await task.value
            #expect(tape.all == "note: the command of --on-success was interrupted\n")
        }
    }

    /// A check at a service elsewhere must not learn what there is.
    @Test func theTextOfAPingHasOnlyFigures() {
        let figures = NoticeRecord.Figures(
            .init(database: "shop", environment: "production"),
            bytes: 1,
            rawBytes: 2,
            rows: 3,
            tables: 4,
            seconds: 5,
            endedAt: 6
        )
        var outcome = RunOutcome(code: 0, seconds: 6, endedAt: 7, finished: [figures, figures])
        #expect(outcome.text == "exit_code 0\nseconds 6\nbytes 2\nraw_bytes 4\nrows 6\ntables 8\n")
        var drill = figures
        (drill.rawBytes, drill.rpoSeconds, drill.rtoSeconds) = (nil, 8, 9.5)
        outcome.finished = [drill]
        #expect(outcome.text == "exit_code 0\nseconds 6\nbytes 1\nrows 3\ntables 4\nrpo_seconds 8\nrto_seconds 9.5\n")
        outcome = RunOutcome(code: 1, seconds: 6.5, endedAt: 7, document: FailureReport(.failed, "host db").document)
        #expect(outcome.text == "exit_code 1\nseconds 6.5\n")
    }

    @Test func aPlainURLIsANoteUnlessItIsOfThisMachine() async throws {
        let tape = Tape()
        try await Self.hasty("http://nowhere.invalid/x").around(on: tape.console, subject: nil) {}
        #expect(tape.all.hasPrefix("note: the ping goes over plain http, so others on the way can read its URL\n"))
        #expect(!tape.all.contains("nowhere"))
    }
}
