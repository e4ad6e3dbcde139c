internal import AgeEncryption
package import ArgumentParser
internal import Storage

/// What opens an encrypted backup.
package struct KeyOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp("A file with an identity of age, for an encrypted backup; repeatable.", valueName: "file"),
        completion: .file()
    )
    package var identity: [String] = []

    package init() {}

    /// The recipients of all identities that are configured.
    func recipients(on console: Console) throws -> [AgeRecipient] {
        try IdentitySources(files: identity, variables: console.environment)
            .identities(Passphrase(console: console), on: console).map(\.recipient)
    }

    /// The identities and passphrases that this command may use. Nothing is read or asked before a file needs it.
    ///
    /// - Parameter asks: Whether a person may be asked for a passphrase.
    func keyring(on console: Console, asks: Bool = true) throws -> AgeKeyring {
        try Passphrase.requireFlag(console)
        let sources = IdentitySources(files: identity, variables: console.environment)
        let passphrase = Passphrase(console: console, asks: asks)
        return AgeKeyring(
            identities: { try sources.identities(passphrase, on: console).map(AgeIdentity.key) },
            passphrase: { try passphrase.known(for: $0) }
        )
    }

}

/// Where identities are: in the files that were named, in the variables, else in the user's folder of settings.
struct IdentitySources: Sendable {
    static let variable = "GRANARY_AGE_IDENTITY"
    static let fileVariable = "GRANARY_AGE_IDENTITY_FILE"

    let files: [String]
    let variables: [String: String]

    private var text: String? { variables[Self.variable].flatMap { $0.isEmpty ? nil : $0 } }

    private var allFiles: [String] {
        let named = files + [variables[Self.fileVariable]].compactMap { $0 }.filter { !$0.isEmpty }
        guard named.isEmpty, text == nil else { return named }
        return [Self.usualFile(variables)].compactMap(\.self).filter(Files.exists)
    }

    var isEmpty: Bool { text == nil && allFiles.isEmpty }

    func identities(_ passphrase: Passphrase, on console: Console) throws -> [AgeSecretKey] {
        let given = try text.map { try AgeKeyFile.identities(in: Array($0.utf8), Self.variable) } ?? []
        return try allFiles.reduce(into: given) { keys, file in
            keys += try AgeKeyFile.identities(
                file,
                passphrase: { try passphrase.known(for: $0) },
                warn: { console.note("note: \($0)") }
            )
        }
    }

    /// `granary/identity.txt` in the user's folder of settings, where `key new` writes; nil if there is no such folder.
    static func usualFile(_ variables: [String: String]) -> String? {
        SettingsFolders.files(named: "identity.txt", variables).first
    }
}
