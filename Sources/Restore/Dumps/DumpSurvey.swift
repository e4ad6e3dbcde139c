internal import Archive
internal import Databases
internal import SQLText

/// What one reading of a whole plain dump has found, before anything is created.
struct DumpSurvey: Sendable {
    enum Completeness: Sendable, Equatable {
        case whole
        /// A sentence: why nothing tells whether it is whole.
        case unknown(String)
        /// A sentence with the place: what is missing.
        case cut(String)
        case withoutStatement
    }

    var completeness = Completeness.whole
    var code = CodeInventory()
    /// The first thing in it that a restore refuses to run.
    var failure: RestoreError?
    /// What the server must have.
    var needs = DumpNeeds()

    var isCut: Bool { if case .cut = completeness { true } else { false } }
    /// nil where nothing tells.
    var isComplete: Bool? { if case .unknown = completeness { nil } else { completeness == .whole } }
    /// What a person should know before the restore begins.
    var notes: [String] {
        switch completeness {
        case .whole, .withoutStatement: []
        case .unknown(let sentence), .cut(let sentence): [sentence]
        }
    }

    /// How much of the file, packed as it is, is read for code: parsing takes longer than the rest.
    private static let codeBytesMax = 64 << 20

    /// - Throws: `RestoreError` for what is not SQL text; `ArchiveError`; `CancellationError`.
    static func read(_ file: PlainDump, _ rules: DumpRules) throws -> DumpSurvey {
        var survey = DumpSurvey()
        let dump = DumpFile(file)
        var script = DumpScript(source: try dump.text())
        do {
            try survey.read(&script, dump, rules)
        } catch let error as SQLTextError where error.code == .unterminated {
            survey.completeness = .cut("\(file.path):\(error.line): \(error.message)")
        } catch let error as SQLTextError {
            throw rules.error(error)
        } catch let error as ArchiveError where error.code == .cutOff {
            survey.completeness = .cut(error.message)
        }
        return survey
    }

    private mutating func read(_ script: inout DumpScript, _ dump: DumpFile, _ rules: DumpRules) throws {
        var (rules, reader, isEmpty) = (rules, CodeReader(), true)
        // As far as it came, also where the text breaks off.
        defer { code = reader.inventory }
        while let element = try script.next() {
            if case .metaCommand = element {} else { isEmpty = false }
            guard try isRun(element, &rules), case .statement(let text, _) = element, !reader.inventory.isPartial else {
                continue
            }
            dump.position <= Self.codeBytesMax ? reader.read(dumped: text) : reader.stop()
        }
        do {
            try rules.finish()
        } catch let error as RestoreError {
            failure = failure ?? error
        }
        // Which databases there are decides what the other failures are worth.
        failure = rules.failure ?? failure
        needs = rules.needs
        reader.noteSettings(needs.database?.settingNames ?? [])
        completeness = isEmpty ? .withoutStatement : Self.completeness(script.marks, dump.path)
    }

    /// Whether a restore runs it; what it refuses is remembered.
    private mutating func isRun(_ element: DumpScript.Element, _ rules: inout DumpRules) throws -> Bool {
        do {
            if case .skip = try rules.judge(element) { return false }
        } catch let error as RestoreError {
            failure = failure ?? error
        }
        return true
    }

    static func completeness(_ marks: DumpMarks, _ path: String) -> Completeness {
        switch marks.verdict {
        case .whole: .whole
        case .unmarked(nil): .unknown("nothing in \(path) tells whether it is complete")
        case .unmarked(let line?):
            .unknown(
                "nothing in \(path) tells whether it is complete: line \(line) ends a dump whose header is missing"
            )
        case .cut(let line, let sentence): .cut("\(path):\(line): \(sentence), so the file is incomplete")
        }
    }
}

// Whether it is restored.
extension DumpSurvey {
    /// Why a file that is not known to be whole is not restored as the options say; nil where it may be.
    func refusal(_ options: RestoreOptions, _ target: TargetDatabase) -> RestoreError? {
        switch completeness {
        case .whole: nil
        case .withoutStatement:
            RestoreError(
                .incomplete,
                "\(options.file) holds no statement, so there is nothing to restore",
                hint: "nothing was changed; check how the file was made"
            )
        case .unknown(let sentence): refusal(unknown: sentence, options, target)
        case .cut(let sentence): refusal(cut: sentence, options, target)
        }
    }

    private func refusal(
        unknown sentence: String,
        _ options: RestoreOptions,
        _ target: TargetDatabase
    ) -> RestoreError? {
        let dropsOld = options.dropOld && target.exists
        guard !options.allowIncomplete, dropsOld || options.inPlace else { return nil }
        let option = options.inPlace ? "--in-place" : "--drop-old"
        return RestoreError(
            .incomplete,
            "\(sentence), so \(option) is refused",
            hint: "nothing was changed; without \(option) the old database is kept; --allow-incomplete permits it"
        )
    }

    private func refusal(cut sentence: String, _ options: RestoreOptions, _ target: TargetDatabase) -> RestoreError? {
        guard !options.allowIncomplete || target.exists || options.inPlace else { return nil }
        let way =
            options.allowIncomplete
            ? "an incomplete dump goes only into a new database: name one with --into"
            : "take another copy of it, or restore what it holds into a new database with --allow-incomplete --into NEW"
        return RestoreError(.incomplete, sentence, hint: "nothing was changed; \(way)")
    }
}
