@_exported public import Basics

// A drill: a backup is restored into a database that is thrown away, and what was restored is checked.
//
//     subject     the file: its age, its seal, its digest
//     place       where it is restored: a temporary server, or a database of its own on another server
//     check       one property of the restored database, with figures
//     omission    something that the drill did not do, with the reason
//     RPO         recovery point objective: how much time is lost, which is the age of the backup
//     RTO         recovery time objective: how long the restore takes

/// Why a drill could not be done. What a drill finds is in its report.
package typealias DrillError = Failure<DrillFailure>

package enum DrillFailure: FailureCode {
    /// A file that cannot be drilled.
    case file
    /// The backup would run code, and neither a known seal nor `--trust` permits it.
    case untrusted
    /// A server that is not meant for drills, or that may be the source.
    case refused
    /// The server lacks something that the backup needs.
    case obstacles

    package var exitStatus: ExitStatus {
        switch self {
        case .file, .obstacles: .failed
        case .untrusted, .refused: .refused
        }
    }
}
