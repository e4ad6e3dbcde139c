internal import ArgumentParser
package import Backup
internal import Databases

/// The outcome of a backup of all databases of a server.
package struct ServerBackupReport: Sendable {
    package enum Outcome: Sendable {
        case done(BackupReport)
        case failed(database: String, FailureReport)

        fileprivate var report: BackupReport? { if case .done(let report) = self { report } else { nil } }
        fileprivate var failure: (database: String, failure: FailureReport)? {
            if case .failed(let database, let failure) = self { (database, failure) } else { nil }
        }
    }

    package enum Globals: Sendable {
        case done(GlobalsBackup.Report)
        case failed(FailureReport)

        fileprivate var report: GlobalsBackup.Report? { if case .done(let report) = self { report } else { nil } }
        fileprivate var failure: FailureReport? { if case .failed(let failure) = self { failure } else { nil } }
    }

    /// The databases to back up.
    let names: [String]
    private let leftOut: [ListedDatabase]
    private(set) var outcomes: [Outcome] = []
    private var unpruned: [(database: String, failure: FailureReport)] = []
    /// The databases of which it is not known who may read them.
    var unsettled: [String] = []
    var globals: Globals?
    var seconds = 0.0

    init(_ databases: [ListedDatabase]) {
        names = databases.filter { $0.reason == nil }.map(\.name)
        leftOut = databases.filter { $0.reason != nil }
    }

    /// - Parameter unpruned: Why older backups of the database were not all pruned.
    mutating func add(_ report: BackupReport, unpruned: FailureReport? = nil) {
        var report = report
        if let unpruned {
            report.notes.append(unpruned.message)
            self.unpruned.append((report.database, unpruned))
        }
        outcomes.append(.done(report))
    }
    mutating func add(_ failure: FailureReport, of database: String) {
        outcomes.append(.failed(database: database, failure))
    }

    /// The backup that was made last, unless a failure came after it.
    var last: BackupReport? { outcomes.last?.report }
    /// Whether databases were not tried, because the server was lost.
    var isGivenUp: Bool { outcomes.count < names.count }
    /// For what was not tried.
    var lost: FailureReport { FailureReport(.noConnection, "not tried, because the server does not answer any more") }
    /// The databases for which the run is no success. A backup without the roles is not enough for any of them.
    var unfinished: [String] {
        guard globals?.report != nil else { return names }
        return outcomes.compactMap(\.failure).map(\.database) + unpruned.map(\.database)
    }

    /// - Throws: `ExitCode` if something was not backed up; `OutputError`.
    func tell(on console: Console) throws {
        if !leftOut.isEmpty {
            console.note("left out: \(leftOut.map { "\($0.name) (\($0.reason ?? ""))" }.listed(atMost: 20))")
        }
        let document = Self.result.document(complete)
        NoticeRecord.current?.result(document)
        if console.settings.isJSON { try console.result(document) }
        guard let failure = complete.failure else { return }
        console.withoutDocument.report(failure)
        throw ExitCode(failure.status.rawValue)
    }

    /// With the databases that were not tried.
    private var complete: ServerBackupReport {
        var copy = self
        for name in names.dropFirst(outcomes.count) { copy.add(lost, of: name) }
        return copy
    }

    private var failure: FailureReport? {
        let failed =
            outcomes.compactMap(\.failure).map { ($0.database, $0.failure) }
            + (globals?.failure.map { [("the roles", $0)] } ?? [])
        guard !failed.isEmpty else {
            guard let first = unpruned.first?.failure else { return nil }
            return FailureReport(.failed, unpruned.map(\.failure.message).joined(separator: "; "), hint: first.hint)
        }
        let sentences = failed.map { "\($0.0): \($0.1.message)\($0.1.hint.map { " (\($0))" } ?? "")" }
        return FailureReport(
            .failed,
            "\(failed.count) of \(names.count + 1) files \(failed.count == 1 ? "was" : "were") not made: \(sentences.joined(separator: "; "))",
            hint: "the others are complete; run it again when the causes are removed"
        )
    }

    package static let result = ResultDescription<ServerBackupReport>([
        .init("databases", each: outcome, \.outcomes), .init("globals", globalsResult, \.globals),
        .init("left_out", each: leftOutResult, \.leftOut), .init("seconds", \.seconds),
    ])

    private static let outcome = ResultDescription<Outcome>([
        .part(BackupCommand.result, \.report), .part(failed, \.failure),
    ])

    private static let failed = ResultDescription<(database: String, failure: FailureReport)>([
        .init("database", \.database), .init("error", FailureReport.result) { $0.failure },
    ])

    private static let globalsResult = ResultDescription<Globals>([
        .part(globalsDone, \.report), .part(globalsFailed, \.failure),
    ])

    private static let globalsDone = ResultDescription<GlobalsBackup.Report>([
        .init("file", \.file), .init("bytes", \.bytes), .init("roles", \.roles), .init("tablespaces", \.tablespaces),
        .init("encrypted", \.isEncrypted),
    ])

    private static let globalsFailed = ResultDescription<FailureReport>([
        .init("error", FailureReport.result) { $0 }
    ])

    private static let leftOutResult = ResultDescription<ListedDatabase>([
        .init("database", \.name), .init("reason", \.reason),
    ])
}
