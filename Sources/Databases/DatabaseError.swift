/// Why a database could not be made or replaced.
package struct DatabaseError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// A property is not the keyword that its statement needs.
        case keyword
        /// There is no other database to connect to.
        case maintenance
        /// Sessions are connected to it.
        case inUse
        /// The role may not end a session that is in the way.
        case notAllowed
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
