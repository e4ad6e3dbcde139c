/// What went wrong with an archive or the file it is in.
package struct ArchiveError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        case io
        case exists
        case format
        case newerFormat
        case damaged
        case limit
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
