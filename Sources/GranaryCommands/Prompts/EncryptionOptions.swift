internal import AgeEncryption
package import ArgumentParser
internal import Bookkeeping
internal import Project

/// Who can read a new backup.
package struct EncryptionOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp("Encrypt with age for this recipient, age1…; repeatable.", valueName: "recipient")
    )
    package var recipient: [String] = []

    @Option(
        name: .long,
        help: ArgumentHelp("Encrypt for the recipients in this file, one a line.", valueName: "file"),
        completion: .file()
    )
    package var recipientsFile: String?

    @Flag(name: .long, help: "Encrypt with a passphrase, which is asked for.")
    package var passphrase = false

    package init() {}

    package mutating func validate() throws {
        if passphrase, !recipient.isEmpty || recipientsFile != nil {
            throw ValidationError(
                "--passphrase and --recipient exclude each other: age allows only one of them in a file"
            )
        }
    }

    /// Who can read the backup; nil leaves it in clear. Options replace the recipients of the environment.
    ///
    /// - Throws: As the other two.
    func audience(
        of database: ConnectedDatabase,
        _ schema: StateSchema,
        on console: Console
    ) async throws -> AgeAudience? {
        try await Self.audience(try chosen(on: console), of: database, schema, on: console)
    }

    /// Who can read a backup of one of several databases.
    ///
    /// - Parameter chosen: What the options say. It replaces the recipients of the environment.
    /// - Throws: `CommandError` with `.refused` if the backup must be encrypted and nothing says for whom, or if that is
    ///   unknown; `EnvironmentsError` with `.refused`; `AgeError.key`.
    static func audience(
        _ chosen: AgeAudience?,
        of database: ConnectedDatabase,
        _ schema: StateSchema,
        on console: Console
    ) async throws -> AgeAudience? {
        if let chosen { return chosen }
        return try await Gate(database: database, schema: schema, console: console).encryption().audience(on: console)
    }

    /// What the options say; nil if they say nothing. Asks for a passphrase.
    ///
    /// - Throws: `CommandError` with `.usage`, `.refused`; `AgeError.key`.
    func chosen(on console: Console) throws -> AgeAudience? {
        try Passphrase.requireFlag(console)
        if passphrase { return .passphrase(try Passphrase(console: console).new()) }
        let given =
            try recipient.map { try AgeRecipient($0) }
            + (try recipientsFile.map { try AgeKeyFile.recipients($0) } ?? [])
        return given.isEmpty ? nil : EncryptionPolicy.audience(given, on: console)
    }
}

/// What an environment says about the encryption of its backups.
struct EncryptionPolicy: Sendable {
    /// The environment that requires encryption; nil if none does.
    var requiredBy: String?
    /// `recipients` of the environment.
    var recipients: [String] = []

    /// - Parameter rules: The rules of all environments that the database may be, and of all files. The strictest
    ///   count.
    init(_ rules: [EnvironmentPolicy]) {
        requiredBy = rules.first(where: \.requiresEncryption)?.name
        recipients = rules.first { !$0.recipients.isEmpty }?.recipients ?? []
    }

    /// For a backup whose command line names no recipient.
    ///
    /// - Throws: `CommandError` with `.refused`; `AgeError.key` for an invalid recipient.
    func audience(on console: Console) throws -> AgeAudience? {
        let own = try recipients.map { try AgeRecipient($0) }
        guard own.isEmpty else { return Self.audience(own, on: console) }
        guard let requiredBy else { return nil }
        throw CommandError(
            .refused,
            "backups of \(requiredBy) must be encrypted, and no recipient is known",
            hint: "list \"recipients\" in the config of \(requiredBy) in environments.json; "
                + "`granary backup` also takes --recipient and --passphrase"
        )
    }

    fileprivate static func audience(_ recipients: [AgeRecipient], on console: Console) -> AgeAudience {
        let unique = recipients.enumerated().filter { !recipients[..<$0.offset].contains($0.element) }.map(\.element)
        if unique.count == 1 {
            console.note(
                "note: only one recipient can open the backup; if its identity is lost, the backup is lost, so add a second recipient"
            )
        }
        return .recipients(unique)
    }
}
