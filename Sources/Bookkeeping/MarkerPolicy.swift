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

    /// These rules, with the stored rules that they do not replace. Whether it is production holds only for the same
    /// environment; the data stay as secret under another name.
    ///
    /// - Parameters:
    ///   - origin: The environment that the stored rules are about.
    ///   - environment: The environment that these rules are about.
    package func stricter(with stored: MarkerPolicy?, of origin: String, for environment: String) -> MarkerPolicy {
        guard let stored else { return self }
        return MarkerPolicy(
            isProduction: isProduction || stored.isProduction && origin == environment,
            requiresEncryption: requiresEncryption || stored.requiresEncryption,
            recipients: recipients.isEmpty ? stored.recipients : recipients
        )
    }
}
