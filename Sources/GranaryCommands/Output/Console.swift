package import Logging
internal import Synchronization

/// The output of a command: results on standard output, everything else on standard error.
package final class Console: Sendable {
    package struct Settings: Sendable, Equatable {
        package var isJSON = false
        package var isQuiet = false
        package var isVerbose = false
        /// Standard error is for a program: one JSON object per line.
        package var logsJSON = false
        /// Use colors on a terminal, unless NO_COLOR is set.
        package var wantsColor = true

        package init() {}
    }

    package let settings: Settings
    package let screen: Screen
    package let logger: Logger
    /// The environment of the process.
    package let environment: [String: String]
    /// Whether the result describes a change, so that it must not be lost if standard output fails.
    private let reportsDeeds: Bool
    /// Whether the command reads a file from standard input.
    let readsStandardInput: Bool
    /// Whether standard output has failed and the failure was reported, or its reader has read enough.
    private let outputIsGone = Mutex(false)

    package init(
        settings: Settings,
        screen: Screen,
        environment: [String: String],
        reportsDeeds: Bool = false,
        readsStandardInput: Bool = false
    ) {
        self.settings = settings
        self.reportsDeeds = reportsDeeds
        self.readsStandardInput = readsStandardInput
        self.screen = screen
        self.environment = environment
        var logger = Logger(label: "granary") { _ in LogLines(screen: screen, settings: settings) }
        logger.logLevel = settings.isQuiet ? .error : settings.isVerbose ? .debug : .notice
        self.logger = logger
    }

    /// The same without notes.
    var quiet: Console {
        var settings = settings
        settings.isQuiet = true
        settings.isVerbose = false
        return Console(settings: settings, screen: screen, environment: environment)
    }

    /// The same for a failure that is part of a document, so that it is only told to people.
    var withoutDocument: Console {
        var settings = settings
        settings.isJSON = false
        return Console(settings: settings, screen: screen, environment: environment)
    }

    /// Uses the process's standard error.
    package convenience init(_ settings: Settings, reportsDeeds: Bool = false, readsStandardInput: Bool = false) {
        let environment = ProcessEnvironment.current
        self.init(
            settings: settings,
            screen: .standardError(environment: environment),
            environment: environment,
            reportsDeeds: reportsDeeds,
            readsStandardInput: readsStandardInput
        )
    }

    /// NO_COLOR counts if it is not empty: <https://no-color.org>.
    private var usesColor: Bool {
        screen.isTerminal && settings.wantsColor && !settings.logsJSON && (environment["NO_COLOR"] ?? "").isEmpty
    }

    /// Whether progress is redrawn in place.
    var redraws: Bool { screen.isTerminal && !settings.logsJSON && !settings.isQuiet }

    /// A remark for the user, on standard error, unless `--quiet` is given.
    package func note(_ text: String) {
        guard !settings.isQuiet else { return }
        let text = Formatting.harmless(Masking.masked(text))
        screen.say(settings.logsJSON ? LogLines.document(level: .info, message: text).text : text)
    }

    /// A remark that `--quiet` does not silence, because someone must act on it later. With `--json` the document says it.
    func insist(_ text: String) {
        guard settings.isQuiet, !settings.isJSON else { return note(text) }
        let text = Formatting.harmless(Masking.masked(text))
        screen.say(settings.logsJSON ? LogLines.document(level: .info, message: text).text : text)
    }

    /// The final message: what failed, and what to do. With `--json` also a document on standard output.
    package func report(_ failure: FailureReport) {
        var failure = failure
        if let taken = environment[MakeWords.variable], !taken.isEmpty {
            failure.hint = failure.hint.map { MakeWords.hint($0, taken: taken) }
        }
        if settings.isJSON {
            // If standard output has failed, the exit code still reports the failure.
            try? StandardOutput.print(failure.document.text)
        }
        if settings.logsJSON {
            screen.say(LogLines.document(level: .error, message: failure.message, hint: failure.hint).text)
        } else {
            screen.say(failure.text(usesColor: usesColor))
        }
    }
}

// Results.
extension Console {
    /// Checks that standard output can accept the result, before a command changes something.
    ///
    /// - Throws: `CommandError` with `.output`.
    func requireOutput() throws {
        guard reportsDeeds, let obstacle = StandardOutput.obstacle() else { return }
        throw CommandError(
            .output,
            "standard output cannot take the result: \(obstacle.reason)",
            hint: "nothing was changed; redirect it to a file, or to /dev/null"
        )
    }

    /// A result as text, on standard output.
    ///
    /// - Throws: `OutputError`.
    package func result(_ text: String) throws { try put(Formatting.harmless(text, keeping: ["\n"])) }

    /// One line of a result. Line breaks in it are escaped.
    ///
    /// - Throws: `OutputError`.
    package func result(line: String) throws { try put(Formatting.harmless(line)) }

    /// A result that is written exactly to a file or another program, and escaped on a terminal.
    ///
    /// - Throws: `OutputError`.
    package func result(exactly text: String) throws {
        guard StandardOutput.isTerminal else { return try put(text) }
        try put(Formatting.harmless(text, keeping: ["\n", "\t"]))
    }

    /// A result as JSON.
    ///
    /// - Throws: `OutputError`.
    package func result(_ document: JSONDocument) throws { try put(document.text) }

    /// A result: the JSON document or the lines of text.
    ///
    /// - Throws: `OutputError`.
    package func result(_ document: @autoclosure () -> JSONDocument, else lines: @autoclosure () -> [String]) throws {
        if settings.isJSON { return try result(document()) }
        for line in lines() { try result(line: line) }
    }

    /// If a command that only reads cannot write its result, that is a failure, unless the reader has read enough, like
    /// `head`. If a command has changed something, its result goes to standard error instead, even with `--quiet`.
    private func put(_ text: String) throws {
        if outputIsGone.withLock(\.self) { return tellInstead(text) }
        do {
            try StandardOutput.print(text)
        } catch {
            guard reportsDeeds || error.isReaderGone else { throw error }
            outputIsGone.withLock { $0 = true }
            if reportsDeeds {
                warn(
                    "standard output cannot take the result (\(error.reason)); the work is done, and this is the result:"
                )
            }
            tellInstead(text)
        }
    }

    private func tellInstead(_ text: String) {
        guard reportsDeeds else { return }
        let text = Formatting.harmless(text, keeping: ["\n"])
        screen.say(settings.logsJSON ? LogLines.document(level: .warning, message: text).text : text)
    }

    private func warn(_ text: String) {
        screen.say(
            settings.logsJSON ? LogLines.document(level: .warning, message: text).text : "granary: warning: \(text)"
        )
    }
}
