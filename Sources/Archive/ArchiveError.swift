@_exported public import Basics
internal import Storage

/// What went wrong with an archive or the file it is in.
package typealias ArchiveError = Failure<ArchiveFailure>

package enum ArchiveFailure: FailureCode {
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

    package var exitStatus: ExitStatus { .failed }
}

extension ArchiveError {
    static var noManifest: ArchiveError {
        ArchiveError(
            .format,
            "the archive has no manifest.json at its end",
            hint: "name a file that granary backup wrote"
        )
    }

    /// - Parameter member: Of the ZIP, or the record of the file, such as `central directory`.
    static func damaged(_ member: String, _ problem: String) -> ArchiveError {
        ArchiveError(.damaged, at: FilePlace(member), problem, hint: "granary verify lists everything that is wrong")
    }

    /// What `error` says of the content of an archive; nil where it is about something else.
    static func damage(_ error: any Error) -> ArchiveError? {
        switch error {
        case let error as ArchiveError where error.code != .io: error
        case let error as StorageError where error.code == .endsEarly:
            damaged(error.place?.file ?? "the file", error.message)
        default: nil
        }
    }
}
