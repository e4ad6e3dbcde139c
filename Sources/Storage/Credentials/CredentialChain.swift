internal import Synchronization

/// The places where credentials may be, in the order of the AWS CLI. The first that is configured counts, even if it
/// fails.
///
/// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html>.
struct CredentialChain: Sendable {
    let settings: StoreSettings
    let profiles: AWSProfiles
    let client: HTTPClient

    /// - Throws: `StorageError.noCredentials`; `CancellationError`.
    func find() throws -> AccessKey {
        if let key = try environment() { return key }
        if let key = try WebIdentity(settings, profiles, client).key() { return key }
        if let key = try profiles.key() { return key }
        if let key = try ContainerCredentials(settings, client).key() { return key }
        if let key = try InstanceMetadata(settings, client).key() { return key }
        throw StorageError(
            .noCredentials,
            "no credentials for the object store were found",
            hint: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; searched in this order: these variables, "
                + "AWS_WEB_IDENTITY_TOKEN_FILE, the profile \(profiles.name) in \(profiles.files.joined(separator: " and ")), "
                + "the variables of containers, the metadata of the instance"
        )
    }

    private func environment() throws -> AccessKey? {
        guard let id = settings.variable("AWS_ACCESS_KEY_ID") else { return nil }
        guard let secret = settings.variable("AWS_SECRET_ACCESS_KEY") else {
            throw StorageError(
                .noCredentials,
                "AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not",
                hint: "set both, or neither"
            )
        }
        return AccessKey(id: id, secret: secret, sessionToken: settings.variable("AWS_SESSION_TOKEN"))
    }
}

/// The credentials of a run, which are fetched again before they expire.
final class CredentialKeeper: Sendable {
    /// How long before its end a key is replaced, in seconds.
    private static let marginSeconds = 300

    private let chain: CredentialChain
    private let key = Mutex<AccessKey?>(nil)

    init(_ chain: CredentialChain) { self.chain = chain }

    /// - Throws: `StorageError.noCredentials`; `CancellationError`.
    func current() throws -> AccessKey {
        try key.withLock { key in
            if let known = key, known.expires.map({ $0 - Self.marginSeconds > UTCTime.now }) ?? true { return known }
            do {
                let fresh = try chain.find()
                key = fresh
                return fresh
            } catch {
                // The old one is good for some minutes.
                if let known = key, let expires = known.expires, expires > UTCTime.now { return known }
                throw error
            }
        }
    }

    /// Forgets a key that the store refused, unless it was replaced already.
    func forget(_ refused: AccessKey) { key.withLock { if $0 == refused { $0 = nil } } }
}
