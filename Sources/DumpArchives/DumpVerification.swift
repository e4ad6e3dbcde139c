package import Archive
internal import Storage

/// Reads all of an archive of pg_dump. Needs no server.
///
///     the table of contents: every entry
///     each entry with data, in parallel: unpacked to its end, rows counted, large objects held against their list
package struct DumpVerification: Sendable {
    private let archive: DumpArchive
    private let workers: Int
    private let progress: @Sendable (VerifyProgress) -> Void

    package init(
        _ archive: DumpArchive,
        jobs: Int,
        progress: @escaping @Sendable (VerifyProgress) -> Void = { _ in }
    ) {
        self.archive = archive
        workers = max(1, jobs)
        self.progress = progress
    }

    /// Opens and reads an archive. What keeps it from being opened is damage, too.
    ///
    /// - Throws: `ArchiveError.io`, `StorageError.io`, `CancellationError`.
    package static func run(
        _ open: () throws -> DumpArchive,
        jobs: Int,
        progress: @escaping @Sendable (VerifyProgress) -> Void
    ) async throws -> VerificationReport {
        let archive: DumpArchive
        do {
            archive = try open()
        } catch {
            guard let damage = DumpDamage(error) else { throw error }
            var report = VerificationReport()
            report.problems = [.init(member: damage.member ?? "archive", problem: damage.problem)]
            return report
        }
        return try await DumpVerification(archive, jobs: jobs, progress: progress).run()
    }

    /// Damage is in the report; only what keeps the file from being read at all is thrown.
    ///
    /// - Throws: `ArchiveError.io`, `CancellationError`.
    package func run() async throws -> VerificationReport {
        let jobs = archive.dataEntries.map { Job(entry: $0, bytes: archive.storedBytes(of: $0)) }
            .sorted { $0.bytes > $1.bytes }
        progress(.planned(members: jobs.count, bytes: jobs.map(\.bytes).saturatedSum))
        let queue = WorkQueue(jobs)
        let outcomes = try await withThrowingTaskGroup(of: [Outcome].self) { group in
            for _ in 0..<workers {
                group.addTask {
                    var outcomes: [Outcome] = []
                    while let job = queue.next() { outcomes.append(try read(job)) }
                    return outcomes
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }.sorted { $0.id < $1.id }
        }
        var report = VerificationReport()
        report.members = jobs.count
        let own = OwnTables.schemas(among: jobs.map { (schema: $0.entry.namespace ?? "", name: $0.entry.tag) })
        report.rows = outcomes.filter { !own.contains(ExactText($0.schema)) }.reduce(0) { $0 + $1.rows }
        report.rawBytes = outcomes.reduce(0) { $0 + $1.rawBytes }
        report.problems = outcomes.compactMap(\.problem)
        report.unchecked = unchecked(jobs.map(\.entry))
        return report
    }

    private struct Job: Sendable {
        var entry: DumpTOC.Entry
        /// As they are stored. Asked for once, since of large objects it is the sum of many files.
        var bytes: Int
    }

    private struct Outcome: Sendable {
        var id: Int
        var schema: String
        var rows = 0
        var rawBytes = 0
        var problem: VerificationReport.Problem?
    }

    private func read(_ job: Job) throws -> Outcome {
        let entry = job.entry
        var outcome = Outcome(id: entry.id, schema: entry.namespace ?? "")
        do {
            if entry.isLargeObjects {
                try readLargeObjects(entry, &outcome)
            } else if entry.copyStatement.isEmpty {
                try readText(entry, &outcome)
            } else {
                var rows = try archive.rows(of: entry)
                while try rows.next({ _ in }) {}
                (outcome.rows, outcome.rawBytes) = (rows.rows, rows.byteCount)
            }
        } catch {
            guard let damage = DumpDamage(error) else { throw error }
            // A stream names the entry in its sentence, and the report in front of it.
            let lead = "\(entry.title) is damaged: "
            let problem = damage.problem.hasPrefix(lead) ? damage.problem.dropFirst(lead.count) : damage.problem[...]
            outcome.problem = .init(member: damage.member ?? entry.title, problem: String(problem))
        }
        progress(.advanced(member: entry.title, rows: outcome.rows, bytes: job.bytes))
        return outcome
    }

    private func readText(_ entry: DumpTOC.Entry, _ outcome: inout Outcome) throws {
        let text = try archive.text(of: entry)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { memory.deallocate() }
        while true {
            try Task.checkCancellation()
            let count = try text(memory)
            guard count > 0 else { return }
            outcome.rawBytes += count
        }
    }

    private func readLargeObjects(_ entry: DumpTOC.Entry, _ outcome: inout Outcome) throws {
        var objects = try archive.largeObjects(of: entry)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
        defer { memory.deallocate() }
        while let piece = try objects.next(into: memory) { outcome.rawBytes += piece.byteCount }
    }

    /// What pg_dump's format leaves open.
    private func unchecked(_ entries: [DumpTOC.Entry]) -> [String] {
        var unchecked = [
            "pg_dump records no row counts and no digests, so the rows cannot be compared with the database"
        ]
        // zlib and gzip have a checksum of what they unpack to; pg_dump asks lz4 and zstd for none.
        let isChecked = archive.kind != .tar && archive.toc.compression == .gzip
        unchecked.append(
            isChecked
                ? "a changed byte in a statement goes unnoticed, because only the rows have checksums"
                : "a changed byte in a row or a statement goes unnoticed, because the dump has no checksums"
        )
        if entries.contains(where: \.isLargeObjects), !archive.toc.entries.contains(where: \.listsLargeObjects) {
            unchecked.append("the dump does not list its large objects, so that missing ones are not noticed")
        }
        let texts = entries.filter { $0.copyStatement.isEmpty && !$0.isLargeObjects }
        if !texts.isEmpty {
            unchecked.append(
                "rows stored as INSERT statements were read but not counted (\(texts.count) of the tables)"
            )
        }
        return unchecked
    }
}

/// What an error says of the content of a dump; nil for one that is about something else.
struct DumpDamage {
    var member: String?
    var problem: String

    init?(_ error: any Error) {
        switch error {
        case let error as ArchiveError where error.code != .io: (member, problem) = (error.place?.file, error.message)
        case let error as StorageError where error.code == .endsEarly:
            (member, problem) = (error.place?.file, error.message)
        default: return nil
        }
    }
}
