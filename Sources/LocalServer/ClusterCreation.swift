import Glibc
internal import Logging
internal import Storage

/// Creates the cluster: runs initdb in a temporary folder, completes the folder, and then renames it.
struct ClusterCreation {
    let place: ClusterPlace
    let account: ServerAccount
    let installation: PostgresInstallation
    let logger: Logger

    /// The caller must hold the command lock.
    ///
    /// - Throws: `LocalServerError`.
    func run() async throws {
        let partial = "\(place.data).partial"
        logger.notice("making a local PostgreSQL \(installation.version) server in \(place.data)")
        try makeFolders()
        try await remove(partial)  // Left by a run that was interrupted.
        do {
            try await initialize(partial)
            try await write(ClusterSettings.hostAuthentication, to: "\(partial)/pg_hba.conf")
            try await write(ClusterSettings.identities(caller: account.caller), to: "\(partial)/pg_ident.conf")
            try await write("\ninclude_if_exists 'granary.conf'\n", to: "\(partial)/postgresql.conf", append: true)
        } catch {
            // The first error is the one to report. The next run removes what remains.
            try? await remove(partial)
            throw error
        }
        guard rename(partial, place.data) == 0 else {
            throw LocalServerError.cannot("give its final name to", partial)
        }
        try? Files.syncFolder(place.dataParent)
    }

    private func makeFolders() throws {
        if account.isSwitched {
            // The parent folder belongs to root and can be entered by all accounts. The clusters in it are closed to
            // others.
            let shared = String(place.dataParent[..<(place.dataParent.lastIndex(of: "/") ?? place.data.endIndex)])
            if mkdir(shared, 0o755) == 0 {
                chmod(shared, 0o755)
            } else if errno != EEXIST {
                throw LocalServerError.cannot("make the folder", shared)
            }
        }
        try PrivateFolder.make(place.dataParent, owner: account.userID, group: account.groupID)
    }

    private func initialize(_ folder: String) async throws {
        let outcome = try await Program(as: account).run(
            installation.program("initdb"),
            [
                "-D", folder, "--username", ClusterSettings.superuser, "--locale=C.UTF-8", "--encoding=UTF8",
                "--auth-local=peer", "--auth-host=reject",
            ]
        )
        guard outcome.succeeded else {
            throw LocalServerError(
                .creation,
                "initdb could not make the local server in \(place.data): \(outcome.lastLine)",
                hint: account.isSwitched ? "it ran as the account \(account.name)" : nil
            )
        }
    }

    private func remove(_ folder: String) async throws {
        guard Files.exists(folder) else { return }
        let outcome = try await Program(as: account).run("/bin/rm", ["-rf", "--", folder])
        guard outcome.succeeded else {
            throw LocalServerError(.folder, "cannot remove \(folder): \(outcome.lastLine)")
        }
    }

    /// As root, this runs under the server's account: in a folder of another account a link could mislead root.
    func write(_ text: String, to path: String, append: Bool = false) async throws {
        let outcome = try await Program(as: account).run(
            "/bin/sh",
            ["-c", append ? "cat >>\"$1\"" : "umask 077; cat >\"$1.partial\" && mv \"$1.partial\" \"$1\"", "sh", path],
            input: text
        )
        guard outcome.succeeded else {
            throw LocalServerError(.folder, "cannot write \(path): \(outcome.lastLine)")
        }
    }
}
