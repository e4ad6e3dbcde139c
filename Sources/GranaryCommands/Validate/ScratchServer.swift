internal import Glibc
internal import LocalServer
internal import PostgresClient
internal import Storage

/// The server for scratch databases: the given one, the project's local one, or a new one.
struct ScratchServer: Sendable {
    var address: ServerAddress
    /// Whether it also has roles of other users.
    var isForeign: Bool

    /// Starts the server, passes it to `body`, and stops it if it was started for this.
    ///
    /// - Parameter url: `--scratch-url`.
    /// - Throws: `CommandError` for the server of the target database; `LocalServerError`, `PostgresError`, errors of
    ///   `body`.
    static func with<R>(
        url: String?,
        target: ConnectedDatabase?,
        postgresBin: String?,
        on console: Console,
        _ body: (ScratchServer) async throws -> R
    ) async throws -> R {
        if let url {
            let address = try ForeignParameters(url, origin: "--scratch-url").address
            let server = ScratchServer(address: address, isForeign: true)
            try await server.requireOther(than: target, on: console)
            try await server.requireRights(on: console)
            return try await body(server)
        }
        // A `.granary` folder would turn the local server into the project's database. Validating must not do that.
        let isProjects = LocalCluster.exists(project: ".")
        let project = try isProjects ? "." : folderAside(console.environment)
        let cluster = try LocalCluster.open(project: project, postgresBin: postgresBin, logger: console.logger)
        // The last command that uses this separate server stops it, even if an earlier command was killed.
        let use = isProjects ? nil : try await ServerUse.begin("\(project)/in-use.lock")
        let start = try await cluster.start()
        let server = ScratchServer(address: ServerAddress(start.url), isForeign: false)
        let mayStop = { use?.isLast ?? start.started }
        do {
            let result = try await body(server)
            if mayStop(), try await server.isIdle(on: console) { _ = try await cluster.stop() }
            return result
        } catch {
            let failure = error
            let stops = mayStop()
            // A cancelled task could not query the server.
            await Task {
                if stops, (try? await server.isIdle(on: console)) == true { _ = try? await cluster.stop() }
            }.value
            throw failure
        }
    }

    /// `~/.cache/granary/<digest of the project's folder>`, which is created if missing.
    private static func folderAside(_ variables: [String: String]) throws -> String {
        let project: String
        do {
            project = try Files.currentFolder()
        } catch {
            throw CommandError(.file, "the working folder cannot be read: \(error)")
        }
        return try Folders.cache(String(FNV1a.hash(of: project), radix: 16), variables)
    }

    /// Whether no other session is connected.
    private func isIdle(on console: Console) async throws -> Bool {
        try await withSession(address, logger: console.logger) { session in
            try session.query(
                """
                SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity
                    WHERE backend_type = 'client backend' AND pid <> pg_catalog.pg_backend_pid()) AS idle
                """
            )[0].bool("idle")
        }
    }

    /// Migrations may change objects of the whole server, such as roles. That must not happen on the target's server.
    private func requireOther(than target: ConnectedDatabase?, on console: Console) async throws {
        guard let target else { return }
        let (here, there) = (
            try await Self.identity(address, on: console), try await Self.identity(target.address, on: console)
        )
        guard here != there else {
            throw CommandError(
                .refused,
                "--scratch-url names the server of \(target.name), which is not used for tests",
                hint: "give another server, or omit --scratch-url to use a local one"
            )
        }
    }

    private func requireRights(on console: Console) async throws {
        let (role, may) = try await withSession(address, logger: console.logger) { session in
            let row = try session.query(
                "SELECT rolcreatedb OR rolsuper AS may FROM pg_catalog.pg_roles WHERE rolname = current_user"
            )[0]
            return (session.user, row.bool("may"))
        }
        guard may else {
            throw CommandError(
                .refused,
                "\(role) may not create databases on the server of --scratch-url",
                hint:
                    "ALTER ROLE \(QuotedText.name(role)) CREATEDB there, or leave --scratch-url out to use a local server"
            )
        }
    }

    /// No two servers were started in the same microsecond with the same port and location.
    private static func identity(_ address: ServerAddress, on console: Console) async throws -> String {
        try await withSession(address, logger: console.logger) { session in
            try session.query(
                "SELECT pg_catalog.concat_ws(' ', pg_catalog.pg_postmaster_start_time(), pg_catalog.current_setting('port')) AS identity"
            )[0].text("identity")
        }
    }
}
