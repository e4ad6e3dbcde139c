internal import Glibc
internal import Logging
internal import PostgresClient
internal import Synchronization

/// pg_dump, which describes the schema in the backup's snapshot, because it supports every kind of object in every
/// version.
struct PgDump: Sendable {
    let path: String
    let major: Int

    /// The lowest major version that is not older than the server's. Older versions refuse the server; newer ones write
    /// settings that older servers do not know.
    ///
    /// - Throws: `BackupError.pgDump` if none is suitable.
    static func find(serverVersion: Int, folder: String?) async throws -> PgDump {
        let wanted = serverVersion / 10000
        // Tables are locked at this time, so a repeated attempt must not query the version of every program again.
        if let known = known.withLock({ $0["\(wanted) \(folder ?? "")"] }) { return known }
        var found: [PgDump] = []
        var failures: [BackupError] = []
        for path in candidates(folder) where access(path, X_OK) == 0 {
            do {
                let program = PgDump(path: path, major: try await major(of: path))
                found.append(program)
                // No other fits better. Debian's in PATH, which comes last, is a script that starts slowly.
                if program.major == wanted { break }
            } catch let error as BackupError {
                failures.append(error)
            }
        }
        let fitting = found.filter { $0.major >= wanted }.min { $0.major < $1.major }
        guard let fitting else {
            let have = Set(found.map { String($0.major) }).sorted().joined(separator: ", ")
            let details = ((have.isEmpty ? [] : ["only \(have)"]) + failures.map(\.message)).joined(separator: "; ")
            throw BackupError(
                .pgDump,
                "no pg_dump of PostgreSQL \(wanted) or newer was found" + (details.isEmpty ? "" : " (\(details))"),
                hint: failures.compactMap(\.hint).first
                    ?? "install postgresql-client-\(wanted), or name its folder with --postgres-bin"
            )
        }
        known.withLock { $0["\(wanted) \(folder ?? "")"] = fitting }
        return fitting
    }

    /// By the server's version and the folder.
    private static let known = Mutex<[String: PgDump]>([:])

    private static func candidates(_ folder: String?) -> [String] {
        if let folder { return ["\(folder)/pg_dump"] }
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        let versioned = (12...24).flatMap { ["/usr/lib/postgresql/\($0)/bin", "/usr/pgsql-\($0)/bin"] }
        return (versioned + path.split(separator: ":").map(String.init)).map { "\($0)/pg_dump" }
    }

    /// - Throws: `BackupError.pgDump` if the program cannot be run or does not print its version in pg_dump's form.
    private static func major(of path: String) async throws -> Int {
        let outcome = try await ChildProcess(path: path, arguments: ["--version"], outputBytesMax: 1 << 20).run()
        if let error = BackupError(path, outcome.ending) { throw error }
        // pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)
        let words = String(decoding: outcome.output, as: UTF8.self).split(separator: " ")
        guard outcome.isSuccess, words.count >= 3, words[0] == "pg_dump",
            let major = Int(words[2].prefix { $0.isNumber })
        else {
            let reason = outcome.errors.split(separator: "\n").first.map { ": \($0)" } ?? ""
            throw BackupError(.pgDump, "\(path) --version does not print a version of pg_dump\(reason)")
        }
        return major
    }
}

// Running pg_dump.
extension PgDump {
    /// The schema in pg_dump's custom format: a table of contents without data.
    ///
    /// - Throws: `BackupError.busy` if it could not get a lock, `.pgDump` for any other error.
    func schema(_ snapshot: ExportedSnapshot, _ options: BackupOptions) async throws -> [UInt8] {
        let outcome = try await ChildProcess(
            path: path,
            arguments: arguments(snapshot, options),
            codec: snapshot.codec,
            names: snapshot.catalog.part?.arguments ?? snapshot.catalog.exclusion?.arguments ?? [],
            variables: ["PGPASSWORD": snapshot.password, "PGOPTIONS": nil, "LC_MESSAGES": "C"]
        ).run()
        if let failure = BackupError("pg_dump", outcome.ending) { throw failure }
        guard outcome.isSuccess else { throw failure(outcome.errors) }
        return outcome.output
    }

    private func arguments(_ snapshot: ExportedSnapshot, _ options: BackupOptions) -> [String] {
        let encoding = snapshot.codec == .bytes ? "SQL_ASCII" : "UTF8"
        return [
            "--format=custom", "--create", "--section=pre-data", "--section=post-data", "--no-blobs", "--compress=0",
            "--snapshot=\(snapshot.name)", "--lock-wait-timeout=\(lockWait(snapshot, options))",
            "--encoding=\(encoding)", "--no-password", "--dbname=\(conninfo(snapshot))",
        ]
    }

    /// The leader already holds the locks. So if pg_dump waits for a lock, it waits behind another session that waits
    /// for the leader, and the application waits behind both. Therefore pg_dump gives up soon, the leader releases its
    /// locks, and the backup starts again.
    private func lockWait(_ snapshot: ExportedSnapshot, _ options: BackupOptions) -> Int {
        let limit = max(1, options.lockTimeout.milliseconds)
        return snapshot.locking == .everyTable ? min(limit, 2_000) : limit
    }

    /// The leader's parameters without the password, because everyone can read a command line.
    private func conninfo(_ snapshot: ExportedSnapshot) -> String {
        let parameters = snapshot.parameters.filter { $0.keyword != "sslpassword" }
        return (parameters + [ServerAddress.Parameter("application_name", "granary")])
            .map { "\($0.keyword)=\(QuotedText.connectionValue($0.value))" }
            .joined(separator: " ")
    }

    private func failure(_ errors: String) -> BackupError {
        let lines = errors.split(whereSeparator: \.isNewline)
        let line = lines.first { $0.contains("error:") } ?? lines.first ?? "it gave no reason"
        let reason = line.firstRange(of: "error: ").map { String(line[$0.upperBound...]) } ?? String(line)
        if errors.contains("lock timeout")
            // pg_dump applies --lock-wait-timeout to the statement that locks.
            || errors.contains("statement timeout") || errors.contains("could not obtain lock")
        {
            return BackupError(.busy, "pg_dump could not lock a table: \(reason)", hint: "try again")
        }
        // pg_dump reads its lists in the snapshot, but the server builds definitions from the present state.
        let signs = [
            "cache lookup failed", "could not open relation with OID", "does not exist", "could not find tuple",
        ]
        if signs.contains(where: reason.contains) {
            return BackupError(
                .changing,
                "something was dropped while pg_dump described the schema: \(reason)",
                hint: "run the backup while no migration runs"
            )
        }
        if reason.contains("out of shared memory") {
            return BackupError(
                .pgDump,
                "pg_dump locks every table, but the server's lock table is too small: \(reason)",
                hint: "raise max_locks_per_transaction and restart the server"
            )
        }
        if reason.contains("permission denied") {
            return BackupError(
                .rights,
                "pg_dump: \(reason)",
                hint: "back up as the owner, or as a member of pg_read_all_data"
            )
        }
        return BackupError(.pgDump, "pg_dump: \(reason)", hint: "run \(path) by hand for details")
    }
}
