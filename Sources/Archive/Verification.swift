package import Storage

/// The result of reading all of an archive.
package struct VerificationReport: Sendable, Equatable {
    package struct Problem: Sendable, Equatable {
        package var member: String
        package var problem: String

        package init(member: String, problem: String) {
            self.member = member
            self.problem = problem
        }
    }

    package var members = 0
    package var rows = 0
    package var rawBytes = 0
    package var problems: [Problem] = []
    /// What could not be checked, each a sentence; nothing for an archive as granary wrote it.
    package var unchecked: [String] = []
    /// How Citus distributed the tables, and whether their rows are of one moment; nil if it distributed none.
    package var distribution: String?
    package var isWhole: Bool { problems.isEmpty }

    package init() {}
}

/// The progress of a verification.
package enum VerifyProgress: Sendable {
    /// The total of members and stored bytes.
    case planned(members: Int, bytes: Int)
    /// A member was read.
    case advanced(member: String, rows: Int, bytes: Int)
}

/// Reads every member of an archive and compares it with the directory and the manifest. Needs no server.
///
///     the directory: every record in its only valid form, no gap, no overlap, no other bytes
///     the manifest: it names exactly the members that exist
///     each member, in parallel: local header, CRC-32, SHA-256; for chunks also columns, rows and digest
///     the tables: the sums of their chunks
///
/// If another program has packed the archive again, the order, gaps and the SHA-256 sums of the packed bytes are not compared.
package struct Verification: Sendable {
    private let source: any ByteSource
    private let jobs: Int
    private let progress: @Sendable (VerifyProgress) -> Void

    /// - Parameter archive: An archive that is open already.
    package init(_ archive: ArchiveReader, jobs: Int) { self.init(archive.source, jobs: jobs) }

    package init(
        _ source: any ByteSource,
        jobs: Int,
        progress: @escaping @Sendable (VerifyProgress) -> Void = { _ in }
    ) {
        self.source = source
        self.jobs = max(1, jobs)
        self.progress = progress
    }

    /// Damage is reported; only an error that prevents reading the file is thrown.
    ///
    /// - Throws: `ArchiveError.io`, `CancellationError`.
    package func run() async throws -> VerificationReport {
        var report = VerificationReport()
        guard let directory = try report.noting({ try ZipDirectory(source) }) else { return report }
        let misplaced = directory.misplaced
        report.problems += misplaced.map(VerificationReport.Problem.init)
        let manifest = try report.noting({ try readManifest(directory) })
        if let manifest { report.problems += namingProblems(directory, manifest) }
        report.distribution = manifest?.distribution?.description
        if directory.isRepacked { report.unchecked += unchecked(directory, manifest) }
        // Overlapping members could be read again and again, so the total is limited by the size of the file.
        var skipped = Set(misplaced.compactMap { $0.place?.file })
        // The problem of the manifest was already reported.
        if manifest == nil { skipped.insert(Manifest.member) }
        let entries = directory.entries.filter { !skipped.contains($0.name) }
        let outcomes = try await readMembers(entries, Expectations(manifest, isRepacked: directory.isRepacked))
        report.members = directory.entries.count
        report.rows = outcomes.reduce(0) { $0 + $1.tableRows }
        if let manifest {
            let counted = Set(manifest.countedTables.map(\.oid))
            let own = manifest.tables.filter { !counted.contains($0.oid) }.reduce(0) { $0 + $1.rows }
            report.rows = max(0, report.rows - own)
        }
        report.rawBytes = outcomes.reduce(0) { $0 + $1.chunkBytes }
        report.problems += outcomes.flatMap { $0.problems }
        if let manifest { report.problems += tableProblems(manifest, outcomes) }
        return report
    }

    private func readManifest(_ directory: ZipDirectory) throws -> Manifest {
        guard let entry = directory.entries.last, entry.name == Manifest.member else {
            throw ArchiveError.damaged(Manifest.member, "it is not the last member")
        }
        return try ManifestFile.read(entry, in: source)
    }
}

