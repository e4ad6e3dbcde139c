internal import Dispatch
import Synchronization

/// Shows the progress of a long operation. Any thread may report events.
///
/// On a terminal one or two lines are redrawn, at most ten times a second. Elsewhere there is a line per phase, and one
/// every few seconds.
package final class ProgressRenderer: Sendable {
    private struct State {
        var progress = ProgressState()
        var lineWasAtSeconds = 0.0
        /// Nothing is drawn before this time, because there may be a question on the terminal.
        var hasBegun = false
        var isFinished = false
    }

    private static let redraw = DispatchTimeInterval.milliseconds(100)
    private static let secondsBetweenLines = 5.0

    private let console: Console
    private let state = Mutex(State())
    private let began = ContinuousClock.now

    init(console: Console) { self.console = console }

    /// Runs `body` with a renderer, and clears its lines afterwards.
    static func drawing<R>(
        on console: Console,
        _ body: (ProgressRenderer) async throws -> R
    ) async throws -> R {
        let renderer = ProgressRenderer(console: console)
        guard !console.settings.isQuiet else { return try await body(renderer) }
        // A thread, because verification occupies every thread of the cooperative pool.
        let ticker = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "granary.progress"))
        ticker.schedule(deadline: .now() + redraw, repeating: redraw)
        ticker.setEventHandler { renderer.tick() }
        ticker.activate()
        defer {
            ticker.cancel()
            renderer.finish()
        }
        return try await body(renderer)
    }

    package func receive(_ event: ProgressEvent) {
        guard !console.settings.isQuiet else { return }
        let line = state.withLock { state -> String? in
            let now = seconds
            state.hasBegun = true
            state.progress.apply(event, atSeconds: now)
            let line = permanentLine(for: event)
            if line != nil { state.lineWasAtSeconds = now }
            return line
        }
        if let line { console.note(line) }
    }

    /// A line that is printed once: phases if nothing is redrawn, and tables with `--verbose`.
    private func permanentLine(for event: ProgressEvent) -> String? {
        let isVerbose = console.settings.isVerbose
        switch event {
        case .phase(let name): return isVerbose || !console.redraws ? name : nil
        case .finished(let table, let rows, let bytes) where isVerbose:
            return "\(table): \(counted(rows, "row")), \(Formatting.bytes(bytes))"
        case .made(let object, let number, let of) where isVerbose: return "\(object) (\(number) of \(of))"
        case .restarted(let reason): return "starting again: \(reason)"
        default: return nil
        }
    }

    private func tick() {
        let columns = console.redraws ? console.screen.columns : 0
        // The lock is held while drawing, so nothing is drawn after `finish`.
        let line = state.withLock { state -> String? in
            guard state.hasBegun, !state.isFinished else { return nil }
            let now = seconds
            state.progress.tick(atSeconds: now)
            if console.redraws {
                console.screen.show(state.progress.lines(columns: columns, atSeconds: now))
                return nil
            }
            guard now - state.lineWasAtSeconds >= Self.secondsBetweenLines else { return nil }
            state.lineWasAtSeconds = now
            return state.progress.plainLine(atSeconds: now)
        }
        if let line { console.note(line) }
    }

    private func finish() {
        state.withLock { state in
            state.isFinished = true
            if state.hasBegun { console.screen.show([]) }
        }
    }

    private var seconds: Double { (ContinuousClock.now - began) / .seconds(1) }
}
