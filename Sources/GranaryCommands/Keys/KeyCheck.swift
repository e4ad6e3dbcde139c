internal import AgeEncryption
package import ArgumentParser
internal import Storage

/// `granary key check`.
package struct KeyCheck: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check that an encrypted backup can be opened with the identities at hand; needs no server.",
        discussion: """
            It opens the header and the end of the file, so a file that was cut off is noticed. `granary verify` reads \
            all of it. The exit code is 2 if the file cannot be opened.

            Example:
              granary key check shop-20261123T071500Z.zip.age --identity key.txt

            \(variablesHelp)
            """
    )
    package static let onlyReads = true

    @Argument(
        help: ArgumentHelp("An encrypted backup; also searched for in --backups.", valueName: "file"),
        completion: .backup(".age")
    )
    package var file: String

    @Option(name: .long, help: ArgumentHelp("The folder of backups.", valueName: "folder"), completion: .directory)
    package var backups = "backups"

    @OptionGroup package var keys: KeyOptions
    @OptionGroup(title: "Buckets") package var store: StoreOptions
    @OptionGroup(title: "Output") package var speech: OutputOptions

    package init() {}

    package func run(on console: Console) async throws {
        let stores = store.stores(on: console)
        let opened = try stores.open(try BackupFile.found(file, backups: backups, in: stores))
        guard try BackupSource.isEncrypted(opened) else {
            throw CommandError(.file, "\(opened.path) is not encrypted", hint: "granary verify checks files in clear")
        }
        let check = try Self.check(opened, try keys.keyring(on: console))
        try console.result(KeyCheckReport.result.document(check), else: [check.line])
        if let hint = check.hint { console.note("hint: \(hint)") }
        if !check.isOpen { throw ExitCode(ExitStatus.findings.rawValue) }
    }

    private static func check(_ file: any StoredFile, _ keyring: AgeKeyring) throws -> KeyCheckReport {
        do {
            let source = try BackupSource(file, keyring)
            return KeyCheckReport(
                file: file.path,
                types: source.header?.stanzas.map(\.type) ?? [],
                bytes: source.byteCount
            )
        } catch let error as AgeError where error.isDamage {
            return KeyCheckReport(file: file.path, types: [], problem: error.message, hint: error.hint)
        }
    }
}

private struct KeyCheckReport {
    var file: String
    /// Of the parts of the header, one for each recipient.
    var types: [String]
    /// Of the content.
    var bytes: Int?
    var problem: String?
    var hint: String?

    var isOpen: Bool { problem == nil }

    var line: String {
        if let problem { return "\(file): \(problem)" }
        let recipients = types == ["scrypt"] ? "with a passphrase" : "for \(counted(types.count, "recipient"))"
        return "ok  \(file)  encrypted \(recipients), \(Formatting.bytes(bytes ?? 0)) of content"
    }

    static let result = ResultDescription<KeyCheckReport>([
        .init("file", \.file), .init("ok", \.isOpen), .init("types", \.types), .init("bytes", \.bytes),
        .init("problem", \.problem),
    ])
}
