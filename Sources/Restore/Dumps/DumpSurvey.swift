internal import Archive
internal import Databases
internal import SQLText

/// The result of reading a whole plain dump before anything is created.
struct DumpSurvey: Sendable {
    enum Completeness: Sendable, Equatable {
        case whole
        /// Nothing tells whether it is complete. The sentence says why.
        case unknown(String)
        /// The end is missing. The sentence has the place.
        case cut(String)
        case withoutStatement
    }

    var completeness = Completeness.whole
    var code = CodeInventory()
    /// The first statement that a restore would refuse.
    var failure: RestoreError?
    /// What the dump needs from the server.
    var needs = DumpNeeds()

    var isCut: Bool { if case .cut = completeness { true } else { false } }
    /// nil if nothing tells.
    var isComplete: Bool? { if case .unknown = completeness { nil } else { completeness == .whole } }
    /// Sentences for people, before the restore begins.
    var notes: [String] {
        switch completeness {
        case .whole, .withoutStatement: []
        case .unknown(let sentence), .cut(let sentence): [sentence]
        }
    }

    /// How many bytes of the file are examined for code, because parsing takes longer than reading.
    private static let codeBytesMax = 64 << 20

    /// - Throws: `RestoreError` for a file that is not SQL text; `ArchiveError`; `CancellationError`.
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
        // Also if the text is cut off.
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
        // The databases in the file decide whether the other failures matter.
        failure = script.marks.isOfGlobals ? Self.globals(dump.path) : rules.failure ?? failure
        needs = rules.needs
        reader.noteSettings(needs.database?.settingNames ?? [])
        completeness = isEmpty ? .withoutStatement : Self.completeness(script.marks, dump.path)
    }

    /// Whether a restore would execute it. Records the first failure.
    private mutating func isRun(_ element: DumpScript.Element, _ rules: inout DumpRules) throws -> Bool {
        do {
            switch try rules.judge(element) {
            case .skip, .leave: return false
            case .run, .runLast: break
            }
        } catch let error as RestoreError {
            failure = failure ?? error
        }
        return true
    }

    private static func globals(_ path: String) -> RestoreError {
        RestoreError(
            .usage,
            "\(path) holds the roles of a server, and no database",
            hint: "nothing was changed; run it with psql, as its first lines say"
        )
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

// Whether an incomplete file may be restored.
extension DumpSurvey {
    /// Why the options do not permit the restore of a file that may be incomplete; nil if they do.
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
