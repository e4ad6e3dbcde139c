/// Why a backup was not made. Nothing is left behind under the final name.
package struct BackupError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// A selection that fits nothing, or contradicts itself.
        case selection
        /// No pg_dump, or none that is new enough.
        case pgDump
        /// Someone holds or waits for a lock on a table.
        case busy
        /// Row security, missing privileges.
        case rights
        /// Tables came, went or were rewritten again and again while the snapshot was taken.
        case changing
        /// What pg_dump wrote was not understood.
        case format
    }

    package var code: Code
    package var message: String
    package var hint: String?

    package init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    package var description: String { message }
}
