/// The rules of an environment that are stored beside its marker, so that they hold where no `environments.json` is
/// found.
package struct MarkerPolicy: Sendable, Equatable {
    package var isProduction: Bool
    /// A backup in clear is refused.
    package var requiresEncryption: Bool
    /// The recipients of age that backups are encrypted for.
    package var recipients: [String]

    package init(isProduction: Bool, requiresEncryption: Bool, recipients: [String]) {
        self.isProduction = isProduction
        self.requiresEncryption = requiresEncryption
        self.recipients = recipients
    }
}
