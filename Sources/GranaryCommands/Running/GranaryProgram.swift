internal import ArgumentParser
internal import Glibc

/// The program around the commands: from arguments to an exit code.
package struct GranaryProgram: Sendable {
    private let root: CommandTree.Root

    /// - Parameter root: The root command.
    package init(_ root: CommandTree.Root) { self.root = root }

    /// Parses the arguments, runs the command until it ends or is interrupted, and reports the result.
    package func run(
        arguments: [String] = Array(CommandLine.arguments.dropFirst())
    ) async -> Int32 {
        ProcessHygiene.fillClosedStreams()
        Interrupts.leaveToWrites()
        ProcessHygiene.guardNewFiles()
        MemoryExhaustion.explain()
        let unreadable = ProcessHygiene.unreadableText()
        ProcessHygiene.hidePasswords()
        var completed = OptionVariables.Completed(arguments: Self.separated(Self.asked(arguments)), used: [:])
        let command: any ParsableCommand
        do {
            if let unreadable { throw unreadable }
            if arguments.isEmpty { return Self.printed(HelpText.mostUsed) }
            try ProcessLimits.require()
            if let options = OptionVariables(of: root, variables: ProcessEnvironment.current) {
                completed = try options.complete(completed.arguments)
                completed.arguments = Self.separated(completed.arguments)
            }
            if let unknown = UnknownCommand(completed.arguments, below: root) { throw unknown.error }
            command = try OptionVariables.$used.withValue(completed.used) {
                try root.parseAsRoot(completed.arguments)
            }
        } catch {
            return end(with: error, parsing: completed)
        }
        return await run(command, parsed: completed)
    }

    /// `--check=exact` of `migrate status` as two arguments. If an option's value is optional, the parser loses a value
    /// after = when another option follows, and also a word that is no value. So `--drop-kept` of `restore` is a flag
    /// beside an argument, which goes to the end, because the name of a database may begin with a dash.
    static func separated(_ arguments: [String]) -> [String] {
        if arguments.first == "restore" {
            let lead = "--drop-kept="
            guard let place = arguments.firstIndex(where: { $0.hasPrefix(lead) }) else { return arguments }
            var words = arguments
            words[place] = String(lead.dropLast())
            let end = arguments.contains("--") ? [] : ["--"]
            return words + end + [String(arguments[place].dropFirst(lead.count))]
        }
        guard arguments.starts(with: ["migrate", "status"]) else { return arguments }
        let lead = "--check="
        return arguments.flatMap { $0.hasPrefix(lead) ? ["--check", String($0.dropFirst(lead.count))] : [$0] }
    }

    private func run(
        _ command: any ParsableCommand,
        parsed: OptionVariables.Completed
    ) async -> Int32 {
        let interrupts = Interrupts()
        let own = command as? any GranaryCommand
        let settings = own?.settings
        if own.map({ type(of: $0).watchesSignals }) ?? true { await interrupts.watch() }
        // Parsed by this task and passed to the other.
        nonisolated(unsafe) var command = command
        let task = OptionVariables.$used.withValue(parsed.used) {
            CommandTree.$root.withValue(root) {
                Task { () async throws -> Void in
                    if var asynchronous = command as? any AsyncParsableCommand {
                        try await asynchronous.run()
                    } else {
                        try command.run()
                    }
                }
            }
        }
        interrupts.whenCome { task.cancel() }
        do {
            try await task.value
            return ExitStatus.done.rawValue
        } catch let code as ExitCode {
            return code.rawValue
        } catch {
            guard let settings else { return end(with: error, parsing: parsed) }
            let failure = FailureReport(error, isInterrupted: interrupts.haveCome)
            Console(settings).report(failure)
            return failure.status.rawValue
        }
    }

    /// Help and versions are results. Everything else that the parser throws is an error in the arguments.
    private func end(
        with error: any Error,
        parsing completed: OptionVariables.Completed
    ) -> Int32 {
        if !(error is CommandError), root.exitCode(for: error).isSuccess {
            var text = root.fullMessage(for: error)
            while text.hasSuffix("\n") { text.removeLast() }
            return Self.printed(HelpText.arranged(text))
        }
        var failure = FailureReport(error)
        if !(error is CommandError) {
            let message = Self.hidingPassphrases(in: root.message(for: error), completed.arguments)
            failure = FailureReport(.usage, Self.sentence(message), hint: hint(for: message, completed))
        }
        Console(Self.settings(for: completed.arguments)).report(failure)
        return failure.status.rawValue
    }

    /// `--passphrase` takes no value, but a value after it is probably a passphrase, which must not be repeated.
    private static func hidingPassphrases(in message: String, _ arguments: [String]) -> String {
        var (text, isNext) = (message, false)
        for argument in arguments {
            let value = argument.firstIndex(of: "=").map { argument[argument.index(after: $0)...] }
            if argument.hasPrefix("--pass"), let value, !value.isEmpty {
                text = text.replacing("'\(value)'", with: "'***'").replacing("=\(value)'", with: "=***'")
            } else if isNext, !argument.hasPrefix("-") {
                text = text.replacing("'\(argument)'", with: "'***'")
            } else if isNext {
                text = text.replacing("Unknown option '\(argument)'", with: "Unknown option '***'")
            }
            // The words of a passphrase may be arguments of their own.
            isNext = argument == "--passphrase" || isNext && !argument.hasPrefix("-")
        }
        return text
    }

    private static func printed(_ text: String) -> Int32 {
        do {
            try StandardOutput.print(text)
        } catch {
            // `granary --help | head` has read enough.
            return error.isReaderGone ? 0 : ExitStatus.failed.rawValue
        }
        return 0
    }

    /// All arguments after `server psql` are psql's, except a first `--help`, which asks granary.
    private static func asked(_ arguments: [String]) -> [String] {
        arguments == ["server", "psql", "--help"] ? ["help", "server", "psql"] : arguments
    }

    /// The parser's message without its prefix, on one line.
    static func sentence(_ message: String) -> String {
        let lines = message.split(whereSeparator: \.isNewline).map { $0.drop(while: \.isWhitespace) }
        // Values, each on a line with a dash.
        let values = lines.filter { $0.hasPrefix("- ") }.map { $0.dropFirst(2) }.joined(separator: ", ")
        var text = (lines.filter { !$0.hasPrefix("- ") } + [values[...]]).filter { !$0.isEmpty }.joined(separator: " ")
        if text.hasPrefix("Error: ") { text = String(text.dropFirst(7)) }
        while text.hasSuffix(".") { text.removeLast() }
        // An error of ours begins with a small letter; an acronym stays.
        if let first = text.first, text.dropFirst().first?.isLowercase == true {
            text = first.lowercased() + text.dropFirst()
        }
        return text.isEmpty ? "the arguments do not match the command" : text
    }

    private func hint(for message: String, _ completed: OptionVariables.Completed) -> String {
        let words = completed.arguments.prefix { !$0.hasPrefix("-") }
        let help = (["granary"] + commandPath(Array(words)) + ["--help"]).joined(separator: " ")
        let blamed = completed.used.keys.sorted().first { message.contains("--\($0)") }
        guard let blamed, let variable = completed.used[blamed] else { return "`\(help)` lists the options" }
        return "--\(blamed) comes from the variable \(variable); `\(help)` lists the options"
    }

    private func commandPath(_ words: [String]) -> [String] {
        var path: [String] = []
        var commands = root.configuration.subcommands
        for word in words {
            guard let next = commands.first(where: { $0._commandName == word }) else { break }
            path.append(word)
            commands = next.configuration.subcommands
        }
        return path
    }

    /// The output settings if the options could not be parsed: the output options are searched for in the arguments.
    private static func settings(for arguments: [String]) -> Console.Settings {
        var settings = Console.Settings()
        let given = arguments.prefix { $0 != "--" }
        settings.isJSON = given.contains("--json")
        settings.wantsColor = !given.contains("--no-color")
        settings.logsJSON = given.contains("--log-format=json")
        if let place = given.firstIndex(of: "--log-format"), given.dropFirst(place + 1).first == "json" {
            settings.logsJSON = true
        }
        return settings
    }
}
