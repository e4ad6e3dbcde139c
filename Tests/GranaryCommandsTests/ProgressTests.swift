import Archive
import Backup
import GranaryCommands
import Logging
import Restore
import Synchronization
import Testing

@Suite struct ProgressStateTests {
    private static func halfway() -> ProgressState {
        var state = ProgressState()
        state.apply(.phase("reading rows"), atSeconds: 0)
        state.apply(.planned(tables: 2, bytes: 1_300_000_000), atSeconds: 0)
        state.apply(.started(table: "public.orders"), atSeconds: 0)
        state.apply(.started(table: "public.lineitem"), atSeconds: 0)
        for second in 1...3 {
            state.apply(
                .advanced(table: "public.lineitem", rows: 843_000, bytes: 200_000_000, share: 187_000_000),
                atSeconds: Double(second)
            )
        }
        return state
    }

    @Test func aWideTerminalShowsEverything() {
        #expect(
            Self.halfway().lines(columns: 100, atSeconds: 3) == [
                "reading rows  [############..................]  43 %  561.0 MB of 1.3 GB  4 s left",
                "  2,529,000 rows  200.0 MB/s  public.lineitem, public.orders",
            ]
        )
    }

    @Test func aNarrowTerminalShowsLess() {
        #expect(
            Self.halfway().lines(columns: 60, atSeconds: 3) == [
                "reading rows  43 %  561.0 MB of 1.3 GB  4 s left",
                "  2,529,000 rows  200.0 MB/s  public.lineitem, +1",
            ]
        )
        for line in Self.halfway().lines(columns: 30, atSeconds: 3) { #expect(Formatting.width(line) <= 29) }
    }

    @Test func elsewhereItIsOneLine() {
        #expect(
            Self.halfway().plainLine(atSeconds: 3)
                == "reading rows: 43 %, 561.0 MB of 1.3 GB, 2,529,000 rows, 200.0 MB/s, 4 s left"
        )
    }

    @Test func aPhaseWithoutFiguresShowsItsDuration() {
        var state = ProgressState()
        #expect(state.lines(columns: 80, atSeconds: 0).isEmpty)
        #expect(state.plainLine(atSeconds: 0) == nil)
        state.apply(.phase("taking the snapshot"), atSeconds: 10)
        #expect(state.lines(columns: 80, atSeconds: 10.9) == ["taking the snapshot"])
        #expect(state.lines(columns: 80, atSeconds: 13) == ["taking the snapshot  3 s"])
        #expect(state.plainLine(atSeconds: 13) == "taking the snapshot  3 s")
    }

    @Test func aNewPhaseLeavesTheRowsBehind() {
        var state = Self.halfway()
        state.apply(.phase("building indexes"), atSeconds: 4)
        #expect(state.lines(columns: 80, atSeconds: 4) == ["building indexes"])
        state.apply(.made(object: "orders_pkey", number: 10, of: 40), atSeconds: 5)
        #expect(
            state.lines(columns: 80, atSeconds: 5) == [
                "building indexes  [#######.......................]  25 %  10 of 40", "  orders_pkey",
            ]
        )
        #expect(state.plainLine(atSeconds: 5) == "building indexes: 25 %, 10 of 40")
    }

    @Test func aRestartResetsTheProgress() {
        var state = Self.halfway()
        state.apply(.restarted("a table was rewritten"), atSeconds: 4)
        state.apply(.planned(tables: 1, bytes: 1000), atSeconds: 4)
        state.apply(.advanced(table: "t", rows: 1, bytes: 10, share: 100), atSeconds: 5)
        #expect(state.plainLine(atSeconds: 5) == "reading rows: 10 %, 100 B of 1.0 kB, 1 row")
    }

    @Test func moreThanThePlanIsNotMoreThanAll() {
        var state = ProgressState()
        state.apply(.phase("reading rows"), atSeconds: 0)
        state.apply(.planned(tables: 1, bytes: 1000), atSeconds: 0)
        state.apply(.advanced(table: "t", rows: 2, bytes: 5000, share: 1500), atSeconds: 0)
        #expect(state.plainLine(atSeconds: 0) == "reading rows: 100 %, 1.0 kB of 1.0 kB, 2 rows")
    }

    @Test func finishedTablesAreNoLongerCurrent() {
        var state = Self.halfway()
        state.apply(.finished(table: "public.lineitem", rows: 1, bytes: 1), atSeconds: 3)
        #expect(state.lines(columns: 100, atSeconds: 3).last == "  2,529,000 rows  200.0 MB/s  public.orders")
    }

    @Test func aBurstDoesNotMakeTheRateJump() {
        var state = Self.halfway()
        state.apply(.advanced(table: "t", rows: 0, bytes: 800_000_000, share: 0), atSeconds: 4)
        // Four times the speed for one of four seconds: the estimate is between the average and the burst, closer to
        // the average.
        #expect(
            state.plainLine(atSeconds: 4)?.contains(" 397.5 MB/s") == true,
            "\(state.plainLine(atSeconds: 4) ?? "")"
        )
    }

    @Test func namesFromTheDatabaseAreHarmless() {
        var state = ProgressState()
        state.apply(.phase("reading rows"), atSeconds: 0)
        state.apply(.advanced(table: "a\u{1B}[2J\nb", rows: 1, bytes: 10, share: 0), atSeconds: 0)
        #expect(state.lines(columns: 80, atSeconds: 0) == ["reading rows  10 B", #"  1 row  a\u{1b}[2J\nb"#])
    }
}

