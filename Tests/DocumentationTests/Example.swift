import Glibc
import TestSupport

/// The examples of a page as one script, in its own folder and with its own server.
///
/// There is a database `shop`, named by DATABASE_URL, with the example service's schema and a few hundred rows. The
/// folder contains a copy of `granary.mk`.
struct Example {
    let document: Document

    /// Runs the script and compares the output of each step with the page.
    ///
    /// - Returns: The differences with their places; empty if there are none.
    func problems() async throws -> [String] {
        let server = try await ThrowawayServer.start()
        let found: [String]
        do {
            found = try await ScratchFolder.with { folder in try await run(in: folder, server) }
        } catch {
            try? await server.stop()  // The result of the run is more important.
            throw error
        }
        try await server.stop()
        return found
    }

    private func run(in folder: ScratchFolder, _ server: ThrowawayServer) async throws -> [String] {
        try await server.execute("CREATE DATABASE shop")
        let url = server.url(database: "shop")
        try await Example.fill(url)
        // A database must be marked before anything is written into it.
        _ = try await runCommand(try granaryBinary(), ["env", "mark", "development", "--quiet", "--database-url", url])
        // The account of a local server must be able to enter it.
        chmod(folder.path, 0o755)
        try folder.write(try Project.text("granary.mk"), to: "project/granary.mk")
        let outcome = try await runCommand(
            "sh",
            [try folder.write(script, to: "script.sh")],
            environment: try variables(url, server, folder),
            workingDirectory: folder.file("project"),
            timeout: .seconds(1200)
        )
        return judge(outcome)
    }

    private func variables(
        _ url: String,
        _ server: ThrowawayServer,
        _ folder: ScratchFolder
    ) throws -> [String: String?] {
        let binary = try granaryBinary()
        let programs = getenv("PATH").map { String(cString: $0) } ?? ""
        return [
            "EXAMPLE": "\(Project.folder)/migrations", "SEEDS": "\(Project.folder)/seeds",
            "PATH": "\(binary[..<(binary.lastIndex(of: "/") ?? binary.endIndex)]):\(programs)", "DATABASE_URL": url,
            "SCRATCH_URL": url,
            "PGHOST": server.folder, "PGPORT": "5432", "PGUSER": ThrowawayServer.superuser,
            "PGOPTIONS": "-c client_min_messages=warning", "PSQLRC": "/dev/null", "LC_ALL": "C.UTF-8",
            "GRANARY_SERVER_FOLDER": "\(server.folder)/local", "XDG_CACHE_HOME": folder.file("cache"), "MAKEFLAGS": nil,
            "MAKELEVEL": nil,
        ]
    }

    /// Each step's output ends with a line that identifies the step.
    private var script: String {
        let steps = document.steps.enumerated().map {
            "\($0.element.script)\nprintf '\\n\(Example.mark)%d\\n' \($0.offset)\n"
        }
        return """
            set -eu
            exec 2>&1 </dev/null
            trap '[ ! -e .granary ] || granary server stop --quiet' EXIT

            """ + steps.joined()
    }

    private static let mark = "=== end of step "

    private func judge(_ outcome: CommandOutcome) -> [String] {
        var rest = outcome.stdout[...]
        for (index, step) in document.steps.enumerated() {
            guard let end = rest.firstRange(of: "\n\(Example.mark)\(index)\n") else {
                return ["\(document.path):\(step.line): the example stops here (status \(outcome.status)):\n\(rest)"]
            }
            let printed = String(rest[..<end.lowerBound])
            rest = rest[end.upperBound...]
            guard let expected = step.expected else { continue }
            if let line = Wildcards.mismatch(printed, expected.text) {
                return ["\(document.path):\(expected.line): nothing printed fits \"\(line)\"; printed was:\n\(printed)"]
            }
        }
        return []
    }

    /// The example service, as in `make demo` but with fewer rows.
    private static func fill(_ url: String) async throws {
        let migrations = Project.names(in: "migrations").filter { $0.hasSuffix(".up.sql") }.map { "migrations/\($0)" }
        for file in migrations { try await psql(url, try Project.text(file)) }
        try await psql(
            url,
            """
            INSERT INTO user_service.users (username, email) VALUES
                ('system', 'system@example.com'), ('support', 'support@example.com');
            INSERT INTO user_service.users (username, email, password_hash, status)
                SELECT 'user' || n, 'user' || n || '@example.com', md5(n::text), 'active' FROM generate_series(1, 298) n;
            INSERT INTO user_service.profiles (user_id, display_name)
                SELECT id, initcap(username) FROM user_service.users;
            INSERT INTO user_service.settings (user_id, area, choices)
                SELECT id, 'appearance', '{"theme": "dark"}' FROM user_service.users;
            REFRESH MATERIALIZED VIEW user_service.choice_counts;
            ANALYZE;
            """
        )
    }
}
