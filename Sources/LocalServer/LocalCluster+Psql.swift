internal import Glibc
internal import Storage

extension LocalCluster {
    /// The path of psql: the one beside the server's programs, else the first of `PATH`.
    ///
    /// - Throws: `LocalServerError` with `.notInstalled`.
    package func psqlPath() async throws -> String {
        if let beside = try? await installation().program("psql"), Files.isExecutable(beside) { return beside }
        for folder in search.path.split(separator: ":") where Files.isExecutable("\(folder)/psql") {
            return "\(folder)/psql"
        }
        throw LocalServerError(.notInstalled, "psql is not installed here", hint: "`make deps` installs it")
    }

    /// Replaces the process by psql, connected to the database, so that psql has the terminal to itself.
    ///
    /// - Throws: `LocalServerError` with `.notInstalled`.
    package func replaceProcessByPsql(_ arguments: [String] = []) async throws -> Never {
        let path = try await psqlPath()
        let words = ["psql", "--dbname", url] + arguments
        // exec keeps signals ignored that are ignored now, and psql needs Ctrl-C.
        for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE] { signal(number, SIG_DFL) }
        var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        execv(path, &pointers)
        throw LocalServerError(.notInstalled, "cannot run \(path): \(String(cString: strerror(errno)))")
    }
}
