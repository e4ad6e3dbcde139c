package import Logging
internal import Synchronization

/// Where a command speaks: results on standard output, everything else on standard error.
package final class Console: Sendable {
    package struct Settings: Sendable, Equatable {
        package var isJSON = false
        package var isQuiet = false
        package var isVerbose = false
        /// Standard error is read by a program: one JSON object per line.
        package var logsJSON = false
        /// A terminal may be colored, unless NO_COLOR says otherwise.
        package var wantsColor = true

        package init() {}
    }

    package let settings: Settings
    package let screen: Screen
    package let logger: Logger
    /// The environment of the process.
    package let environment: [String: String]
    /// A result tells what was changed: it is not lost with standard output.
    private let reportsDeeds: Bool
    /// Standard input is a file of the command.
    let readsStandardInput: Bool
    /// Standard output has failed, which was said, or its reader has all that it wanted.
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

    /// On the process's own standard error.
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

    /// For people, on standard error, unless they want it quiet.
    package func note(_ text: String) {
        guard !settings.isQuiet else { return }
        let text = Formatting.harmless(Masking.masked(text))
        screen.say(settings.logsJSON ? LogLines.document(level: .info, message: text).text : text)
    }

    /// The last words: what failed, and what to do; with `--json` a document on standard output too.
    package func report(_ failure: FailureReport) {
        if settings.isJSON {
            // When standard output is gone, the exit code still says what happened.
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
    /// Before a command changes something: whether standard output can take what it will say of it.
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

    /// A result for people, on standard output.
    ///
    /// - Throws: `OutputError`.
    package func result(_ text: String) throws { try put(Formatting.harmless(text, keeping: ["\n"])) }

    /// A line of a result, which stays one.
    ///
    /// - Throws: `OutputError`.
    package func result(line: String) throws { try put(Formatting.harmless(line)) }

    /// A result for people and programs: exact where it goes into a file or another program, and harmless on a terminal.
    ///
    /// - Throws: `OutputError`.
    package func result(exactly text: String) throws {
        guard StandardOutput.isTerminal else { return try put(text) }
        try put(Formatting.harmless(text, keeping: ["\n", "\t"]))
    }

    /// A result for programs.
    ///
    /// - Throws: `OutputError`.
    package func result(_ document: JSONDocument) throws { try put(document.text) }

    /// A result: the document for programs, else the lines for people.
    ///
    /// - Throws: `OutputError`.
    package func result(_ document: @autoclosure () -> JSONDocument, else lines: @autoclosure () -> [String]) throws {
        if settings.isJSON { return try result(document()) }
        for line in lines() { try result(line: line) }
    }

    /// What was looked up can be looked up again: not having told it is a failure, unless the reader has seen enough,
    /// as `head` has. What was changed is changed: it is told on standard error then, however quiet we are.
    private func put(_ text: String) throws {
        if outputIsGone.withLock(\.self) { return tellInstead(text) }
        do {
            try StandardOutput.print(text)
        } catch {
            guard reportsDeeds || error.isReaderGone else { throw error }
            outputIsGone.withLock { $0 = true }
            if reportsDeeds {
                warn(
                    "standard output cannot take the result (\(error.reason)); what was to be done is done, and this is it:"
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
