internal import PostgresClient
internal import Storage

extension ConnectedDatabase {
    /// The shell command that drops `database` on this server, without a password.
    func dropCommand(for database: String) -> String {
        let statement = "DROP DATABASE \(QuotedText.name(database))"
        if isLocal { return "granary server psql -c \(QuotedText.shellWord(statement))" }
        return "psql \(QuotedText.shellWord(shareableText)) -c \(QuotedText.shellWord(statement))"
    }

    /// The shell command that replaces `database` by another one.
    ///
    /// - Parameters:
    ///   - statements: `RestoreReport.laterSwap`.
    ///   - maintenance: The database to connect to for this; nil for one of the usual databases.
    func swapCommand(_ statements: String, of database: String, through maintenance: String?) -> String {
        let place = maintenance ?? (database == "postgres" ? "template1" : "postgres")
        if isLocal {
            return QuotedText.shellLine(["granary", "server", "psql", "-c", "\\connect \(place)", "-c", statements])
        }
        var there = self
        there.name = place
        return "psql \(QuotedText.shellWord(there.shareableText)) -c \(QuotedText.shellWord(statements))"
    }

    /// The address as `keyword=value` pairs without secrets. libpq reads the rest from the same sources as now.
    var shareableText: String {
        var parameters = (try? ConnectionText(given.conninfo, origin: ""))?.parameters ?? [:]
        for override in given.overrides { parameters[override.keyword] = override.value }
        parameters["dbname"] = name
        for secret in ["password", "sslpassword"] { parameters[secret] = nil }
        return parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\(Self.quoted($0.value))" }
            .joined(separator: " ")
    }

    private static func quoted(_ value: String) -> String {
        let isPlain = value.unicodeScalars.allSatisfy { !$0.properties.isWhitespace && $0 != "'" && $0 != "\\" }
        return isPlain && !value.isEmpty ? value : QuotedText.connectionValue(value)
    }
}

extension DatabaseOptions {
    /// The options that name the database and its environment in a printed command. Options of the command line are
    /// repeated without a password. Other sources need no option, because they remain.
    func words(for database: ConnectedDatabase) -> [String] {
        let url = databaseURL == nil ? [] : ["--database-url", database.shareableText]
        return (local ? ["--local"] : url) + (env.map { ["--env", $0] } ?? [])
    }

    /// The line for a shell that drops a database that a restore has kept.
    ///
    /// - Parameters:
    ///   - migrations: The folder with `environments.json`.
    ///   - into: The target of the restore, if it is another than the command's database.
    ///   - maintenance: The database to connect to for this; nil for one of the usual databases.
    func dropLine(
        for kept: String,
        of database: ConnectedDatabase,
        migrations: String,
        into: String? = nil,
        maintenance: String? = nil
    ) -> String {
        // A name may begin with a dash, and would be taken for an option.
        func option(_ name: String, _ value: String?) -> [String] {
            guard let value else { return [] }
            return value.hasPrefix("-") ? ["\(name)=\(value)"] : [name, value]
        }
        return QuotedText.shellLine(
            ["granary", "restore"] + option("--drop-kept", kept) + option("--into", into)
                + option("--maintenance-db", maintenance) + words(for: database)
                + (migrations == "migrations" ? [] : ["--migrations", migrations]) + option("--confirm", kept)
        )
    }
}

extension StateOptions {
    /// `--state-schema` in a printed command, if it is not the default.
    var words: [String] { stateSchema == "granary" ? [] : ["--state-schema", stateSchema] }
}

/// The shell command that restores a backup into the database of this command.
struct RestoreLine: Sendable {
    /// The placeholder for the path of an identity file in a printed command. It is used if no identity is configured.
    static let identityFile = "IDENTITY_FILE"

    private let place: [String]
    private let store: [String]
    private let database: String
    private let hasIdentity: Bool

    /// - Parameter migrations: The folder with `environments.json`.
    init(
        _ options: DatabaseOptions,
        _ state: StateOptions,
        _ store: StoreOptions?,
        migrations: String,
        _ database: ConnectedDatabase
    ) {
        self.store = store?.words ?? []
        hasIdentity = !IdentitySources(files: [], variables: ProcessEnvironment.current).isEmpty
        place =
            options.words(for: database) + (migrations == "migrations" ? [] : ["--migrations", migrations])
            + state.words
        self.database = database.name
    }

    /// - Parameters:
    ///   - selection: The options for the parts and the target.
    ///   - isNew: Whether it creates a database, so that no confusion is possible.
    func text(_ file: String, _ selection: [String], isNew: Bool = false) -> String {
        QuotedText.shellLine(
            ["granary", "restore", file] + (ObjectAddress.isMeant(by: file) ? store : []) + identity(for: file)
                + selection + place
                + (isNew ? [] : ["--confirm", database])
        )
    }
}

extension RestoreLine {
    private func identity(for file: String) -> [String] {
        file.hasSuffix(".age") && !hasIdentity ? ["--identity", Self.identityFile] : []
    }

    /// What a person must know before running a command for an encrypted backup; nil if it needs nothing more.
    static func identityNote(_ commands: [String]) -> String? {
        guard commands.contains(where: { $0.contains(" --identity \(identityFile)") }) else { return nil }
        return
            "note: the backup is encrypted; \(identityFile) means the file with the identity of one of its recipients"
    }
}

extension QuotedText {
    /// The words as one line for a shell.
    static func shellLine(_ words: [String]) -> String { words.map(shellWord).joined(separator: " ") }
}
