/// Why seeds cannot be read, planned or brought into the database.
package struct SeedingError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// The command line asks for what is not there.
        case usage
        /// A policy says no, such as production's.
        case refused
        /// Another run is at work.
        case busy
        /// A file is not what it should be.
        case file
        /// The files do not fit the tables.
        case schema
        /// The server said no to a row or a statement.
        case database
    }

    package var code: Code
    /// One sentence with file and line where there are any; never a value.
    package var message: String
    package var hint: String?
    /// The server's five characters, where the server said no.
    package var sqlState: String?
    /// How many rows there could be, where more are wanted.
    var possible: Int?

    package init(_ code: Code, _ message: String, hint: String? = nil, sqlState: String? = nil) {
        self.sqlState = sqlState
        self.code = code
        self.message = message
        self.hint = hint
    }

    package var description: String { message }
}
