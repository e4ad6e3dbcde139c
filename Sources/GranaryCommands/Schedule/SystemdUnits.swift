/// A service and a timer of systemd, and the unit that a failure starts.
///
/// Source: `systemd.service(5)`, `systemd.exec(5)`, `systemd.timer(5)`.
struct SystemdUnits: Sendable {
    let command: ScheduledCommand
    let calendar: String
    /// Whether a day lies between two runs at least.
    let isRare: Bool
    /// The units' name, without `granary-` and ending.
    let name: String
    /// nil for an account that exists only while the unit runs.
    let account: String?
    let program: String

    private static let folder = "/etc/systemd/system"
    private static let home = "/var/lib/granary"
    private var unit: String { "granary-\(name)" }

    var files: [ScheduleFile] {
        [("service", service), ("timer", timer)].map {
            ScheduleFile(name: "\(unit).\($0)", folder: Self.folder, content: $1)
        } + [ScheduleFile(name: "\(unit)-failed.service", folder: Self.folder, content: failure)]
    }

    private var written: [String] { command.writtenFolders(outside: Self.home) }

    private var service: String {
        """
        # Then: systemctl daemon-reload && systemctl enable --now \(unit).timer
        [Unit]
        Description=granary \(Self.literal(command.path.joined(separator: " ")))
        Wants=network-online.target
        After=network-online.target
        OnFailure=\(unit)-failed.service
        \(tries)

        [Service]
        Type=oneshot
        \(owner)
        # DATABASE_URL=… without a password, GRANARY_ENV=production, GRANARY_PING=…; owned by root, mode 0600.
        EnvironmentFile=/etc/granary/\(name).env
        # Lines of host:port:database:user:password; owned by root, mode 0600. Without a password delete both lines.
        LoadCredential=pgpass:/etc/granary/pgpass
        ExecStartPre=/usr/bin/install -m 0600 %d/pgpass %t/\(unit)/pgpass
        # libpq ignores a file that a group can read. Newer systemd gives the credential to the account in this way.
        RuntimeDirectory=\(unit)
        RuntimeDirectoryMode=0700
        Environment=HOME=\(Self.home) PGPASSFILE=%t/\(unit)/pgpass
        ExecStart=\(([program] + command.words).map(Self.word).joined(separator: " "))
        TimeoutStartSec=infinity
        # Exit code 5 means busy. After every other one, trying again does not help.
        Restart=on-failure
        RestartPreventExitStatus=\(Self.finalEndings)
        RestartSec=\(isRare ? "5min" : "1min")
        Nice=10
        IOSchedulingClass=idle
        NoNewPrivileges=yes
        PrivateTmp=yes
        ProtectHome=\(written.contains(where: Self.isHome) ? "no" : "yes")
        ProtectSystem=strict
        \(writable)
        """
    }

    /// RestartForceExitStatus= alone would say it better, but systemd before 254 refuses it for a service of this type.
    private static let finalEndings: String = {
        let codes = ExitStatus.allCases.filter { $0 != .done && $0 != .busy }.map { "\($0.rawValue)" }
        let signals = ["ABRT", "BUS", "FPE", "ILL", "KILL", "SEGV", "SYS", "TRAP", "XCPU"].map { "SIG\($0)" }
        // No such program, no password file, no folder.
        return (codes + signals + ["CHDIR", "CREDENTIALS", "EXEC", "NAMESPACE"]).joined(separator: " ")
    }()

    /// Every start counts, so that few may be allowed only if few are usual.
    private var tries: String {
        isRare
            ? "StartLimitIntervalSec=2h\nStartLimitBurst=6"
            : "StartLimitIntervalSec=20min\nStartLimitBurst=6"
    }

    private var owner: String {
        let state = "StateDirectory=granary\nStateDirectoryMode=0700\nWorkingDirectory=\(Self.home)"
        if let account { return "User=\(account)\n\(state)" }
        guard written.isEmpty else {
            return "# The account must exist, and own the folders in ReadWritePaths=.\nUser=granary\n\(state)"
        }
        return "DynamicUser=yes\n\(state)"
    }

    private var writable: String {
        guard !written.isEmpty else { return "# Nothing but \(Self.home) is written.\n" }
        return "ReadWritePaths=\(written.map { Self.quoted(Self.literal($0)) }.joined(separator: " "))\n"
    }

    private var timer: String {
        """
        [Unit]
        Description=When granary \(Self.literal(command.path.joined(separator: " "))) runs

        [Timer]
        OnCalendar=\(calendar)
        RandomizedDelaySec=\(isRare ? "15min" : "1min")
        # A run for which the machine was off is made up for.
        Persistent=true

        [Install]
        WantedBy=timers.target

        """
    }

    private var failure: String {
        """
        [Unit]
        Description=What happens after a failure of \(unit).service

        [Service]
        Type=oneshot
        # Put the command here that alerts you.
        ExecStart=/bin/sh -c 'echo "\(unit).service has failed: see journalctl -u \(unit).service" >&2'
        SyslogLevel=err

        """
    }

    private static func isHome(_ path: String) -> Bool {
        ["/home", "/root", "/run/user"].contains { path == $0 || path.hasPrefix("\($0)/") }
    }

    // MARK: Quoting

    /// `%` would begin a specifier.
    private static func literal(_ text: String) -> String { text.replacing("%", with: "%%") }

    /// One word of a command line, in which `$` would begin a variable.
    static func word(_ word: String) -> String { quoted(literal(word).replacing("$", with: "$$")) }

    private static func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy { byte in
            UnicodeScalar(byte).properties.isAlphabetic && byte < 0x80 || "0123456789-_./:=,@%$+".utf8.contains(byte)
        }
        // An equals sign is plain only within a word, and an at sign.
        if isPlain, let first = word.utf8.first, !"=@+:".utf8.contains(first) { return word }
        return "\"\(word.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
    }
}
