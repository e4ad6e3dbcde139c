internal import Storage

/// What went wrong with an archive or the file it is in.
package struct ArchiveError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// The system could not open, read or write.
        case io
        /// A level that the engine does not have.
        case compression
        /// Not an archive of ours, or one of another shape.
        case format
        /// Made by a newer granary.
        case newerFormat
        /// What is there is not what was written.
        case damaged
        /// A packed text that ends before its end.
        case cutOff
    }

    package var code: Code
    package var message: String
    package var hint: String?
    /// The member, or record of the file, that is damaged; the message begins with it.
    private(set) package var member: String?

    package init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    package var description: String { message }

    static let noManifest = ArchiveError(
        .format,
        "the archive has no manifest.json at its end",
        hint: "name a file that granary backup wrote"
    )

    static func damaged(_ member: String, _ problem: String) -> ArchiveError {
        ArchiveError(.damaged, member: member, problem, hint: "granary verify lists everything that is wrong")
    }

    /// What `error` says of the content of an archive; nil where it is about something else.
    static func damage(_ error: any Error) -> ArchiveError? {
        switch error {
        case let error as ArchiveError where error.code != .io: error
        case let error as StorageError where error.code == .endsEarly:
            damaged(error.file ?? "the file", "the file ends early")
        default: nil
        }
    }

    /// `member: problem`.
    init(_ code: Code, member: String, _ problem: String, hint: String?) {
        self.init(code, "\(member): \(problem)", hint: hint)
        self.member = member
    }

    /// The message without the member in front.
    var problem: String {
        guard let member, message.hasPrefix(member + ": ") else { return message }
        return String(message.dropFirst(member.count + 2))
    }
}
