package import Archive
package import Backup
package import Restore
package import Seeding

/// What any of the long commands says while it runs, in one language.
package enum ProgressEvent: Sendable, Equatable {
    /// A phase begins, such as "reading rows".
    case phase(String)
    /// What lies ahead, in the bytes that `advanced` counts as `share`.
    case planned(tables: Int, bytes: Int)
    case started(table: String)
    /// What was done since the last such event: rows, their bytes, and the part of the plan.
    case advanced(table: String, rows: Int, bytes: Int, share: Int)
    case finished(table: String, rows: Int, bytes: Int)
    /// One of several objects is there.
    case made(object: String, number: Int, of: Int)
    /// All begins anew, and why.
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