@Suite struct ScreenTests {
    private final class Tape: Sendable {
        private let text = Mutex("")
        func put(_ more: String) { text.withLock { $0 += more } }
        func taken() -> String {
            text.withLock { text in
                defer { text = "" }
                return text
            }
        }
    }

    @Test func linesAreDrawnOverThemselves() {
        let tape = Tape()
        let screen = Screen(isTerminal: true) { tape.put($0) }
        screen.show(["one", "two"])
        #expect(tape.taken() == "one\ntwo")
        screen.show(["one", "two"])
        #expect(tape.taken() == "")
        screen.show(["three"])
        #expect(tape.taken() == "\r\u{1B}[2K\u{1B}[1A\u{1B}[2Kthree")
        screen.show([])
        #expect(tape.taken() == "\r\u{1B}[2K")
    }

    @Test func aLineThatStaysGoesAboveThem() {
        let tape = Tape()
        let screen = Screen(isTerminal: true) { tape.put($0) }
        screen.show(["bar"])
        screen.say("note")
        #expect(tape.taken() == "bar\r\u{1B}[2Knote\nbar")
    }

    @Test func noLineIsRedrawnInAFile() {
        let tape = Tape()
        let screen = Screen(isTerminal: false) { tape.put($0) }
        screen.show(["bar"])
        screen.say("note")
        #expect(tape.taken() == "note\n")
    }

    @Test func quietPrintsNothingAndJSONPrintsLines() {
        let tape = Tape()
        let screen = Screen(isTerminal: false) { tape.put($0) }
        var settings = Console.Settings()
        settings.isQuiet = true
        Console(settings: settings, screen: screen, environment: [:]).note("hello")
        #expect(tape.taken() == "")
        settings = Console.Settings()
        settings.logsJSON = true
        let console = Console(settings: settings, screen: screen, environment: [:])
        console.note("hello postgresql://a:hush@b")
        console.logger.warning("careful", metadata: ["pid": "7"])
        let lines = tape.taken().split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines[0].hasPrefix(#"{"time":"2"#))
        #expect(lines[0].hasSuffix(#""level":"info","message":"hello postgresql://a:***@b"}"#))
        #expect(lines[1].hasSuffix(#""level":"warning","message":"careful","pid":"7"}"#))
    }
}

@Suite struct ProgressEventTests {
    @Test func everyCommandSpeaksTheSameLanguage() {
        #expect(
            ProgressEvent(BackupProgress.advanced(table: "t", rows: 1, bytes: 2, share: 3))
                == .advanced(table: "t", rows: 1, bytes: 2, share: 3)
        )
        #expect(ProgressEvent(BackupProgress.restarted("why")) == .restarted("why"))
        #expect(
            ProgressEvent(RestoreProgress.advanced(table: "t", rows: 1, bytes: 2))
                == .advanced(table: "t", rows: 1, bytes: 2, share: 2)
        )
        #expect(
            ProgressEvent(RestoreProgress.made(object: "i", number: 1, of: 2)) == .made(object: "i", number: 1, of: 2)
        )
        #expect(
            ProgressEvent.events(VerifyProgress.advanced(member: "m", rows: 1, bytes: 2)) == [
                .advanced(table: "m", rows: 1, bytes: 2, share: 2), .finished(table: "m", rows: 1, bytes: 2),
            ]
        )
    }
}
