internal import Glibc
import Synchronization

/// Standard error, written by one thread at a time: permanent lines, and below them some that are redrawn.
package final class Screen: Sendable {
    private struct State {
        /// The lines drawn at present; the cursor is at the end of the last one.
        var live: [String] = []
    }

    /// Whether lines can be redrawn.
    package let isTerminal: Bool
    private let state = Mutex(State())
    private let put: @Sendable (String) -> Void
    private let isReady: @Sendable () -> Bool

    /// - Parameter isReady: Whether `put` would not have to wait at present.
    package init(
        isTerminal: Bool,
        put: @escaping @Sendable (String) -> Void,
        isReady: @escaping @Sendable () -> Bool = { true }
    ) {
        self.isTerminal = isTerminal
        self.isReady = isReady
        self.put = put
    }

    /// The process's own standard error.
    package static func standardError(environment: [String: String]) -> Screen {
        Screen(
            isTerminal: isatty(STDERR_FILENO) == 1 && environment["TERM"] != "dumb",
            put: StandardError.write,
            isReady: { StandardError.isReady }
        )
    }

    /// A permanent line.
    package func say(_ line: String) {
        state.withLock { state in
            let live = state.live
            put(Self.erasing(live) + line + "\n" + live.joined(separator: "\n"))
        }
    }

    /// The lines that are redrawn below all others; each must fit the terminal's width. An empty list clears them.
    ///
    /// A terminal that does not accept output, for example after Ctrl-S, misses them.
    package func show(_ lines: [String]) {
        guard isTerminal else { return }
        state.withLock { state in
            guard lines != state.live, isReady() else { return }
            put(Self.erasing(state.live) + lines.joined(separator: "\n"))
            state.live = lines
        }
    }

    /// Asks a question below all lines and leaves the cursor after it.
    package func ask(_ question: String) {
        state.withLock { state in
            put(Self.erasing(state.live) + question)
            state.live = []
        }
    }

    /// The width of the terminal; 80 if unknown. `ioctl(TIOCGWINSZ)`.
    package var columns: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// Erases the lines from the last one upwards.
    private static func erasing(_ lines: [String]) -> String {
        guard !lines.isEmpty else { return "" }
        return "\r\u{1B}[2K" + String(repeating: "\u{1B}[1A\u{1B}[2K", count: lines.count - 1)
    }
}
