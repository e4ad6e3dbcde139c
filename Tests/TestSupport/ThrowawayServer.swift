import FoundationEssentials
package import Glibc
package import LocalServer
package import Logging
import PostgresClient
import Synchronization

/// A real PostgreSQL for tests, in a temporary folder: fast, without protection against power cuts, and removed with
/// the test process.
///
/// One server serves a whole test process (`shared`). Tests that kill it, fill its disk or need other settings `start`
/// their own. Every test gets its own database from `withDatabase`. The superuser is `granary`; every role may connect
/// without a password, because no other account can enter the folder.
package final class ThrowawayServer: Sendable {
    package static let superuser = "granary"

    package let folder: String
    package let installation: PostgresInstallation
    package let account: ServerAccount
    package let watch: ServerWatch
    /// The size of a disk that only this server sees, empty at each start.
    private let diskBytes: Int?
    package var data: String { "\(folder)/data" }
    package var log: String { "\(folder)/server.log" }
    package var major: Int { installation.major }
    /// The folder of its programs.
    package var programs: String { installation.folder }

    private static let sharedServer = Task { try await start() }
    private static let names = Atomic<Int>(0)

    /// The server of this test process. The first caller starts it.
    package static func shared() async throws -> ThrowawayServer { try await sharedServer.value }

    /// Starts a separate server.
    ///
    /// - Parameters:
    ///   - options: Settings of `postgresql.conf`, in addition to those for tests.
    ///   - postgresBin: The folder of the programs, to test another version.
    ///   - parent: Where its folder is created; its path must be short.
    ///   - diskBytes: The size of its own disk (`disk`), for tablespaces that shall become full.
    package static func start(
        options: [String: String] = [:],
        postgresBin: String? = nil,
        parent: String = serverParent,
        diskBytes: Int? = nil
    ) async throws -> ThrowawayServer {
        let installation = try await PostgresInstallation.find(.init(explicitFolder: postgresBin))
        let account = try ServerAccount.forCaller()
        let folder = try makeTemporaryFolder("granary-test", in: parent)
        if account.isSwitched { lchown(folder, account.userID, account.groupID) }
        let server = ThrowawayServer(
            folder: folder,
            installation: installation,
            account: account,
            watch: try ServerWatch(data: "\(folder)/data", deleting: [folder]),
            diskBytes: diskBytes
        )
        try await server.initialize(options)
        try await server.restart()
        return server
    }

    /// Starts a hot standby of this server, made by pg_basebackup.
    package func startStandby(options: [String: String] = [:]) async throws -> ThrowawayServer {
        let folder = try makeTemporaryFolder("granary-test", in: serverParent)
        if account.isSwitched { lchown(folder, account.userID, account.groupID) }
        let standby = ThrowawayServer(
            folder: folder,
            installation: installation,
            account: account,
            watch: try ServerWatch(data: "\(folder)/data", deleting: [folder]),
            diskBytes: nil
        )
        let copied = try await Program(as: account).run(
            installation.program("pg_basebackup"),
            [
                "--pgdata", standby.data, "--write-recovery-conf", "--checkpoint=fast", "--no-sync", "--dbname",
                url(database: "postgres"),
            ]
        )
        guard copied.succeeded else { throw CommandFailure(description: "pg_basebackup: \(copied.errors)") }
        try await standby.set(options.merging(["unix_socket_directories": folder]) { mine, _ in mine })
        try await standby.restart()
        return standby
    }

    private init(
        folder: String,
        installation: PostgresInstallation,
        account: ServerAccount,
        watch: ServerWatch,
        diskBytes: Int?
    ) {
        self.diskBytes = diskBytes
        self.folder = folder
        self.installation = installation
        self.account = account
        self.watch = watch
    }

    // MARK: Its life

    private func initialize(_ options: [String: String]) async throws {
        let made = try await Program(as: account).run(
            installation.program("initdb"),
            [
                "-D", data, "--username", Self.superuser, "--locale=C.UTF-8", "--encoding=UTF8", "--auth=trust",
                "--no-sync",
            ]
        )
        guard made.succeeded else { throw CommandFailure(description: "initdb: \(made.errors)") }
        var settings = [
            "listen_addresses": "", "unix_socket_directories": folder, "port": "5432", "max_connections": "500",
            "fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "shared_buffers": "128MB",
            "log_line_prefix": "%m [%p] %q%u@%d ",
        ]
        settings.merge(options) { $1 }
        try await set(settings)
    }

    /// Appends to `postgresql.conf`, where the last value counts.
    private func set(_ settings: [String: String]) async throws {
        let lines = settings.map { "\($0) = '\($1.replacing("'", with: "''"))'\n" }.sorted().joined()
        let written = try await Program(as: account).run(
            "/bin/sh",
            ["-c", "cat >>\"$1\"", "sh", "\(data)/postgresql.conf"],
            input: lines
        )
        guard written.succeeded else { throw CommandFailure(description: "postgresql.conf: \(written.errors)") }
    }

    /// Starts it again after `kill` or `crash`.
    package func restart() async throws {
        let words = ["start", "-s", "-w", "-t", "120", "-D", data, "-l", log]
        let started =
            if let diskBytes {
                try await runOnOwnDisk(bytes: diskBytes, [installation.program("pg_ctl")] + words)
            } else {
                try await Program(as: account).run(installation.program("pg_ctl"), words)
            }
        guard started.succeeded else {
            throw CommandFailure(
                description: "pg_ctl: \(started.errors)\n\(String(decoding: readFile(log).suffix(4096), as: UTF8.self))"
            )
        }
    }

    /// Like `pg_ctl stop -m immediate`: sessions end without a message, and the next start has to recover.
    package func crash() async throws {
        let stopped = try await Program(as: account).run(
            installation.program("pg_ctl"),
            ["stop", "-s", "-m", "immediate", "-D", data]
        )
        guard stopped.succeeded else { throw CommandFailure(description: "pg_ctl: \(stopped.errors)") }
    }

    package var hasDisk: Bool { diskBytes != nil }

    /// The server's own small disk, as the server names it.
    package var disk: String { "\(folder)/disk" }

    /// The same folder seen from outside while the server runs: it is mounted only for the server.
    package var diskFromOutside: String { "/proc/\(processID ?? 0)/root\(disk)" }

    /// Runs a program and its children with a tmpfs in their own mount namespace, so nothing needs to be unmounted.
    ///
    /// A user other than root becomes root in its own namespace for the mount, and then itself again, because
    /// PostgreSQL does not start as root.
    private func runOnOwnDisk(bytes: Int, _ words: [String]) async throws -> Program.Outcome {
        let isRoot = geteuid() == 0
        let (user, group) = isRoot ? (account.userID, account.groupID) : (0, 0)
        let becomeRoot = isRoot ? [] : ["--user", "--map-root-user"]
        let becomeServer =
            isRoot
            ? "setpriv --reuid=\(account.userID) --regid=\(account.groupID) --clear-groups --"
            : "unshare --user --map-user=\(account.userID) --map-group=\(account.groupID) --"
        let script = """
            mkdir -p "$0" && mount -t tmpfs -o size=\(bytes),mode=700,uid=\(user),gid=\(group) tmpfs "$0" &&
            exec \(becomeServer) "$@"
            """
        return try await Program().run("/usr/bin/unshare", becomeRoot + ["--mount", "sh", "-c", script, disk] + words)
    }

    /// The postmaster, while it lives.
    package var processID: pid_t? {
        let text = String(decoding: readFile("\(data)/postmaster.pid"), as: UTF8.self)
        return text.split(separator: "\n").first.flatMap { pid_t($0) }
    }

    /// Kills the postmaster with SIGKILL, as a power cut would, and waits until its children have ended.
    package func kill() async throws {
        guard let processID else { return }
        Glibc.kill(processID, SIGKILL)
        while isInUse { try await Task.sleep(for: .milliseconds(10)) }
        // Until its status is collected, the dead process's number still exists, and would prevent `restart`.
        unlink("\(data)/postmaster.pid")
        unlink("\(folder)/.s.PGSQL.5432.lock")
    }

    /// Whether any process works in the data folder, as all of PostgreSQL's do.
    private var isInUse: Bool {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return processes.contains { process in
            guard let number = pid_t(process), let folder = realpath("/proc/\(number)/cwd", nil) else { return false }
            defer { free(folder) }
            return String(cString: folder) == data
        }
    }

    /// Stops it and deletes its folder.
    package func stop() async throws { try await watch.release() }

    /// One of PostgreSQL's own programs, such as pgbench.
    package func program(_ name: String) -> String { installation.program(name) }

    // MARK: Its databases

    /// - Parameter database: Any name; it is percent-encoded where necessary.
    package func url(database: String) -> String {
        let name = database.utf8.map { byte in
            byte < 0x80 && (Character(Unicode.Scalar(byte)).isLetter || Character(Unicode.Scalar(byte)).isNumber)
                || byte == UInt8(ascii: "_")
                ? String(Unicode.Scalar(byte)) : "%" + String(UInt(byte) + 0x100, radix: 16).dropFirst()
        }.joined()
        return "postgresql:///\(name)?host=\(folder)&port=5432&user=\(Self.superuser)"
    }

    /// Creates a database, passes it to `body`, and drops it.
    ///
    /// - Parameters:
    ///   - name: Generated and unique unless given; any name is possible.
    ///   - options: Further options of `CREATE DATABASE`, such as `ENCODING 'SQL_ASCII' LC_COLLATE 'C'`.
    package func withDatabase<R>(
        _ name: String? = nil,
        template: String = "template0",
        options: String = "",
        _ body: (_ url: String) async throws -> R
    ) async throws -> R {
        let name = name ?? "test_\(Self.names.wrappingAdd(1, ordering: .relaxed).newValue)"
        // Copying the files takes less time than writing them to the log.
        let strategy = major >= 15 ? "STRATEGY file_copy" : ""
        try await execute("CREATE DATABASE \(QuotedText.name(name)) TEMPLATE \"\(template)\" \(strategy) \(options)")
        let result: R
        do {
            result = try await body(url(database: name))
        } catch {
            // The test's error is more important; the server may have been killed by the test.
            try? await execute("DROP DATABASE IF EXISTS \(QuotedText.name(name)) WITH (FORCE)")
            throw error
        }
        try await execute("DROP DATABASE IF EXISTS \(QuotedText.name(name)) WITH (FORCE)")
        return result
    }

    /// Runs one statement in the database `postgres`.
    package func execute(_ sql: String) async throws {
        try await withSession(ServerAddress(url(database: "postgres")), logger: quietLogger) { session in
            try session.execute(sql)
        }
    }
}

/// A logger without output.
package let quietLogger = Logger(label: "granary.tests") { _ in SwiftLogNoOpLogHandler() }