// Checks that need no member's content.
extension Verification {
    private func namingProblems(_ directory: ZipDirectory, _ manifest: Manifest) -> [VerificationReport.Problem] {
        let there = Set(directory.entries.map(\.name))
        let named = manifest.memberNames
        var seen: Set<String> = []
        var problems = named.filter { !seen.insert($0).inserted }
            .map { VerificationReport.Problem(member: $0, problem: "the manifest names it twice") }
        problems += named.filter { !there.contains($0) }
            .map { VerificationReport.Problem(member: $0, problem: "it is missing") }
        guard !directory.isRepacked else { return problems }
        problems += foreign(directory, manifest).map {
            VerificationReport.Problem(member: $0, problem: "the manifest does not name it")
        }
        return problems
    }

    /// Members that the manifest does not name.
    private func foreign(_ directory: ZipDirectory, _ manifest: Manifest) -> [String] {
        let named = Set(manifest.memberNames)
        return directory.entries.map(\.name).filter { !named.contains($0) && $0 != Manifest.member }
    }

    /// What cannot be checked because another program has packed the archive again.
    private func unchecked(_ directory: ZipDirectory, _ manifest: Manifest?) -> [String] {
        var sentences = [
            """
            another program has packed this archive again: rows and digests of all tables were compared with the manifest, \
            but its seal and the SHA-256 sums hold only for the bytes as granary packed them, so other members were checked \
            by size and CRC-32 alone
            """
        ]
        let others = manifest.map { foreign(directory, $0) } ?? []
        if !others.isEmpty {
            sentences.append("these members are not part of the backup: \(others.listed(atMost: 20))")
        }
        return sentences
    }
}

// Reading members.
extension Verification {
    private func readMembers(_ entries: [ZipEntry], _ expectations: Expectations) async throws -> [MemberOutcome] {
        progress(.planned(members: entries.count, bytes: entries.reduce(0) { $0 + $1.storedBytes }))
        let queue = WorkQueue(entries)
        return try await withThrowingTaskGroup(of: [MemberOutcome].self) { group in
            for _ in 0..<jobs {
                group.addTask {
                    var reader = MemberReader()
                    var outcomes: [MemberOutcome] = []
                    while let entry = queue.next() {
                        try Task.checkCancellation()
                        let outcome = try read(entry, expectations, &reader)
                        progress(
                            .advanced(member: entry.name, rows: outcome.tableRows, bytes: entry.storedBytes)
                        )
                        outcomes.append(outcome)
                    }
                    return outcomes
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }.sorted { $0.member < $1.member }
        }
    }

    private func read(
        _ entry: ZipEntry,
        _ expectations: Expectations,
        _ reader: inout MemberReader
    ) throws -> MemberOutcome {
        var outcome = MemberOutcome(member: entry.name)
        let chunk = expectations.chunks[entry.name]
        var lines = LineDigester()
        let bytes = ByteDigester()
        var columns = ColumnCount()
        do {
            let sha256 = expectations.isRepacked ? nil : expectations.sums[entry.name]?.sha256
            try reader.read(entry, in: source, sha256: sha256) { slab in
                try Task.checkCancellation()  // A member of many gigabytes arrives in many slabs.
                guard let chunk else { return }
                guard !chunk.isBinary else { return bytes.update(slab) }
                lines.update(slab)
                columns.update(slab)
            }
            if let expected = expectations.sums[entry.name] {
                let isStoredTheSame = expectations.isRepacked || entry.storedBytes == expected.storedBytes
                if entry.rawBytes != expected.rawBytes || !isStoredTheSame {
                    outcome.note("its size differs from the manifest")
                }
            }
        } catch {
            guard let damage = ArchiveError.damage(error) else { throw error }
            outcome.note(damage.message)
            return outcome
        }
        guard let chunk else { return outcome }
        outcome.rows = chunk.isBinary ? 1 : lines.rows
        outcome.isOfTable = expectations.tableChunks.contains(entry.name)
        outcome.chunkBytes = entry.rawBytes
        outcome.digest = chunk.isBinary ? bytes.digest : lines.digest
        if !chunk.isBinary, !lines.isComplete { outcome.note("its last row has no end") }
        if outcome.rows != chunk.rows {
            outcome.note("it has \(outcome.rows) rows, but the manifest says \(chunk.rows)")
        }
        if let expected = expectations.columns[entry.name], !chunk.isBinary, lines.rows > 0, !columns.fits(expected) {
            outcome.note("its rows have \(columns.count) columns, but the manifest says \(expected)")
        }
        return outcome
    }

    private func tableProblems(_ manifest: Manifest, _ outcomes: [MemberOutcome]) -> [VerificationReport.Problem] {
        let found = Dictionary(outcomes.map { ($0.member, $0) }, uniquingKeysWith: { first, _ in first })
        var problems: [VerificationReport.Problem] = []
        func compare(_ name: String, _ chunks: [Manifest.Chunk], _ rows: Int, _ rawBytes: Int, _ digest: Digest) {
            let parts = chunks.compactMap { found[$0.member] }
            // Missing and damaged members were already reported; comparing the sums would repeat that.
            guard parts.count == chunks.count, parts.allSatisfy({ $0.problems.isEmpty }) else { return }
            let sum = parts.reduce(into: Digest()) { $0.merge($1.digest) }
            let isSame =
                parts.reduce(0) { $0 + $1.rows } == rows && parts.reduce(0) { $0 + $1.chunkBytes } == rawBytes
                && sum == digest
            guard !isSame else { return }
            problems.append(
                .init(
                    member: Manifest.member,
                    problem: "rows, bytes or digest of \(name) differ from those of its chunks"
                )
            )
        }
        for table in manifest.tables {
            compare("table \(table.schema).\(table.name)", table.chunks, table.rows, table.rawBytes, table.digest)
        }
        if let objects = manifest.largeObjects {
            compare("the large objects", objects.chunks, objects.rows, objects.rawBytes, objects.digest)
        }
        return problems
    }
}

/// The result of reading a member.
private struct MemberOutcome: Sendable {
    var member: String
    var rows = 0
    var isOfTable = false
    var chunkBytes = 0
    var digest = Digest()
    var problems: [VerificationReport.Problem] = []

