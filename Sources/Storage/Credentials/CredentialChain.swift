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
    private struct State {
        var key: AccessKey?
        /// Nobody is asked before, because the last time brought nothing better.
        var pauseEnd: ContinuousClock.Instant?
    }

    /// How long before its end a key is replaced, in seconds.
    private static let marginSeconds = 300
    private static let pause = Duration.seconds(60)

    private let chain: CredentialChain
    private let state = Mutex(State())

    init(_ chain: CredentialChain) { self.chain = chain }

    /// - Throws: `StorageError.noCredentials`; `CancellationError`.
    func current() throws -> AccessKey {
        try state.withLock { state in
            guard let known = state.key, let expires = known.expires else {
                if let known = state.key { return known }
                let found = try chain.find()
                state = State(key: found)
                return found
            }
            if expires - Self.marginSeconds > UTCTime.now { return known }
            // The old one is good for some minutes.
            let isValid = expires > UTCTime.now
            if isValid, let end = state.pauseEnd, end > .now { return known }
            do {
                let fresh = try chain.find()
                let isBetter = fresh.expires.map { $0 > expires } ?? true
                state = State(key: fresh, pauseEnd: isBetter ? nil : ContinuousClock.now + Self.pause)
                return fresh
            } catch {
                guard isValid else { throw error }
                state.pauseEnd = ContinuousClock.now + Self.pause
                return known
            }
        }
    }

    /// Forgets a key that the store refused, unless it was replaced already.
    func forget(_ refused: AccessKey) { state.withLock { if $0.key == refused { $0 = State() } } }
}
