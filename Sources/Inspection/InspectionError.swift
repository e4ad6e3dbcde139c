/// Why a look at a database, or at a folder of backups, came to nothing.
package struct InspectionError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// What was asked for does not fit together.
        case usage
        /// Locks came between again and again.
        case busy
        /// A file or a folder cannot be read or deleted.
        case file
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
