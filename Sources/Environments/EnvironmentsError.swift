/// Why an environment, a service or a file about them does not do.
package struct EnvironmentsError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// The command line names what is not there.
        case usage
        /// The guard says no.
        case refused
        /// A file is not what it should be.
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
