import Project
import TestSupport
import Testing

@testable import GranaryCommands

/// Units that others run.
@Suite struct ScheduleTests {
    /// Words that a unit, cron, a shell, YAML or Kubernetes would change.
    private static let hostile = [
        "", " ", ";", "%", "%%", "\\%", "\\\\%", "a%b c", "100%", "$HOME", "${HOME}", "$$", "$(HOME)", "$$(HOME)", "\"",
        "\\", "\\\"", "'", "''", "a'b\"c", "#", "a #b", "=", "@x", "+x", "é ü", "{}", "[]", "&a", "*", "!b", "|", ">",
        ":",
        "a: b", "- x", "~", "null", "%h %d", "\\x41", "`id`", "a\\", "-", "--table=x",
    ]

    private static func command(_ words: [String]) throws -> ScheduledCommand {
        try ScheduledCommand(words, below: Granary.self)
    }

    private static let all: ScheduledCommand = {
        let tables = hostile.filter { !$0.hasPrefix("-") }.flatMap { ["--table", $0] }
        return try! command(["backup"] + tables + ["--backups", "/srv/the \"%\" backups"])
    }()

    private static func units(
        _ when: String,
        account: String? = nil,
        program: String = "/bin/true"
    ) throws -> [ScheduleFile] {
        let time = try ScheduleTime(when)
        return SystemdUnits(
            command: all,
            calendar: try time.calendar(),
            isRare: time.isRare,
            name: "backup",
            account: account,
            program: program
        ).files
    }

    // MARK: Times

    @Test(arguments: [
        ("hourly", "0 * * * *", "*-*-* *:00:00"), ("hourly :15", "15 * * * *", "*-*-* *:15:00"),
        ("daily 03:00", "0 3 * * *", "*-*-* 03:00:00"), ("Weekly Sun 23:59", "59 23 * * 0", "Sun *-*-* 23:59:00"),
        ("monthly 1 3:05", "5 3 1 * *", "*-*-01 03:05:00"),
    ])
    func aTimeIsWrittenForBoth(when: String, cron: String, calendar: String) throws {
        let time = try ScheduleTime(when)
        try #expect(time.cron() == cron)
        try #expect(time.calendar() == calendar)
    }

    @Test func theirOwnTimesAreForOneOfThem() throws {
        for fields in ["*/15 1-5,22 * jan-mar mon-fri", "0 3 * * 7"] {
            try #expect(ScheduleTime(fields).cron() == fields)
            #expect(throws: CommandError.self) { try ScheduleTime(fields).calendar() }
        }
        let calendar = try ScheduleTime("OnCalendar=Mon..Fri *-*-1/2 22:00 Europe/Berlin")
        try #expect(calendar.calendar() == "Mon..Fri *-*-1/2 22:00 Europe/Berlin")
        #expect(throws: CommandError.self) { try calendar.cron() }
    }

    @Test(arguments: [
        "", "daily", "daily 24:00", "daily 03:60", "daily 3", "daily 03:0", "hourly 15", "hourly :60", "weekly 03:00",
        "weekly funday 03:00", "monthly 29 03:00", "monthly 0 03:00", "60 * * * *", "0 24 * * *", "* * * * * *",
        "* * * *", "*/0 * * * *", "a * * * *", "@daily", "0 3 * * * root; x", "OnCalendar=", "OnCalendar=x\n[Service]",
        "OnCalendar=%h", "1,,2 * * * *", "１ * * * *",
    ])
    func anotherTimeIsRefused(_ when: String) {
        let error = #expect(throws: CommandError.self) { try ScheduleTime(when) }
        #expect(error?.code == .usage)
    }

    // MARK: Commands

