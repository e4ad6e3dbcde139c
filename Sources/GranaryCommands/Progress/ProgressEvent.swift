package import Archive
package import Backup
package import Restore
package import Seeding

/// The progress of any long command, in one form.
package enum ProgressEvent: Sendable, Equatable {
    /// A phase begins, such as "reading rows".
    case phase(String)
    /// The total, in the unit of `share` in `advanced`.
    case planned(tables: Int, bytes: Int)
    case started(table: String)
    /// Progress since the last such event: rows, their bytes, and the share of the total.
    case advanced(table: String, rows: Int, bytes: Int, share: Int)
    case finished(table: String, rows: Int, bytes: Int)
    /// One of several objects was created.
    case made(object: String, number: Int, of: Int)
    /// The work starts again, for this reason.
    case restarted(String)

    package init(_ event: BackupProgress) {
        self =
            switch event {
            case .phase(let name): .phase(name)
            case .planned(let tables, let bytes): .planned(tables: tables, bytes: bytes)
            case .started(let table): .started(table: table)
            case .advanced(let table, let rows, let bytes, let share):
                .advanced(table: table, rows: rows, bytes: bytes, share: share)
            case .finished(let table, let rows, let bytes): .finished(table: table, rows: rows, bytes: bytes)
            case .restarted(let reason): .restarted(reason)
            }
    }

    /// A member that was read is also finished.
    package static func events(_ event: VerifyProgress) -> [ProgressEvent] {
        switch event {
        case .planned(let members, let bytes): [.planned(tables: members, bytes: bytes)]
        case .advanced(let member, let rows, let bytes):
            [
                .advanced(table: member, rows: rows, bytes: bytes, share: bytes),
                .finished(table: member, rows: rows, bytes: bytes),
            ]
        }
    }

    package init(_ event: SeedProgress) {
        self =
            switch event {
            case .started(let table): .started(table: table)
            case .advanced(let table, let rows, let bytes):
                .advanced(table: table, rows: rows, bytes: bytes, share: bytes)
            case .finished(let table, let rows): .finished(table: table, rows: rows, bytes: 0)
            }
    }

    package init(_ event: RestoreProgress) {
        self =
            switch event {
            case .phase(let name): .phase(name)
            case .planned(let tables, let bytes): .planned(tables: tables, bytes: bytes)
            case .started(let table): .started(table: table)
            case .advanced(let table, let rows, let bytes):
                .advanced(table: table, rows: rows, bytes: bytes, share: bytes)
            case .finished(let table, let rows, let bytes): .finished(table: table, rows: rows, bytes: bytes)
            case .made(let object, let number, let of): .made(object: object, number: number, of: of)
            }
    }
}
