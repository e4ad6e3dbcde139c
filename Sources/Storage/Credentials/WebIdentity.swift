/// Temporary credentials for a token that is in a file, as in the pods of Kubernetes.
///
/// Source: `AssumeRoleWithWebIdentity`, <https://docs.aws.amazon.com/STS/latest/APIReference/>.
struct WebIdentity: Sendable {
    private let tokenFile: String?
    private let role: String?
    private let sessionName: String
    /// The token service.
    let server: WebAddress?
    private let client: HTTPClient
    private let wake: CInt

    init(_ settings: StoreSettings, _ profiles: AWSProfiles, _ client: HTTPClient) {
        tokenFile = settings.variable("AWS_WEB_IDENTITY_TOKEN_FILE") ?? profiles["web_identity_token_file"]
        role = settings.variable("AWS_ROLE_ARN") ?? profiles["role_arn"]
        sessionName = settings.variable("AWS_ROLE_SESSION_NAME") ?? "granary"
        let region = settings.variable("AWS_REGION") ?? settings.variable("AWS_DEFAULT_REGION") ?? profiles["region"]
        let usual = region.map { "https://sts.\($0).\(StoreServer.amazonDomain($0))" } ?? "https://sts.amazonaws.com"
        server = WebAddress(settings.variable("AWS_ENDPOINT_URL_STS") ?? usual)
        self.client = client
        wake = settings.wake
    }

    /// - Returns: nil if no token is configured.
    func key() throws -> AccessKey? {
        guard let tokenFile else { return nil }
        guard let role else { throw failure("AWS_ROLE_ARN is not set", hint: "set it to the role") }
        guard let server, server.isEncrypted || server.isLoopback else {
            throw failure("the address of the token service is not https", hint: "see AWS_ENDPOINT_URL_STS")
        }
        let token: String
        do {
            token = try Files.text(of: tokenFile)
        } catch {
            throw failure("\(tokenFile) could not be read: \(error)", hint: "see AWS_WEB_IDENTITY_TOKEN_FILE")
        }
        let answer = try ask(server, role, token.filter { !$0.isWhitespace })
        let document = XMLElement(answer.body)
        let found = document?["AssumeRoleWithWebIdentityResult"]?["Credentials"].flatMap(AccessKey.init)
        guard answer.isSuccess, let found else {
            let code = document?["Error"]?["Code"]?.text
            throw failure(
                "the token service answered \(answer.status)\(code.map { " (\($0))" } ?? "")",
                hint: "check the role and the token in \(tokenFile)"
            )
        }
        return found
    }

    private func ask(_ server: WebAddress, _ role: String, _ token: String) throws -> HTTPResponse {
        let fields = [
            ("Action", "AssumeRoleWithWebIdentity"), ("Version", "2011-06-15"), ("RoleArn", role),
            ("RoleSessionName", sessionName), ("WebIdentityToken", token),
        ]
        let body = fields.map { "\($0)=\(PercentEncoding.text($1))" }.joined(separator: "&")
        var request = HTTPRequest(
            method: "POST",
            url: "\(server)\(server.path.isEmpty ? "/" : "")",
            headers: [("Content-Type", "application/x-www-form-urlencoded")],
            timeout: .seconds(30)
        )
        request.avoidsProxy = server.isLoopback
        do {
            return try Array(body.utf8).withUnsafeBytes { try client.send(request, body: $0, wakes: [wake]) }
        } catch let error as HTTPFailure {
            if error.reason == .cancelled { throw CancellationError() }
            throw failure("the token service does not answer: \(error.message)", hint: "see AWS_ENDPOINT_URL_STS")
        }
    }

    private func failure(_ reason: String, hint: String) -> StorageError {
        StorageError(.noCredentials, "the web identity gave no credentials: \(reason)", hint: hint)
    }
}
