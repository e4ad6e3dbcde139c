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
        guard let address = try address() else { return nil }
        var request = HTTPRequest(url: address.description, connectTimeout: .seconds(2), timeout: .seconds(5))
        request.avoidsProxy = !address.isEncrypted
        if let token = try token() { request.headers = [("Authorization", token)] }
        let answer: HTTPResponse
        do {
            answer = try client.send(request, wake: settings.wake)
        } catch let error as HTTPFailure {
            if error.reason == .cancelled { throw CancellationError() }
            throw failure(error.message)
        }
        guard answer.isSuccess, let key = AccessKey(json: answer.body) else {
            throw failure("the answer is \(answer.status), without credentials")
        }
        return key
    }

    private func address() throws -> WebAddress? {
        if let path = settings.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            return WebAddress(Self.relativeHost + (path.hasPrefix("/") ? path : "/" + path))
        }
        guard let text = settings.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") else { return nil }
        guard let address = WebAddress(text),
            address.isEncrypted || address.isLoopback || Self.hosts.contains(address.host)
        else {
            throw failure(
                "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor one of the addresses that AWS allows"
            )
        }
        return address
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
