@_exported public import Basics
internal import Storage

/// An error of an archive, or of the file that holds it.
package typealias ArchiveError = Failure<ArchiveFailure>

package enum ArchiveFailure: FailureCode {
    /// The system could not open, read or write.
    case io
    /// A level that the engine does not have.
    case compression
    /// Not an archive of granary, or one with an unexpected structure.
    case format
    /// Made by a newer granary.
    case newerFormat
    /// The content differs from what was written.
    case damaged
    /// A compressed text that ends too early.
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

    /// - Parameter member: A member of the ZIP, or a record of the file, such as `central directory`.
    static func damaged(_ member: String, _ problem: String) -> ArchiveError {
        ArchiveError(.damaged, at: FilePlace(member), problem, hint: "granary verify lists all problems")
    }

    /// The part of `error` that is about the content of an archive; nil for other errors.
    static func damage(_ error: any Error) -> ArchiveError? {
        switch error {
        case let error as ArchiveError where error.code != .io: error
        case let error as StorageError where error.code == .endsEarly || error.code == .damaged:
            damaged(error.place?.file ?? "the file", error.message)
        default: nil
        }
    }
}
