/// Credentials of a container in ECS or EKS, from an address on the machine.
///
/// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>.
struct ContainerCredentials: Sendable {
    private static let relativeHost = "http://169.254.170.2"
    /// Plain http is accepted only from these, and from this machine.
    private static let hosts = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"]

    private let settings: StoreSettings
    private let client: HTTPClient

    init(_ settings: StoreSettings, _ client: HTTPClient) { (self.settings, self.client) = (settings, client) }

    /// - Returns: nil if the environment names no address.
    func key() throws -> AccessKey? {
        guard let url = try url() else { return nil }
        var request = HTTPRequest(url: url, connectTimeout: .seconds(2), timeout: .seconds(5))
        request.avoidsProxy = url.hasPrefix("http://")
        if let token = try token() { request.headers = [("Authorization", token)] }
        let answer: HTTPResponse
        do {
            answer = try client.send(request, wakes: [settings.wake])
        } catch let error as HTTPFailure {
            if error.reason == .cancelled { throw CancellationError() }
            throw failure(error.message)
        }
        guard answer.isSuccess, let key = AccessKey(json: answer.body) else {
            throw failure("the answer is \(answer.status), without credentials")
        }
        return key
    }

    /// Where the credentials are, which may have a query; nil if the environment names no address.
    func url() throws -> String? {
        if let path = settings.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            guard let url = Self.url(Self.relativeHost + (path.hasPrefix("/") ? path : "/" + path)) else {
                throw failure("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is not the path of a URL")
            }
            return url.text
        }
        guard let text = settings.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") else { return nil }
        guard let url = Self.url(text),
            url.server.isEncrypted || url.server.isLoopback || Self.hosts.contains(url.server.host)
        else {
            throw failure(
                "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor one of the addresses that AWS allows"
            )
        }
        return url.text
    }

    /// nil unless it is a URL, perhaps with a query.
    private static func url(_ text: String) -> (text: String, server: WebAddress)? {
        let end = text.firstIndex(of: "?") ?? text.endIndex
        let query = text[end...]
        guard let server = WebAddress(String(text[..<end])),
            query.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "#") })
        else { return nil }
        return (server.description + query, server)
    }

    private func token() throws -> String? {
        guard let file = settings.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") else {
            return settings.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN")
        }
        do {
            return try Files.text(of: file).filter { !$0.isNewline }
        } catch {
            throw failure("\(file) could not be read: \(error)")
        }
    }

    private func failure(_ reason: String) -> StorageError {
        StorageError(
            .noCredentials,
            "the container gave no credentials: \(reason)",
            hint: "see AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and AWS_CONTAINER_CREDENTIALS_FULL_URI"
        )
    }
}
