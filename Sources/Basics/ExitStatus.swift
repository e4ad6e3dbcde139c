/// How a command ended, as the exit code of the process.
package enum ExitStatus: Int32, Sendable, CaseIterable {
    case done = 0
    case failed = 1
    /// A check such as verify or validate found something.
    case findings = 2
    /// A guard or a rule refused, or a person did not confirm.
    case refused = 3
    /// No connection, or no database was given.
    case noConnection = 4
    /// Another process is running, or holds a lock: try again.
    case busy = 5
    /// `EX_USAGE` of sysexits.
    case usage = 64
    case interrupted = 130
}