    @Test(
        arguments: [
            ([], "there is no command"), (["bakup"], "no command bakup"),
            (["backup", "--jso"], "unknown option '--jso'"),
            (["backup", "--compress", "13"], "--compress must be between"),
            (["backup", "--help"], "nothing that a schedule"),
            (["schedule", "cron", "hourly", "--", "backup"], "nothing that a schedule"),
            (["migrate"], "nothing that a schedule"),
            (["backup", "--table", "a\nb"], "a control character"),
            (["backup", "--table", "a\u{85}b"], "a control character"),
            (["backup", "--ping", "https://hc-ping.com/x"], "the value of --ping is a secret"),
            (["backup", "--ping=https://hc-ping.com/x"], "the value of --ping is a secret"),
            (["drill", "--ping", "https://hc-ping.com/x"], "the value of --ping is a secret"),
            (["backup", "--database-url", "postgresql://a:hush@b/c"], "the value of --database-url is a secret"),
            (["backup", "--database-url=host=b password=hush"], "the value of --database-url is a secret"),
        ] as [([String], String)]
    )
    func aCommandThatCannotRunIsRefused(words: [String], reason: String) {
        let error = #expect(throws: CommandError.self) { try Self.command(words) }
        #expect(error?.code == .usage && error?.message.contains(reason) == true, "\(String(describing: error))")
        #expect(error.map { "\($0)\($0.hint ?? "")".contains("hush") } == false)
    }

    @Test func theNameOfACommandAndItsFoldersAreFound() throws {
        let prune = try Self.command(["backups", "prune", "--keep-last", "3", "--backups", "/srv/b"])
        #expect(prune.path == ["backups", "prune"])
        #expect(prune.writtenFolders(outside: "/var/lib/granary") == ["/srv/b"])
        let backup = try Self.command([
            "backup", "-o", "/srv/x/a.zip", "--metrics=/var/lib/node/g.prom", "--backups", "/var/lib/granary/backups",
        ])
        #expect(backup.writtenFolders(outside: "/var/lib/granary") == ["/srv/x", "/var/lib/node"])
        let drill = try Self.command([
            "drill", "--latest", "--report", "/srv/r/drill.md", "--metrics", "/srv/m/g.prom", "--on-failure", "alert",
        ])
        #expect(drill.path == ["drill"] && drill.writtenFolders(outside: "/x") == ["/srv/r", "/srv/m"])
        #expect(try Self.command(["backup", "--backups", "s3://a/b/"]).writtenFolders(outside: "/x") == [])
        #expect(try Self.command(["migrate", "status", "--check=exact"]).path == ["migrate", "status"])
    }

    // MARK: systemd

    private static let hasSystemd = shell("command -v systemd-analyze").status == 0

