/// Why a database does not let us keep our tables, or what is wrong with them.
package struct BookkeepingError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// The database has several markers.
        case refused
        /// The role may not make our tables, or one of them is damaged.
        case database
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
