import Glibc
internal import Storage

/// A postmaster that works on a data folder, found through its `postmaster.pid`.
///
/// The file survives a power cut, and its number may then belong to any process. So the number counts only if that
/// process is a PostgreSQL working in this folder. See "Postmaster's PID file" in PostgreSQL's `miscinit.c`.
struct ServerProcess: Sendable, Equatable {
    let processID: pid_t
    let started: Int
    /// The folder of its socket at its start.
    let socket: String
    /// Whether it has finished starting.
    let isReady: Bool

    /// nil if no such process lives.
    static func find(data: String) -> ServerProcess? {
        guard let text = try? Files.text(of: "\(data)/postmaster.pid") else { return nil }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 3, let processID = pid_t(lines[0]), processID > 0, isServer(processID, of: data)
        else { return nil }
        return ServerProcess(
            processID: processID,
            started: Int(lines[2]) ?? 0,
            socket: lines.count > 4 ? String(lines[4]) : "",
            isReady: lines.count > 7 && lines[7].hasPrefix("ready")
        )
    }

    private static func isServer(_ processID: pid_t, of data: String) -> Bool {
        let name = (try? Files.text(of: "/proc/\(processID)/comm")).map { $0.prefix { $0 != "\n" } }
        guard name == "postgres" || name == "postmaster" else { return false }
        var folder = stat()
        var working = stat()
        guard stat(data, &folder) == 0 else { return false }
        // The postmaster's working directory is its data folder, also after the project has moved.
        if stat("/proc/\(processID)/cwd", &working) == 0 {
            return working.st_dev == folder.st_dev && working.st_ino == folder.st_ino
        }
        // Root without CAP_SYS_PTRACE, as in a container, can only read its command line.
        guard errno == EACCES || errno == EPERM else { return false }
        let arguments = ((try? Files.text(of: "/proc/\(processID)/cmdline")) ?? "").split(separator: "\0")
        return arguments.contains { Files.resolved(String($0)) == Files.resolved(data) }
    }

    /// SIGINT is the fast shutdown: sessions are ended, and a checkpoint is written.
    func requestFastShutdown() { kill(processID, SIGINT) }

    /// SIGQUIT is the immediate shutdown: no checkpoint is written.
    func requestImmediateShutdown() { kill(processID, SIGQUIT) }
}
