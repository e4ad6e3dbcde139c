internal import AgeEncryption
package import ArgumentParser

/// `granary key recipient`.
package struct KeyRecipient: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "recipient",
        abstract: "Print the recipients of the identities that are configured, or of a file of identities.",
        discussion: """
            Example:
              granary key recipient --identity production-key.txt

            \(variablesHelp)
            """
    )
    package static let onlyReads = true

    @OptionGroup package var keys: KeyOptions
    @OptionGroup(title: "Output") package var speech: OutputOptions

    package init() {}

    package func run(on console: Console) async throws {
        let recipients = try keys.recipients(on: console).map(\.text)
        guard !recipients.isEmpty else {
            throw CommandError(
                .usage,
                "no identity is configured",
                hint: "--identity names a file with an identity; `granary key new` makes one"
            )
        }
        try console.result(Self.result.document(recipients), else: recipients)
    }

    private static let result = ResultDescription<[String]>([.init("recipients", { $0 })])
}
