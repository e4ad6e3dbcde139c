package import Glibc

/// The account of the operating system that a server runs as, and the account that may connect to it.
///
/// PostgreSQL refuses to run as root, so root's server runs as `postgres`, the account that all its packages create.
package struct ServerAccount: Sendable, Equatable {
    package let name: String
    package let userID: uid_t
    package let groupID: gid_t
    /// The calling account: the server's own, or root.
    package let caller: String
    /// Whether the server's programs must be started under another account than the current one.
    package var isSwitched: Bool { userID != geteuid() }

    /// - Throws: `LocalServerError` with `.account`.
    package static func forCaller() throws -> ServerAccount {
        let me = geteuid()
        guard let caller = entry(userID: me) else {
            throw LocalServerError(
                .account,
                "the user id \(me) has no account on this machine, and PostgreSQL does not run without one",
                hint: "add an account for it, or give --database-url"
            )
        }
        guard me == 0 else {
            return ServerAccount(name: caller.name, userID: me, groupID: caller.groupID, caller: caller.name)
        }
        guard let postgres = entry(name: "postgres") else {
            throw LocalServerError(
                .account,
                "PostgreSQL does not run as root, and there is no account named postgres that it could run as",
                hint: "`make deps` installs PostgreSQL with that account, or run granary as an ordinary user"
            )
        }
        return ServerAccount(
            name: postgres.name,
            userID: postgres.userID,
            groupID: postgres.groupID,
            caller: caller.name
        )
    }

    package struct Entry: Sendable {
        package let name: String
        package let userID: uid_t
        package let groupID: gid_t
    }

    package static func entry(userID: uid_t) -> Entry? {
        lookup { entry, buffer, size, found in getpwuid_r(userID, entry, buffer, size, found) }
    }

    package static func entry(name: String) -> Entry? {
        lookup { entry, buffer, size, found in getpwnam_r(name, entry, buffer, size, found) }
    }

    private static func lookup(
        _ call: (
            UnsafeMutablePointer<passwd>, UnsafeMutablePointer<CChar>, Int,
            UnsafeMutablePointer<UnsafeMutablePointer<passwd>?>
        ) -> Int32
    ) -> Entry? {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16_384) { buffer in
            guard let base = buffer.baseAddress, call(&entry, base, buffer.count, &found) == 0, found != nil,
                let name = entry.pw_name
            else { return nil }
            return Entry(name: String(cString: name), userID: entry.pw_uid, groupID: entry.pw_gid)
        }
    }
}