    @Test(
        .enabled(if: hasSystemd, "systemd-analyze is not installed (apt-get install systemd)"),
        arguments: ["daily 03:00", "hourly :15", "weekly sun 03:00", "monthly 1 03:00", "OnCalendar=Mon..Fri 22:00"]
    )
    func systemdAcceptsTheUnits(_ when: String) async throws {
        try await ScratchFolder.with { folder in
            let files = try Self.units(when)
            #expect(
                files.map(\.name) == [
                    "granary-backup.service", "granary-backup.timer", "granary-backup-failed.service",
                ]
            )
            for file in files { try folder.write(file.content, to: file.name) }
            let verified = await longShell("cd '\(folder.path)' && systemd-analyze verify *.service *.timer")
            #expect(verified.status == 0 && verified.output == "", "\(verified)")
        }
    }

    /// systemd names what it does not know and goes on, so that its silence alone proves little.
    @Test func aServiceIsTriedAgainOnlyWhenBusy() throws {
        let service = try #require(try Self.units("daily 03:00").first).content
        let final = try #require(service.firstMatch(of: #/(?m)^RestartPreventExitStatus=(.*)$/#)).output.1
        let codes = Set(final.split(separator: " ").compactMap { Int32($0) })
        #expect(codes == Set(ExitStatus.allCases.map(\.rawValue)).subtracting([0, 5]))
        for line in [
            "Type=oneshot", "Restart=on-failure", "OnFailure=granary-backup-failed.service", "TimeoutStartSec=infinity",
            "LoadCredential=pgpass:/etc/granary/pgpass", "RuntimeDirectoryMode=0700",
            "ExecStartPre=/usr/bin/install -m 0600 %d/pgpass %t/granary-backup/pgpass",
            "Environment=HOME=/var/lib/granary PGPASSFILE=%t/granary-backup/pgpass", "IOSchedulingClass=idle",
            "ProtectSystem=strict",
            "User=granary",
            #"ReadWritePaths="/srv/the \"%%\" backups""#,
        ] { #expect(service.split(separator: "\n").contains(Substring(line)), "\(line)\n\(service)") }
        try #expect(Self.units("daily 03:00")[1].content.contains("\nPersistent=true\n"))
        try #expect(Self.units("daily 03:00")[1].content.contains("\nRandomizedDelaySec=15min\n"))
    }

    @Test(arguments: [
        ("backup", "backup"), ("a-b_c.d/e:f,g=h", "a-b_c.d/e:f,g=h"), ("", #""""#), (";", #"";""#), ("100%", "100%%"),
        ("a$b", "a$$b"), ("$(x)", #""$$(x)""#), ("a b", #""a b""#), ("a\"b", #""a\"b""#), ("a\\x41", #""a\\x41""#),
        ("'", #""'""#), ("é", #""é""#), ("#", ##""#""##), ("@x", #""@x""#),
    ])
    func aWordForSystemdStaysOneWord(word: String, quoted: String) { #expect(SystemdUnits.word(word) == quoted) }

    // MARK: cron

    /// What cron gives to the shell, and what follows the first `%` as its standard input.
    ///
    /// Source: `do_command.c` of Debian's cron.
    private static func passedByCron(_ line: String) -> (command: String, hasInput: Bool) {
        var (command, isEscaped) = (String.UnicodeScalarView(), false)
        for scalar in line.unicodeScalars {
            if isEscaped {
                if scalar == "%" { command.removeLast() }
                command.append(scalar)
                isEscaped = false
                continue
            }
            if scalar == "%" { return (String(command), true) }
            isEscaped = scalar == "\\"
            command.append(scalar)
        }
        return (String(command), false)
    }

    @Test func aWordForCronStaysTheSame() async throws {
        let line = Self.hostile.map(CronLine.word).joined(separator: " ")
        let passed = Self.passedByCron(line)
        #expect(!passed.hasInput)
        let outcome = try await runCommand("/bin/sh", ["-c", "printf '%s\\n' \(passed.command)"])
        #expect(outcome.stdout == Self.hostile.map { $0 + "\n" }.joined())
    }

    /// The whole line, with a program that is busy twice.
    @Test func aLineForCronTriesAgainOnlyWhenBusy() async throws {
        try await ScratchFolder.with { folder in
            for (codes, runs) in [("5 5 0", 3), ("1 0", 1), ("3 0", 1), ("0", 1)] {
                let program = folder.file("program")
                try await writeScript(
                    """
                    #!/bin/sh
                    echo run >>'\(folder.path)/runs'
                    set -- \(codes)
                    shift $(($(wc -l <'\(folder.path)/runs') - 1))
                    exit $1
                    """,
                    to: program
                )
                let line = CronLine(
                    command: try Self.command(["backup", "--quiet"]),
                    fields: "0 3 * * *",
                    name: "backup",
                    account: "granary",
                    program: program
                )
                let content = try line.file().content
                let last = try #require(content.split(separator: "\n").last)
                #expect(last.hasPrefix("0 3 * * * granary cd /var/lib/granary && "))
                let passed = Self.passedByCron(String(last.dropFirst("0 3 * * * granary ".count)))
                let command = passed.command.replacing("/var/lib/granary", with: folder.path)
                    .replacing("/etc/granary/backup.env", with: "/dev/null").replacing("sleep 300", with: "sleep 0")
                let outcome = try await runCommand("/bin/sh", ["-c", command])
                #expect(outcome.status == codes.split(separator: " ").map { Int32($0) }[runs - 1], "\(outcome)")
                #expect(folder.read("runs").filter { $0 == 10 }.count == runs, "\(codes)")
                try await runCommand("/bin/rm", [folder.file("runs"), program])
            }
        }
    }

    @Test func aLineThatCronWouldCutIsRefused() throws {
        let tables = (0..<60).flatMap { ["--table", "a_long_name_of_a_table_\($0)"] }
        let line = CronLine(
            command: try Self.command(["backup"] + tables),
            fields: "0 3 * * *",
            name: "backup",
            account: "granary",
            program: "/usr/bin/granary"
        )
        #expect(throws: CommandError.self) { try line.file() }
    }

    // MARK: Kubernetes

    @Test func aWordForKubernetesStaysTheSame() throws {
        let job = CronJob(command: Self.all, fields: "0 3 * * *", name: "backup", image: "granary:1")
        let document = try YAMLText.read(job.file.content, path: "x")
        let spec = try #require(document["spec"])
        #expect(spec["concurrencyPolicy"]?.text == "Forbid" && spec["startingDeadlineSeconds"] != nil)
        let template = try #require(spec["jobTemplate"]?["spec"])
        let rule = try #require(template["podFailurePolicy"]?["rules"]?.elements?.first?["onExitCodes"])
        #expect(rule["operator"]?.text == "NotIn" && rule["values"]?.elements?.map(\.text) == ["5"])
        let arguments = try #require(template["template"]?["spec"]?["containers"]?.elements?.first?["args"]?.elements)
        #expect(arguments.map { Self.passedByKubernetes($0.text ?? "") } == Self.all.words)
    }

    @Test(
        arguments: [
            (["backup"], "/data/backups", []), (["backup", "--backups", "/srv/b/"], "/srv/b", []),
            (["backup", "--backups=dumps", "--output", "dumps/x.zip"], "/data/dumps", []),
            (["backup", "--backups", "s3://a/b/", "--metrics", "/tmp/m.prom"], "/data/backups", []),
            (
                ["backup", "--backups", "/srv/b", "--metrics", "/var/m.prom"], "/srv/b",
                ["nothing is mounted at /var, so --metrics cannot be written; mount a volume there"]
            ),
        ] as [([String], String, [String])]
    )
    func theVolumeOfAJobIsWhereTheBackupsGo(words: [String], folder: String, notes: [String]) throws {
        let command = try Self.command(words)
        let content = CronJob(command: command, fields: "0 3 * * *", name: "backup", image: "granary:1").file.content
        #expect(content.contains("mountPath: \"\(folder)\"\n"), "\(content)")
        #expect(CronJob.notes(command) == notes)
    }

    /// Source: `third_party/forked/golang/expansion` of Kubernetes, for variables that are not set.
    private static func passedByKubernetes(_ word: String) -> String {
        var (text, isOperator) = ("", false)
        for scalar in word.unicodeScalars {
            if isOperator {
                if scalar != "$" { Issue.record("\(word) begins a variable, or might") }
                isOperator = false
            } else {
                isOperator = scalar == "$"
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    // MARK: The command

    @Test func theCommandPrintsEachFileBelowItsPath() async throws {
        let words = ["schedule", "systemd", "daily 03:00", "--program", "/usr/bin/granary", "--name", "nightly"]
        let printed = try await runCommand(granaryBinary(), words + ["--", "backup", "--quiet"])
        #expect(printed.status == 0, "\(printed)")
        for file in ["granary-nightly.service", "granary-nightly.timer", "granary-nightly-failed.service"] {
            #expect(printed.stdout.contains("# /etc/systemd/system/\(file)\n"))
        }
        #expect(printed.stdout.contains("\nExecStart=/usr/bin/granary backup --quiet\n"))
        #expect(printed.stdout.contains("\nDynamicUser=yes\n"))
        let document = try await runCommand(granaryBinary(), words + ["--json", "--", "backup"])
        let lead = ##"{"files":[{"name":"granary-nightly.service","folder":"/etc/systemd/system","content":"# Then"##
        #expect(document.stdout.hasPrefix(lead), "\(document)")
        let refused = try await runCommand(granaryBinary(), words + ["--", "backup", "--ping", "https://secret/"])
        #expect(refused.status == 64 && !refused.stderr.contains("secret/"), "\(refused)")
    }
}
