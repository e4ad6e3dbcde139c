/// The files `~/.aws/credentials` and `~/.aws/config`, as far as the profile that is used is concerned.
struct AWSProfiles: Sendable {
    /// Of the profile.
    let name: String
    /// The files that were read.
    let files: [String]
    /// Becomes readable when a command of the profile must end; -1 for none.
    private let wake: CInt
    private let values: [String: String]
    private let isNamed: Bool
    private let exists: Bool

    init(_ settings: StoreSettings) {
        let named = settings.variable("AWS_PROFILE") ?? settings.variable("AWS_DEFAULT_PROFILE")
        (name, isNamed, wake) = (named ?? "default", named != nil, settings.wake)
        let home = settings.variable("HOME") ?? "~"
        let shared = settings.variable("AWS_SHARED_CREDENTIALS_FILE") ?? "\(home)/.aws/credentials"
        let config = settings.variable("AWS_CONFIG_FILE") ?? "\(home)/.aws/config"
        files = [shared, config]
        let name = name
        let found = [
            Self.section(in: config) { $0 == "profile \(name)" || name == "default" && $0 == "default" },
            Self.section(in: shared) { $0 == name },
        ].compactMap(\.self)
        exists = !found.isEmpty
        // The file of credentials takes precedence.
        values = found.reduce(into: [:]) { $0.merge($1) { _, later in later } }
    }

    /// A value of the profile, such as `region`.
    subscript(_ key: String) -> String? { values[key].flatMap { $0.isEmpty ? nil : $0 } }

    /// - Returns: nil if there is no such profile, and none was named.
    /// - Throws: `StorageError.noCredentials` if the profile has none that can be used; `CancellationError`.
    func key() throws -> AccessKey? {
        guard exists else {
            guard isNamed else { return nil }
            throw failure("there is no profile \(name)", hint: "AWS_PROFILE names it; see \(files.listed())")
        }
        if let id = self["aws_access_key_id"] {
            guard let secret = self["aws_secret_access_key"] else {
                throw failure("the profile \(name) has no aws_secret_access_key", hint: "add it")
            }
            return AccessKey(id: id, secret: secret, sessionToken: self["aws_session_token"])
        }
        if let command = self["credential_process"] {
            return try CredentialProcess(command: command, profile: name, wake: wake).key()
        }
        let others = ["sso_session", "sso_start_url", "source_profile", "credential_source", "login_session"]
        if let other = others.first(where: { self[$0] != nil }) {
            throw failure(
                "the profile \(name) uses \(other), which granary does not support",
                hint: "let the AWS CLI do it: credential_process = aws configure export-credentials --profile \(name)"
            )
        }
        guard isNamed else { return nil }
        throw failure("the profile \(name) has no credentials", hint: "see \(files.listed())")
    }

    private func failure(_ message: String, hint: String) -> StorageError {
        StorageError(.noCredentials, message, hint: hint)
    }

    /// The keys of the first section whose name is accepted; nil if there is none.
    private static func section(in file: String, _ isMeant: (Substring) -> Bool) -> [String: String]? {
        guard let text = try? Files.text(of: file) else { return nil }
        var (values, isInside): ([String: String]?, Bool) = (nil, false)
        for line in text.split(whereSeparator: \.isNewline) {
            let content = line.trimmed
            if content.hasPrefix("#") || content.hasPrefix(";") { continue }
            if content.hasPrefix("["), let end = content.lastIndex(of: "]") {
                isInside = isMeant(content[content.index(after: content.startIndex)..<end].trimmed)
                if isInside { values = values ?? [:] }
            } else if isInside, line.first?.isWhitespace == false, let mark = content.firstIndex(of: "=") {
                // Lines that are indented belong to nested settings.
                values?[content[..<mark].trimmed.lowercased()] = String(content[content.index(after: mark)...].trimmed)
            }
        }
        return values
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var rest = drop(while: \.isWhitespace)
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return rest
    }
}
