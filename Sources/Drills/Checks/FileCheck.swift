internal import AgeEncryption
internal import Archive
internal import DumpArchives
internal import Restore
internal import Storage

/// The checks of the file that need no server: all of its bytes, its seal, its age.
struct FileCheck: Sendable {
    private let subject: DrillSubject
    private let options: DrillOptions
    private let journal: DrillJournal
    private let progress: @Sendable (DrillProgress) -> Void

    init(
        _ subject: DrillSubject,
        _ options: DrillOptions,
        _ journal: DrillJournal,
        _ progress: @escaping @Sendable (DrillProgress) -> Void
    ) {
        self.subject = subject
        self.options = options
        self.journal = journal
        self.progress = progress
    }

    /// - Returns: The file to restore; nil if it is damaged, or was changed after it was sealed.
    /// - Throws: `StorageError.io`, `CancellationError`, `AgeError`.
    func run() async throws -> RestoreFile? {
        journal.update { $0.notes += options.remarks }
        if !options.unreadable.isEmpty { journal.check(.newest, options.unreadable, else: "") }
        guard let file = subject.file else {
            checkAge()
            journal.check(.verify, isOK: false, subject.damage ?? "")
            return stopped("the file is damaged")
        }
        if case .dumpArchive(_, nil, _) = file {
            journal.omit("the SHA-256 of the backup", because: "it is a folder")
        }
        let found = try await journal.phase("verify") { try await verify(file) }
        guard found.problems.isEmpty else {
            checkAge()
            journal.check(.verify, found.problems, else: "")
            return stopped("the file is damaged")
        }
        journal.update { $0.notes += found.notes }
        let opened = try RestoreFile(file)
        describe(opened)
        checkAge()
        journal.check(.verify, isOK: true, found.detail)
        let isUnchanged = try checkSeal(opened)
        guard isUnchanged || options.trusts else { return stopped("the backup was changed") }
        if isUnchanged, opened.isOurs { journal.update { $0.manifest = opened.manifest } }
        return opened
    }

    private func stopped(_ reason: String) -> RestoreFile? {
        journal.omit("the restore and everything after it", because: reason)
        return nil
    }

    // MARK: All bytes

    fileprivate struct Found: Sendable {
        var problems: [String] = []
        var notes: [String] = []
        var detail = ""
    }

    private func verify(_ file: RecognizedFile) async throws -> Found {
        let source = subject.source
        async let sha256 = source?.fileSHA256()
        let found = try await read(file)
        let digest = try await sha256
        journal.update { $0.sha256 = digest }
        return found
    }

    private func read(_ file: RecognizedFile) async throws -> Found {
        let progress = progress
        do {
            switch file {
            case .archive(let source):
                let report = try await Verification(source, jobs: options.jobs) { progress(.verify($0)) }.run()
                return Found(report, "every member and digest is intact: \(counted(report.members, "member"))")
            case .dumpArchive(_, _, let open):
                let report = try await DumpVerification.run(open, jobs: options.jobs) { progress(.verify($0)) }
                return Found(report, "all data were unpacked; an archive of pg_dump has no digests")
            case .dump(let source, let isPacked):
                let check = try DumpCheck.read(source, isPacked: isPacked)
                return Found(
                    problems: check.problems,
                    notes: check.notes,
                    detail: "the text was read to its end; a plain dump has no digests"
                )
            }
        } catch let error as AgeError where error.isDamage {
            return Found(problems: [error.message])
        } catch let error as StorageError where error.code == .damaged {
            return Found(problems: [error.message])
        }
    }

    // MARK: What the manifest says

    private func describe(_ file: RestoreFile) {
        guard let manifest = file.manifest else { return }
        journal.update { report in
            report.environment = manifest.environment
            report.database = manifest.database.name
            report.sourceVersion = manifest.server.version
            // pg_dump records the time of its machine, without the zone; then the time of the file counts.
            guard let seconds = UTCTime.parse(extended: manifest.createdAt) else { return }
            report.backedUpAt = manifest.createdAt
            report.rpoSeconds = max(0, options.now - seconds)
        }
    }

    private func checkAge() {
        let ahead = (UTCTime.parse(extended: journal.now.backedUpAt) ?? 0) - options.now
        if ahead > DrillFigures.clockDifference {
            return journal.check(
                .age,
                isOK: false,
                "the backup is dated \(DrillFigures.age(ahead)) in the future, so its age is unknown"
            )
        }
        guard let most = options.ageMax else { return }
        let age = journal.now.rpoSeconds
        let isRecent = Duration.seconds(age) <= most
        let limit = Int(most.components.seconds)
        journal.check(
            .age,
            isOK: isRecent,
            "the backup is \(DrillFigures.age(age)) old, and \(DrillFigures.age(limit)) is the limit"
        )
    }

    /// A broken seal of a key that we have proves that the archive was changed. A seal of another key proves nothing.
    ///
    /// - Returns: Whether nothing speaks against the archive.
    private func checkSeal(_ file: RestoreFile) throws -> Bool {
        let state = try file.sealState(options.keys)
        if state != .whole, let place = sidecarOfAnother {
            journal.check(
                .seal,
                isOK: false,
                "this is not the file that \(place) describes, which this installation sealed: it was changed or replaced"
            )
            return false
        }
        switch state {
        case nil: break
        case .none?: journal.omit("the seal", because: "the backup has none")
        case .unknownKey(let name):
            journal.omit("the seal", because: "it is of the key \(name), which this installation does not have")
        case .manifestOnly:
            journal.omit("the SHA-256 sums that the seal covers", because: "another program packed the backup again")
        case .whole:
            journal.update { $0.sealKey = file.manifest?.seal?.key }
            journal.check(.seal, isOK: true, "sealed by this installation, and unchanged since")
        case .broken:
            journal.check(.seal, isOK: false, "the seal does not fit: the backup was changed after it was made")
            return false
        }
        return true
    }
}

extension FileCheck {
    /// The sidecar, if this installation has sealed it, and it describes a file of this name with other bytes.
    private var sidecarOfAnother: String? {
        let place = options.file + Sidecar.ending
        guard let contents = try? options.stores.contents(of: place), let sidecar = Sidecar(contents),
            sidecar.isSealed(by: options.keys, contents), options.file.hasSuffix(sidecar.file),
            let sha256 = journal.now.sha256, sidecar.sha256 != sha256
        else { return nil }
        return place
    }
}

extension FileCheck.Found {
    fileprivate init(_ report: VerificationReport, _ detail: String) {
        self.init(
            problems: report.problems.map { "\($0.member): \($0.problem)" },
            notes: report.unchecked,
            detail: detail
        )
    }
}

/// Figures for people.
enum DrillFigures {
    /// How far the clocks of two machines may differ, in seconds.
    static let clockDifference = 60

    /// `35 s`, `12 min`, `26 h`, `3 days`.
    static func age(_ seconds: Int) -> String {
        switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h"
        default: "\(grouped(seconds / 86_400)) days"
        }
    }
}
