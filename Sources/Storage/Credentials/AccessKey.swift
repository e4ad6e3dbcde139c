internal import FoundationEssentials

/// What requests are signed with. Its parts are never printed.
struct AccessKey: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible {
    var id: String
    var secret: String
    /// Of temporary credentials.
    var sessionToken: String?
    /// When it stops being valid, in seconds since 1970; nil for never.
    var expires: Int?

    var description: String { "credentials" }
    var debugDescription: String { description }

    init(id: String, secret: String, sessionToken: String? = nil, expires: Int? = nil) {
        (self.id, self.secret, self.sessionToken, self.expires) = (id, secret, sessionToken, expires)
    }

    /// The JSON document of `credential_process`, of containers, and of an instance's metadata.
    ///
    /// - Returns: nil unless it holds a key.
    init?(json: [UInt8]) {
        struct Document: Decodable {
            var AccessKeyId: String
            var SecretAccessKey: String
            var SessionToken: String?
            var Token: String?
            var Expiration: String?
        }
        guard let found = try? JSONDecoder().decode(Document.self, from: Data(json)) else { return nil }
        self.init(
            id: found.AccessKeyId,
            secret: found.SecretAccessKey,
            sessionToken: found.SessionToken ?? found.Token,
            expires: found.Expiration.flatMap(UTCTime.parse(extended:))
        )
    }

    /// The answer of AssumeRoleWithWebIdentity.
    init?(_ credentials: XMLElement) {
        guard let id = credentials["AccessKeyId"]?.text, let secret = credentials["SecretAccessKey"]?.text else {
            return nil
        }
        self.init(
            id: id,
            secret: secret,
            sessionToken: credentials["SessionToken"]?.text,
            expires: (credentials["Expiration"]?.text).flatMap(UTCTime.parse(extended:))
        )
    }
}
