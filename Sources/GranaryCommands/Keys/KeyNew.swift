internal import AgeEncryption
package import ArgumentParser
internal import Glibc

/// `granary key new`.
package struct KeyNew: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Make an identity, write it to a file of its owner, and print its recipient.",
        discussion: """
            Without --output the file is granary/identity.txt in ~/.config, where commands that read a backup look for \
            it. Keep a copy in another place: without an identity an encrypted backup cannot be read.

            Example:
              granary key new --output production-key.txt

            \(variablesHelp)
            """
    )

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("The file for the identity; it must not exist.", valueName: "file"),
        completion: .file()
    )
    package var output: String?

    @OptionGroup(title: "Output") package var speech: OutputOptions

    package var reportsDeeds: Bool { true }
    package init() {}

    package func run(on console: Console) async throws {
        guard let path = output ?? IdentitySources.usualFile(console.environment) else {
            throw CommandError(.usage, "no home folder is known", hint: "--output names the file for the identity")
        }
        let key = try AgeSecretKey()
        try AgeKeyFile.create(path, key, createdAt: Formatting.timestamp(secondsSince1970: time(nil)))
        console.note("the identity is in \(path); keep a copy in a safe place, and publish only the recipient")
        let made = MadeKey(recipient: key.recipient.text, file: path)
        try console.result(MadeKey.result.document(made), else: [made.recipient])
    }
}

/// A new identity, without its secret.
private struct MadeKey {
    var recipient: String
    var file: String

    static let result = ResultDescription<MadeKey>([.init("recipient", \.recipient), .init("file", \.file)])
}
