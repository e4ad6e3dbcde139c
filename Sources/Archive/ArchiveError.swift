/// What went wrong with an archive or the file it is in.
package struct ArchiveError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// The system could not open, read or write.
        case io
        /// The name is taken, or another backup writes under it.
        case exists
        /// A level that the engine does not have.
        case compression
        /// Not an archive of ours, or one of another shape.
        case format
        /// Made by a newer granary.
        case newerFormat
        /// What is there is not what was written.
        case damaged
    }

    package var code: Code
    /// The member, or the part of the archive, that it is about.
    package var member: String?
    package var message: String
    package var hint: String?

    package init(_ code: Code, member: String? = nil, _ message: String, hint: String? = nil) {
        self.code = code
        self.member = member
        self.message = message
        self.hint = hint
    }

    package var description: String { member.map { "\($0): \(message)" } ?? message }

    static func damaged(_ member: String, _ problem: String) -> ArchiveError {
        ArchiveError(.damaged, member: member, problem, hint: "granary verify lists everything that is wrong")
    }
}