    /// Pieces of large objects do not count as rows.
    var tableRows: Int { isOfTable ? rows : 0 }

    init(member: String) { self.member = member }

    mutating func note(_ problem: String) { problems.append(.init(member: member, problem: problem)) }
}

/// What the manifest expects of each member, by name.
private struct Expectations: Sendable {
    var chunks: [String: Manifest.Chunk] = [:]
    var tableChunks: Set<String> = []
    var columns: [String: Int] = [:]
    var sums: [String: (sha256: String, rawBytes: Int, storedBytes: Int)] = [:]
    /// Whether the stored bytes are not those of the manifest.
    let isRepacked: Bool

    init(_ manifest: Manifest?, isRepacked: Bool) {
        self.isRepacked = isRepacked
        guard let manifest else { return }
        for table in manifest.tables {
            for chunk in table.chunks {
                chunks[chunk.member] = chunk
                tableChunks.insert(chunk.member)
                columns[chunk.member] = table.columns.count
            }
        }
        for chunk in manifest.largeObjects?.chunks ?? [] {
            chunks[chunk.member] = chunk
            columns[chunk.member] = 3
        }
        for chunk in chunks.values { sums[chunk.member] = (chunk.sha256, chunk.rawBytes, chunk.storedBytes) }
        for file in manifest.files { sums[file.member] = (file.sha256, file.rawBytes, file.storedBytes) }
    }
}

extension Manifest {
    /// Every member that it names, in its order.
    var memberNames: [String] {
        tables.flatMap { $0.chunks.map(\.member) } + (largeObjects?.chunks.map(\.member) ?? []) + files.map(\.member)
    }
}

extension VerificationReport {
    /// The result of `body`; or nil, and its damage is added to the problems.
    fileprivate mutating func noting<R>(_ body: () throws -> R) throws -> R? {
        do {
            return try body()
        } catch {
            guard let damage = ArchiveError.damage(error) else { throw error }
            problems.append(Problem(damage))
            return nil
        }
    }
}

extension VerificationReport.Problem {
    /// A problem without a member belongs to the archive.
    fileprivate init(_ error: ArchiveError) {
        self.init(member: error.place?.file ?? "archive", problem: error.message)
    }
}
