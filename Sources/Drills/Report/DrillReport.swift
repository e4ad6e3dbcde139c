package import Archive
internal import Synchronization

/// The result of a drill: evidence without a value of any row.
package struct DrillReport: Sendable {
    /// What was checked.
    package enum Subject: String, Sendable, CaseIterable {
        case newest, age, seal, verify, restore, rows, sequences, constraints, indexes, ledger, smoke, migrations
        case largeObjects = "large_objects"
        case newestRows = "newest_rows"
    }

    package struct Check: Sendable, Equatable {
        package var subject: Subject
        package var isOK: Bool
        /// A sentence with figures.
        package var detail: String

        package init(_ subject: Subject, isOK: Bool, _ detail: String) {
            (self.subject, self.isOK, self.detail) = (subject, isOK, detail)
        }
    }

    package struct Phase: Sendable, Equatable {
        package var name: String
        package var seconds: Double
    }

    /// Something that was not drilled.
    package struct Omission: Sendable, Equatable {
        package var what: String
        package var reason: String
    }

    /// A pending migration that was applied to the copy.
    package struct Migration: Sendable, Equatable {
        package var service: String
        package var version: Int
        package var name: String
        package var seconds: Double
        /// `public.orders: ACCESS EXCLUSIVE`, for locks that block writers.
        package var locks: [String]
        /// Tables whose files were written anew.
        package var rewritten: [String]
    }

    /// The database that was kept.
    package struct Kept: Sendable, Equatable {
        package var database: String
        package var url: String?
        /// The folder of the temporary server; nil on another server.
        package var folder: String?
        package var dataFolder: String?
    }

    package var file: String
    package var sha256: String?
    package var bytes: Int
    package var isEncrypted = false
    /// Whether it is a backup of granary's kind, or too damaged to tell.
    package var isArchive = false
    /// The key that has sealed the backup, if this installation has it.
    package var sealKey: String?
    package var backedUpAt: String
    package var environment: String?
    package var database: String?
    /// The version of the server that was backed up.
    package var sourceVersion: String?
    /// The server of the drill.
    package var server = ""
    package var serverVersion = ""
    package var tables = 0
    package var rows = 0
    package var rpoSeconds: Int
    /// nil if the restore failed.
    package var rtoSeconds: Double?
    /// The whole drill.
    package var seconds = 0.0
    package var phases: [Phase] = []
    package var checks: [Check] = []
    package var migrations: [Migration] = []
    package var omissions: [Omission] = []
    package var notes: [String] = []
    package var kept: Kept?
    /// The error after the restore that ended the checks early; nil if all of them were done.
    package var interruption: (any Error)?
    /// Of an archive whose bytes are intact, and whose seal does not tell that it was changed. It describes the backup
    /// elsewhere, and is no part of the report.
    package var manifest: Manifest?
    /// Names the content that was drilled, as `StoredFile` does, and is no part of the report either.
    package var contentTag: String?

    /// Whether every check was done, and nothing was found.
    package var isOK: Bool { interruption == nil && checks.allSatisfy(\.isOK) }
    package var findings: [Check] { checks.filter { !$0.isOK } }
}

/// The report of a running drill, written by its steps one after the other.
final class DrillJournal: Sendable {
    private let report: Mutex<DrillReport>
    private let progress: @Sendable (DrillProgress) -> Void

    init(_ report: DrillReport, progress: @escaping @Sendable (DrillProgress) -> Void) {
        self.report = Mutex(report)
        self.progress = progress
    }

    var now: DrillReport { report.withLock { $0 } }

    func update(_ change: (inout DrillReport) -> Void) { report.withLock { change(&$0) } }

    func check(_ subject: DrillReport.Subject, isOK: Bool, _ detail: String) {
        update { $0.checks.append(.init(subject, isOK: isOK, detail)) }
    }

    /// Adds a check that has found `problems`, or else says `detail`.
    func check(_ subject: DrillReport.Subject, _ problems: [String], else detail: @autoclosure () -> String) {
        check(subject, isOK: problems.isEmpty, problems.isEmpty ? detail() : problems.listed())
    }

    func omit(_ what: String, because reason: String) {
        update { $0.omissions.append(.init(what: what, reason: reason)) }
    }

    /// Records the error that ended the checks after the restore.
    func interrupt(_ error: any Error) {
        update { report in
            report.interruption = error
            let place = report.phases.last.map { "\($0.name), and the checks after it" } ?? "the checks"
            report.omissions.append(.init(what: place, reason: "\(error)"))
        }
    }

    /// Runs a phase and records its time, also if it fails.
    func phase<R>(_ name: String, _ body: () async throws -> R) async throws -> R {
        progress(.phase(name))
        let start = ContinuousClock.now
        defer { update { $0.phases.append(.init(name: name, seconds: (.now - start) / .seconds(1))) } }
        return try await body()
    }
}
