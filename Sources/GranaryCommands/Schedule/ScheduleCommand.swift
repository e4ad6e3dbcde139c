package import ArgumentParser
internal import Storage

/// `granary schedule` and its subcommands.
package struct ScheduleCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "schedule",
        abstract: "Print the units that run a command regularly, for systemd, cron or Kubernetes.",
        discussion: """
            Nothing is installed. The command is checked, and must not hold a secret.

            Example:
              granary schedule systemd 'daily 03:00' -- backup --backups /srv/backups
              granary schedule cron 'weekly sun 03:00' -- drill --quiet
            """,
        subcommands: [ScheduleSystemd.self, ScheduleCron.self, ScheduleKubernetes.self]
    )

    package init() {}
}

/// What the subcommands have in common.
protocol ScheduleKind: SpokenCommand {
    var plan: SchedulePlan { get }
    func files(_ command: ScheduledCommand, _ time: ScheduleTime, name: String) throws -> [ScheduleFile]
    /// What the files lack, for the user.
    func notes(_ command: ScheduledCommand) -> [String]
}

/// What runs, and when.
package struct SchedulePlan: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "hourly, hourly :15, daily 03:00, weekly sun 03:00, monthly 1 03:00; or cron's five fields, or OnCalendar=….",
            valueName: "when"
        )
    )
    package var when: String

    @Argument(
        parsing: .postTerminator,
        help: ArgumentHelp("The command after --, without granary.", valueName: "command")
    )
    package var command: [String] = []

    @Option(
        name: .long,
        help: ArgumentHelp("The name of units and files, after granary- (default: the command's).", valueName: "name")
    )
    package var name: String?

    package init() {}

    package mutating func validate() throws {
        guard let name else { return }
        let isName = name.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || "0123456789-".utf8.contains(byte)
        }
        // A CronJob's name has at most 52 characters.
        guard isName, !name.hasPrefix("-"), !name.hasSuffix("-"), (1...40).contains(name.utf8.count) else {
            throw ValidationError("--name consists of at most 40 small letters, digits and dashes")
        }
    }
}

extension ScheduleKind {
    package static var onlyReads: Bool { true }

    func notes(_ command: ScheduledCommand) -> [String] { [] }

    package func run(on console: Console) async throws {
        guard let root = CommandTree.root else { return }
        let command = try ScheduledCommand(plan.command, below: root)
        let name = plan.name ?? command.path.joined(separator: "-")
        let files = try files(command, try ScheduleTime(plan.when), name: name)
        for note in notes(command) { console.note(note) }
        if console.settings.isJSON { return try console.result(ScheduleFile.result.document(files)) }
        var text = ScheduleFile.text(files)
        if text.hasSuffix("\n") { text.removeLast() }
        try console.result(exactly: text)
    }
}

/// Where the program is, and as whom it runs.
package struct ScheduleHost: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("The account that runs it.", valueName: "name"))
    package var user: String?

    @Option(
        name: .long,
        help: ArgumentHelp("The path of granary there (default: of this one).", valueName: "file"),
        completion: .file()
    )
    package var program: String?

    package init() {}

    package mutating func validate() throws {
        if let program {
            guard program.hasPrefix("/"), !program.unicodeScalars.contains(where: Formatting.isControl) else {
                throw ValidationError("--program takes an absolute path")
            }
        }
        guard let user else { return }
        let isName = user.utf8.allSatisfy { byte in
            UnicodeScalar(byte).properties.isAlphabetic && byte < 0x80 || "0123456789-_.".utf8.contains(byte)
        }
        guard isName, !user.isEmpty, !user.hasPrefix("-") else {
            throw ValidationError("--user takes the name of an account")
        }
    }

    var path: String { program ?? Files.resolved("/proc/self/exe") ?? "/usr/bin/granary" }
}

/// `granary schedule systemd`.
package struct ScheduleSystemd: ScheduleKind {
    package static let configuration = CommandConfiguration(
        commandName: "systemd",
        abstract: "Print a service, its timer, and the unit that a failure starts.",
        discussion: """
            Runs that were missed are made up for; exit code 5 (busy) is tried again, and no other one.

            Example:
              granary schedule systemd 'daily 03:00' -- backup --backups /srv/backups
              granary schedule systemd 'OnCalendar=Mon..Fri 22:00' -- backup

            \(variablesHelp)
            """
    )

    @OptionGroup package var plan: SchedulePlan
    @OptionGroup(title: "Where it runs") package var host: ScheduleHost
    @OptionGroup(title: "Output") package var speech: OutputOptions
    package init() {}

    func files(_ command: ScheduledCommand, _ time: ScheduleTime, name: String) throws -> [ScheduleFile] {
        SystemdUnits(
            command: command,
            calendar: try time.calendar(),
            isRare: time.isRare,
            name: name,
            account: host.user,
            program: host.path
        ).files
    }
}

/// `granary schedule cron`.
package struct ScheduleCron: ScheduleKind {
    package static let configuration = CommandConfiguration(
        commandName: "cron",
        abstract: "Print a file for /etc/cron.d.",
        discussion: """
            Example:
              granary schedule cron 'daily 03:00' -- backup --quiet
              granary schedule cron '0 3 * * mon-fri' --user backup -- backup --quiet

            \(variablesHelp)
            """
    )

    @OptionGroup package var plan: SchedulePlan
    @OptionGroup(title: "Where it runs") package var host: ScheduleHost
    @OptionGroup(title: "Output") package var speech: OutputOptions
    package init() {}

    func files(_ command: ScheduledCommand, _ time: ScheduleTime, name: String) throws -> [ScheduleFile] {
        let line = CronLine(
            command: command,
            fields: try time.cron(),
            name: name,
            account: host.user ?? "granary",
            program: host.path
        )
        return [try line.file()]
    }
}

/// `granary schedule kubernetes`.
package struct ScheduleKubernetes: ScheduleKind {
    package static let configuration = CommandConfiguration(
        commandName: "kubernetes",
        abstract: "Print a CronJob.",
        discussion: """
            Example:
              granary schedule kubernetes 'daily 03:00' --image granary:1 -- backup

            \(variablesHelp)
            """
    )

    @OptionGroup package var plan: SchedulePlan

    @Option(name: .long, help: ArgumentHelp("The image, such as of packaging/Containerfile.", valueName: "name"))
    package var image = "granary"

    @OptionGroup(title: "Output") package var speech: OutputOptions
    package init() {}

    func files(_ command: ScheduledCommand, _ time: ScheduleTime, name: String) throws -> [ScheduleFile] {
        [CronJob(command: command, fields: try time.cron(), name: name, image: image).file]
    }

    func notes(_ command: ScheduledCommand) -> [String] { CronJob.notes(command) }
}
