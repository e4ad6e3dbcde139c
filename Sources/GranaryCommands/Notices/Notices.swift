internal import ArgumentParser
internal import PostgresClient
internal import Storage

/// Tells others about a run: a ping at its start and its end, figures in a file, and a command of the user.
///
/// Nothing of it changes the exit code. What cannot be told becomes a note.
package struct Notices: Sendable {
    package struct Limits: Sendable {
        /// For one ping, with the lookup of its host.
        package var ping = Duration.seconds(5)
        /// For a command of the user.
        package var hook = Duration.seconds(600)

        package init() {}
    }

    var job = NoticeRecord.Job.backup
    var ping: PingAddress?
    var metrics: MetricsFile?
    var onSuccess: String?
    var onFailure: String?
    var limits = Limits()

    private var isEmpty: Bool { ping == nil && metrics == nil && onSuccess == nil && onFailure == nil }

    /// Runs `body` and reports its failure, then tells the others, also after an interrupt.
    ///
    /// - Parameter subject: The database that the command means, if the run ends before it knows that; nil if unknown.
    /// - Throws: `ExitCode` after a failure, which has been reported.
    func around(
        on console: Console,
        subject: @autoclosure () -> NoticeRecord.Subject?,
        _ body: () async throws -> Void
    ) async throws {
        guard !isEmpty else { return try await body() }
        let start = ContinuousClock.now
        let pings = ping.map { RunPings($0, limit: limits.ping) }
        if ping?.isReadableOnTheWay == true {
            console.note("note: the ping goes over plain http, so others on the way can read its URL")
        }
        let record = NoticeRecord()
        var outcome = RunOutcome(job: job, code: ExitStatus.done.rawValue, seconds: 0, endedAt: 0)
        do {
            try await NoticeRecord.$current.withValue(record) { try await body() }
            (outcome.finished, outcome.document) = (record.finished, record.document)
        } catch {
            (outcome.code, outcome.document) = Self.report(error, record, on: console)
            (outcome.finished, outcome.failed) = (record.finished, record.failed)
            if outcome.finished.isEmpty, outcome.failed.isEmpty { outcome.failed = [subject()].compactMap(\.self) }
        }
        outcome.seconds = (ContinuousClock.now - start) / .seconds(1)
        outcome.endedAt = UTCTime.now
        await tell(outcome, pings, on: console)
        if !outcome.isSuccess { throw ExitCode(outcome.code) }
    }

    /// Returns the exit code with which the command will end, and its document.
    private static func report(
        _ error: any Error,
        _ record: NoticeRecord,
        on console: Console
    ) -> (Int32, JSONDocument?) {
        // The command has printed a result, and ends with another code than 0.
        if let code = error as? ExitCode { return (code.rawValue, record.document) }
        let failure = FailureReport(error, isInterrupted: Task.isCancelled)
        console.report(failure)
        return (failure.status.rawValue, failure.document)
    }

    /// After an interrupt this task is cancelled, and others must be told all the same. An interrupt that comes later
    /// ends the command of the user.
    private func tell(_ outcome: RunOutcome, _ pings: RunPings?, on console: Console) async {
        let stop = CancelSignal()
        let work = Task {
            // The document, which is printed already, does not have it.
            let people = console.withoutDocument
            if let note = metrics?.update(outcome) { people.insist("note: \(note)") }
            await pings?.end(outcome, on: people)
            if let note = await hook(outcome)?.run(outcome.documentWithCode, stop: stop) {
                people.insist("note: \(note)")
            }
        }
        if Task.isCancelled { return await work.value }
        await withTaskCancellationHandler {
            await work.value
        } onCancel: {
            stop.fire()
        }
    }

    private func hook(_ outcome: RunOutcome) -> Hook? {
        let (option, command) = outcome.isSuccess ? ("on-success", onSuccess) : ("on-failure", onFailure)
        return command.map { Hook(option: option, command: $0, limit: limits.hook) }
    }
}
