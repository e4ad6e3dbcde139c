/// Why an environment, a service, a marker or one of the JSON files beside the migrations cannot be used.
package struct EnvironmentsError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// An option or a variable says something that does not fit: an undeclared environment, a bad name.
        case usage
        /// The guard said no: the database is of another environment, or nobody has marked it.
        case refused
        /// A file cannot be read, or does not say what it should.
        case invalidFile
        /// The role may not make or use the state schema.
        case missingRights
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
