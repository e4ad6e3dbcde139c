/// How a command ended, as the process tells it.
package enum ExitStatus: Int32, Sendable, CaseIterable {
    case done = 0
    case failed = 1
    /// verify found something.
    case findings = 2
    /// A guard, a rule or a person said no.
    case refused = 3
    /// No connection, or no database given.
    case noConnection = 4
    /// Another process is at work, or holds a lock: try again.
    case busy = 5
    /// `EX_USAGE` of sysexits.
    case usage = 64
    case interrupted = 130
}
