/// How a run ended, for those who are told about it.
struct RunOutcome: Sendable {
    var job = NoticeRecord.Job.backup
    /// The exit code of the command.
    var code: Int32
    /// From the start of the command to its end.
    var seconds: Double
    /// When it ended, in seconds since 1970.
    var endedAt: Int
    var finished: [NoticeRecord.Figures] = []
    /// The databases for which the run is no success. If it is not known which, those that the command may have meant;
    /// without a database the run may have been about any.
    var failed: [NoticeRecord.Subject] = []
    /// What `--json` prints.
    var document: JSONDocument?

    var isSuccess: Bool { code == ExitStatus.done.rawValue }

    /// The document with the exit code, for a hook.
    var documentWithCode: JSONDocument {
        guard case .object(let fields) = document ?? .object([]) else { return .object(["code": .integer(Int(code))]) }
        return .object(fields + [JSONDocument.Field(key: "code", value: .integer(Int(code)))])
    }

    /// Figures only, for a ping: the server that gets it may belong to someone else.
    var text: String {
        var figures: [(String, JSONDocument)] = [("exit_code", .integer(Int(code))), ("seconds", .number(seconds))]
        if !finished.isEmpty {
            figures.append(("bytes", .integer(finished.map(\.bytes).saturatedSum)))
            let raw = finished.compactMap(\.rawBytes)
            if !raw.isEmpty { figures.append(("raw_bytes", .integer(raw.saturatedSum))) }
            figures += [
                ("rows", .integer(finished.map(\.rows).saturatedSum)),
                ("tables", .integer(finished.map(\.tables).saturatedSum)),
            ]
            if let rpo = finished[0].rpoSeconds { figures.append(("rpo_seconds", .integer(rpo))) }
            if let rto = finished[0].rtoSeconds { figures.append(("rto_seconds", .number(rto))) }
        }
        return figures.map { "\($0) \($1.text)\n" }.joined()
    }
}
