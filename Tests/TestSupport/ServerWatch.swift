package import Glibc
import Synchronization

/// A small shell process that stops a server and deletes its folder, when it is released or when the test process has
/// died.
///
/// It reads from a socket whose other end only the test process has, so a crash closes it just as `release` does. A
/// crashed test process runs neither `atexit` nor `deinit`, and its servers would stay forever.
package final class ServerWatch: Sendable {
    private struct State {
        var descriptor: Int32
        var helper: pid_t
    }

    private let state: Mutex<State>

    /// The watching process.
    package let helper: pid_t

    /// - Parameters:
    ///   - data: The data folder of the server.
    ///   - folders: Deleted after the server has ended.
    package init(data: String, deleting folders: [String]) throws {
        var ends: [Int32] = [-1, -1]
        // Closed on exec from the beginning: no other child may hold this end open after the test process has died.
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw CommandFailure(description: "socketpair: \(String(cString: strerror(errno)))")
        }
        defer { close(ends[1]) }
        helper = try Self.spawn(
            ["/bin/sh", "-c", Self.script, "granary-test-watch", data] + folders,
            standardInput: ends[1]
        )
        state = Mutex(State(descriptor: ends[0], helper: helper))
    }

    deinit { closeOurEnd() }

    /// Stops the server and deletes the folders, and waits for both.
    package func release() async throws {
        closeOurEnd()
        while kill(helper, 0) == 0 {
            var status: Int32 = 0
            if waitpid(helper, &status, WNOHANG) != 0 { return }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    private func closeOurEnd() {
        state.withLock { state in
            if state.descriptor >= 0 { close(state.descriptor) }
            state.descriptor = -1
        }
    }

    /// SIGQUIT is PostgreSQL's immediate shutdown. A pid file may be stale, so the process must work in the folder.
    private static let script = """
        cd /
        trap '' INT TERM HUP
        cat >/dev/null
        data=$1; shift
        pid=$(head -n 1 "$data/postmaster.pid" 2>/dev/null)
        ours() { [ -n "$pid" ] && [ "$(readlink "/proc/$pid/cwd")" = "$data" ]; }
        if ours; then
            kill -QUIT "$pid"
            for _ in 1 2 3 4 5 6 7 8 9 10; do ours || break; sleep 0.1; done
            for _ in 1 2 3 4 5 6 7 8 9 10; do ours || break; sleep 0.5; done
            ours && kill -KILL "$pid"
        fi
        rm -rf -- "$@"
        """

    private static func spawn(_ words: [String], standardInput: Int32) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, standardInput, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // POSIX_SPAWN_SETSID, which glibc declares only under _GNU_SOURCE: a Ctrl-C must not end the watch first.
        posix_spawnattr_setflags(&attributes, 0x80)
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var variables: [UnsafeMutablePointer<CChar>?] = [strdup("PATH=/usr/bin:/bin"), nil]
        defer { for variable in variables { free(variable) } }
        var helper: pid_t = 0
        let code = posix_spawn(&helper, words[0], &actions, &attributes, &arguments, &variables)
        guard code == 0 else { throw CommandFailure(description: "posix_spawn: \(String(cString: strerror(code)))") }
        return helper
    }
}
