/// Why a command could not do its part: what it was given does not fit, or a person or a rule said no.
package struct CommandError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// The command line does not fit.
        case usage
        /// A guard, a rule or a person said no.
        case refused
        /// Nothing says which database is meant.
        case noDatabase
        /// A file or a folder is not there, or cannot be used.
        case file
        /// The archive cannot be restored here as it is.
        case obstacles
        /// The system lets this process have too little.
        case limits
        /// Standard output cannot take the result.
        case output
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
