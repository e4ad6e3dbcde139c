import Glibc
internal import Storage

/// A folder with the programs of one PostgreSQL version: `initdb`, `pg_ctl` and `postgres`.
package struct PostgresInstallation: Sendable, Equatable {
    package let folder: String
    /// As printed by `postgres --version`, such as `15.18`.
    package let version: String
    package var major: Int { Self.major(of: version) ?? 0 }

    package func program(_ name: String) -> String { "\(folder)/\(name)" }

    /// The folders to search, in this order.
    package struct Search: Sendable {
        /// The folder of `--postgres-bin`; if set, no other is searched.
        package var explicitFolder: String?
        /// Folders separated by colons.
        package var path: String
        /// Folders that hold one folder per version.
        package var versioned: [Versioned]

        package struct Versioned: Sendable {
            package let parent: String
            package let prefix: String

            package init(parent: String, prefix: String) {
                self.parent = parent
                self.prefix = prefix
            }
        }

        package init(
            explicitFolder: String? = nil,
            path: String = getenv("PATH").map { String(cString: $0) } ?? "",
            versioned: [Versioned] = [
                Versioned(parent: "/usr/lib/postgresql", prefix: ""), Versioned(parent: "/usr", prefix: "pgsql-"),
            ]
        ) {
            self.explicitFolder = explicitFolder
            self.path = path
            self.versioned = versioned
        }
    }

    /// The first complete installation; with `major`, the first of that version.
    ///
    /// - Throws: `LocalServerError` with `.notInstalled` or `.wrongVersion`.
    package static func find(_ search: Search = Search(), major: Int? = nil) async throws -> PostgresInstallation {
        if let folder = search.explicitFolder {
            let found = try await explicit(folder)
            guard major == nil || found.major == major else { throw wrongVersion(major, found: [found]) }
            return found
        }
        var others: [PostgresInstallation] = []
        for folder in search.folders {
            guard missing(in: folder).isEmpty, let found = await inspect(folder) else { continue }
            if major == nil || found.major == major { return found }
            others.append(found)
        }
        guard others.isEmpty else { throw wrongVersion(major, found: others) }
        throw LocalServerError(
            .notInstalled,
            "PostgreSQL's server programs (initdb, pg_ctl, postgres) are not installed here",
            hint: "install them with `make deps`, name their folder with --postgres-bin, or give --database-url"
        )
    }

    /// The first complete installation of this version, else the oldest newer one.
    ///
    /// - Throws: `LocalServerError` with `.notInstalled` or `.wrongVersion`.
    package static func find(_ search: Search, atLeast major: Int) async throws -> PostgresInstallation {
        let first = try await find(search)
        guard search.explicitFolder == nil else {
            guard first.major >= major else { throw tooOld(major, found: [first]) }
            return first
        }
        var found: [PostgresInstallation] = []
        for folder in search.folders where missing(in: folder).isEmpty {
            guard let installation = await inspect(folder) else { continue }
            if installation.major == major { return installation }
            found.append(installation)
        }
        guard let newer = found.filter({ $0.major > major }).min(by: { $0.major < $1.major }) else {
            throw tooOld(major, found: found)
        }
        return newer
    }

    private static func tooOld(_ major: Int, found: [PostgresInstallation]) -> LocalServerError {
        let there = found.map { "\($0.version) in \($0.folder)" }.joined(separator: ", ")
        return LocalServerError(
            .wrongVersion,
            "PostgreSQL \(major) or newer is needed, but only \(there) is installed",
            hint: "install PostgreSQL \(major) (on Debian: postgresql-\(major)), or name its folder with --postgres-bin"
        )
    }

    /// The major version in `15.18`, `16beta1` or the contents of `PG_VERSION`.
    package static func major(of version: String) -> Int? { Int(version.prefix { $0.isNumber }) }

    private static func explicit(_ folder: String) async throws -> PostgresInstallation {
        let missing = missing(in: folder)
        guard missing.isEmpty else {
            throw LocalServerError(
                .notInstalled,
                "\(folder) has no \(missing.joined(separator: ", "))",
                hint: "--postgres-bin names the folder that holds initdb, pg_ctl and postgres"
            )
        }
        guard let found = await inspect(folder) else {
            throw LocalServerError(
                .notInstalled,
                "the programs in \(folder) do not run, or are not of one version",
                hint: "try `\(folder)/postgres --version` and `\(folder)/initdb --version`"
            )
        }
        return found
    }

    private static let programs = ["initdb", "pg_ctl", "postgres"]

    private static func missing(in folder: String) -> [String] {
        programs.filter { !Files.isExecutable("\(folder)/\($0)") }
    }

    /// A program may be a wrapper, or belong to another installation, so each is asked for its version.
    private static func inspect(_ folder: String) async -> PostgresInstallation? {
        var versions: Set<String> = []
        for program in programs {
            guard let outcome = try? await Program().run("\(folder)/\(program)", ["--version"]), outcome.succeeded,
                let version = version(in: outcome.output)
            else { return nil }
            versions.insert(version)
        }
        guard versions.count == 1, let version = versions.first, let major = major(of: version), major >= 10
        else { return nil }
        return PostgresInstallation(folder: folder, version: version)
    }

    /// The word after `(PostgreSQL)` in `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
    private static func version(in text: String) -> String? {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard let mark = words.firstIndex(of: "(PostgreSQL)"), mark + 1 < words.endIndex else { return nil }
        return String(words[mark + 1])
    }

    private static func wrongVersion(_ major: Int?, found: [PostgresInstallation]) -> LocalServerError {
        let wanted = major.map(String.init) ?? "?"
        let there = found.map { "\($0.version) in \($0.folder)" }.joined(separator: ", ")
        return LocalServerError(
            .wrongVersion,
            "the local server's data were made by PostgreSQL \(wanted), but only \(there) is installed",
            hint:
                "install PostgreSQL \(wanted) (on Debian: postgresql-\(wanted)); to upgrade, `granary backup --local` "
                + "with \(wanted), move .granary away, then `granary restore FILE --local`"
        )
    }
}

extension PostgresInstallation.Search {
    /// Every folder that may hold the programs, each once, with symbolic links resolved: `/usr/local/bin/pg_ctl` is
    /// often a link into the folder of its installation.
    var folders: [String] {
        var folders: [String] = []
        for entry in path.split(separator: ":") where entry.hasPrefix("/") {
            let program = "\(entry)/pg_ctl"
            guard Files.isExecutable(program), let real = Files.resolved(program) else { continue }
            folders.append(String(real[..<(real.lastIndex(of: "/") ?? real.endIndex)]))
            folders.append(String(entry))
        }
        for place in versioned { folders += place.folders }
        var seen: Set<String> = []
        return folders.filter { seen.insert($0).inserted }
    }
}

extension PostgresInstallation.Search.Versioned {
    /// The `bin` folders of the versions, the newest first.
    var folders: [String] {
        Files.visibleNames(in: parent)
            .filter { $0.hasPrefix(prefix) }
            .compactMap { name in
                PostgresInstallation.major(of: String(name.dropFirst(prefix.count))).map { (name, $0) }
            }
            .sorted { $0.1 > $1.1 }
            .map { "\(parent)/\($0.0)/bin" }
    }
}
