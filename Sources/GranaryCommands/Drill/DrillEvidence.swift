internal import Archive
internal import Drills
internal import Inspection
internal import Storage

/// The report of a drill as a sealed document, so that a holder of the key can see that it was not altered.
struct DrillEvidence {
    enum Form {
        case text, markdown, json

        /// The name of a file says the form.
        init(file: String) {
            self = file.hasSuffix(".json") ? .json : file.hasSuffix(".md") ? .markdown : .text
        }
    }

    let report: DrillReport
    let drilledAt: String
    let drilledBy: String
    let host: String
    /// The error with which the command ends; nil if there is none, and if what was found is its end.
    var failure: FailureReport?
    private var key: SealKey?

    /// - Parameter key: nil leaves the documents unsealed.
    init(_ report: DrillReport, key: SealKey?, _ console: Console) {
        self.report = report
        self.key = key
        drilledAt = Formatting.now()
        drilledBy = Operator.account(console.environment)
        host = Operator.host
        guard report.findings.isEmpty, let error = report.interruption else { return }
        failure = FailureReport(error, isInterrupted: Task.isCancelled)
    }

    func sealed(as form: Form) -> String {
        let text =
            switch form {
            case .json: Self.result.document(self).text
            case .markdown: DrillDocument(self).markdown
            case .text: DrillDocument(self).text
            }
        return key.map { SealedText.seal(text, with: $0) } ?? text
    }

    /// The document for programs that are told of the drill. The seal is one of the printed text.
    var documentWithoutSeal: JSONDocument {
        var copy = self
        copy.key = nil
        return Self.result.document(copy)
    }

    /// `Seal: <name of the key> hmac_sha_256 <digits>`, with zeros until it is sealed.
    var sealLine: String {
        key.map { "Seal: \($0.name) \(SealedText.lead) \(SealedText.zeros)" } ?? "Seal: none"
    }

    /// Notes the drill in the sidecar of the backup, for `granary backups`, which lists no dumps.
    func note(in stores: ObjectStores, sealKeys: [SealKey], on console: Console) {
        // Checks that were not done say nothing about the backup.
        guard report.isArchive, report.interruption == nil || !report.findings.isEmpty else { return }
        let problem: String
        do {
            let outcome = try SidecarMark.set(
                report.file,
                bytes: report.bytes,
                contentTag: report.contentTag,
                sha256: report.sha256,
                in: stores,
                sealKeys: sealKeys,
                orMake: newSidecar
            ) { ($0.drilledAt, $0.drillOK) = (drilledAt, report.isOK) }
            let place = report.file + Sidecar.ending
            switch outcome {
            case .written: return
            case .missing where key == nil: problem = "without a key of its own, this installation writes no \(place)"
            case .missing: problem = "the backup is not intact, and there is no valid \(place)"
            case .foreign: problem = "\(place) is sealed by a key that this installation does not have"
            case .otherFile: problem = "\(place) is another file"
            case .replaced: problem = "\(report.file) was replaced during the drill"
            }
        } catch {
            problem = "\(error)"
        }
        console.note("note: `granary backups` will not show this drill: \(problem)")
    }

    /// For a backup that was made by an older version, or was copied without its sidecar.
    private var newSidecar: (sidecar: Sidecar, key: SealKey)? {
        guard let manifest = report.manifest, let sha256 = report.sha256, let key else { return nil }
        let name = report.file.split(separator: "/").last.map(String.init) ?? report.file
        return (
            Sidecar(file: name, bytes: report.bytes, sha256: sha256, isEncrypted: report.isEncrypted, manifest), key
        )
    }
}

// The JSON document.
extension DrillEvidence {
    /// The first key, by which `verify` recognizes a report.
    static let title = "granary drill"

    static let result = ResultDescription<DrillEvidence>([
        .init("report") { _ in title }, .part(verdict) { $0 }, .part(backup) { $0 }, .part(drill) { $0 },
        .init("checks", each: check, \.report.checks), .init("phases", each: phase, \.report.phases),
        .init("migrations", each: migration, \.report.migrations),
        .init("not_drilled", each: omission, \.report.omissions), .init("notes", \.report.notes),
        .init("kept", kept, \.report.kept), .init("seal", seal, \.key), .part(failed, \.failure),
    ])

    private static let failed = ResultDescription<FailureReport>([.init("error", FailureReport.result) { $0 }])

    private static let verdict = ResultDescription<DrillEvidence>([
        .init("ok", \.report.isOK), .init("file", \.report.file), .init("rpo_seconds", \.report.rpoSeconds),
        .init("rto_seconds", \.report.rtoSeconds), .init("rows", \.report.rows), .init("tables", \.report.tables),
        .init("finished") { $0.report.interruption == nil },
    ])

    private static let backup = ResultDescription<DrillEvidence>([
        .init("sha256", \.report.sha256), .init("bytes", \.report.bytes), .init("encrypted", \.report.isEncrypted),
        .init("seal_key", \.report.sealKey), .init("backed_up_at", \.report.backedUpAt),
        .init("environment", \.report.environment), .init("database", \.report.database),
        .init("source_version", \.report.sourceVersion),
    ])

    private static let drill = ResultDescription<DrillEvidence>([
        .init("drilled_at", \.drilledAt), .init("drilled_by", \.drilledBy), .init("host", \.host),
        .init("granary_version") { _ in granaryVersion }, .init("server", \.report.server),
        .init("server_version", \.report.serverVersion), .init("seconds", \.report.seconds),
    ])

    private static let check = ResultDescription<DrillReport.Check>([
        .init("check", \.subject.rawValue), .init("ok", \.isOK), .init("detail", \.detail),
    ])

    private static let phase = ResultDescription<DrillReport.Phase>([
        .init("phase", \.name), .init("seconds", \.seconds),
    ])

    private static let migration = ResultDescription<DrillReport.Migration>([
        .init("service", \.service), .init("version", \.version), .init("name", \.name), .init("seconds", \.seconds),
        .init("locks", \.locks), .init("rewritten", \.rewritten),
    ])

    private static let omission = ResultDescription<DrillReport.Omission>([
        .init("what", \.what), .init("reason", \.reason),
    ])

    private static let kept = ResultDescription<DrillReport.Kept>([
        .init("database", \.database), .init("url", \.url), .init("folder", \.folder),
    ])

    private static let seal = ResultDescription<SealKey>([
        .init("key", \.name), .init(SealedText.lead) { _ in SealedText.zeros },
    ])
}
