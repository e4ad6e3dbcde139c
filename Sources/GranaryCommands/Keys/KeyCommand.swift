package import ArgumentParser

/// `granary key` and its subcommands.
package struct KeyCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Make keys for encrypted backups, and check which backups they open.",
        discussion: """
            The keys are those of age (age-encryption.org). Backups are encrypted for recipients, which are public; the \
            identity of a recipient opens them, and is secret.

            Example:
              granary key new --output production-key.txt
              granary key check backups/shop-20261123T071500Z.zip.age
            """,
        subcommands: [KeyNew.self, KeyRecipient.self, KeyCheck.self]
    )

    package init() {}
}
