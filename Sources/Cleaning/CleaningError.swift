/// Why nothing was cleaned. The database is as it was.
package struct CleaningError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// A table or a schema that is named is not there.
        case selection
        /// A table that is to be left alone would lose rows, or what is lost could not be brought back.
        case protected
        /// The role may not do it, or the server has no room for it.
        case obstacle
        /// Someone holds a lock, or has changed what was planned: try again.
        case busy
        /// A statement did not do what it should.
        case statement
    }

    package var code: Code
    package var message: String
    package var hint: String?
    /// The server's five characters, where it was the server that refused.
    package var sqlState: String?

    package init(_ code: Code, _ message: String, hint: String? = nil, sqlState: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.sqlState = sqlState
    }

    package var description: String { message }
}
