/// Why migrations were not run, or not to their end.
package struct MigrationError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// A file or a folder is not there, or is not what it should be.
        case file
        /// Two files of one number.
        case duplicate
        /// What a migration depends on is not there, or goes round in a circle.
        case dependency
        /// What is applied depends on what would be reverted.
        case dependent
        /// A rule of the environment, or of the migrator, said no.
        case policy
        /// Ledger, files and golang-migrate's row contradict each other.
        case disagreement
        /// Another runner, or a lock held too long.
        case busy
        /// A statement failed.
        case statement
        /// What was asked for does not fit the migrations there are.
        case usage
        /// The migrations ran, and the database is not as they should have left it.
        case validation
    }

    package var code: Code
    package var message: String
    package var hint: String?
    /// The server's five characters, where the server said no.
    package var sqlState: String?

    package init(_ code: Code, _ message: String, hint: String? = nil, sqlState: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.sqlState = sqlState
    }

    package var description: String { message }
}
