import Glibc

/// The text of the local server's configuration files.
enum ClusterSettings {
    static let superuser = "granary"

    /// `granary.conf`, which `postgresql.conf` includes last. It is written at each start, because the socket may move.
    ///
    /// - Parameters:
    ///   - compression: A value of `wal_compression` that this server supports.
    ///   - socket: The folder of its only socket.
    static func configuration(socket: String, compression: String, sharedMemory: String) -> String {
        // A restore loads into new tables: without WAL for them, and with room for the WAL of indexes.
        """
        # Written by granary at each start. Settings of your own: ALTER SYSTEM SET, which wins over this file.
        listen_addresses = ''
        port = \(ClusterPlace.port)
        unix_socket_directories = \(quoted("\"\(socket)\""))
        unix_socket_permissions = 0700
        max_connections = 100
        max_locks_per_transaction = 256
        shared_buffers = 256MB
        dynamic_shared_memory_type = \(sharedMemory)
        search_path = public
        wal_level = minimal
        max_wal_senders = 0
        max_wal_size = 4GB
        wal_compression = \(compression)
        logging_collector = off
        log_destination = stderr
        log_line_prefix = '%m [%p] %q%u@%d '

        """
    }

    /// `pg_hba.conf`: the superuser by the account of the operating system, other roles by password. Other accounts
    /// cannot enter the socket's folder anyway.
    static let hostAuthentication = """
        # Written by granary. TYPE DATABASE USER METHOD
        local all \(superuser) peer map=granary
        local all all scram-sha-256

        """

    /// `pg_ident.conf`: the only account that is the superuser.
    static func identities(caller: String) -> String {
        """
        # Written by granary. MAPNAME SYSTEM-USERNAME PG-USERNAME
        granary "\(caller.replacing("\"", with: "\"\""))" \(superuser)

        """
    }

    /// Containers often have only 64 MB in `/dev/shm`, too little for a parallel index build.
    static var sharedMemoryType: String {
        var info = statvfs()
        guard statvfs("/dev/shm", &info) == 0 else { return "mmap" }
        return Int(info.f_frsize) * Int(info.f_blocks) >= 256 << 20 ? "posix" : "mmap"
    }

    private static func quoted(_ value: String) -> String {
        "'\(value.replacing("\\", with: "\\\\").replacing("'", with: "''"))'"
    }
}
