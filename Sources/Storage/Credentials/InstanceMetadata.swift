/// Credentials of a virtual machine's role, from the metadata service of EC2, version 2.
///
/// Source: <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html>.
struct InstanceMetadata: Sendable {
    private static let usualServer = "http://169.254.169.254"
    private static let folder = "/latest/meta-data/iam/security-credentials/"

    private let server: String
    private let isDisabled: Bool
    private let client: HTTPClient
    private let wake: CInt

    init(_ settings: StoreSettings, _ client: HTTPClient) {
        var server = settings.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT") ?? Self.usualServer
        while server.hasSuffix("/") { server.removeLast() }
        self.server = server
        isDisabled = settings.variable("AWS_EC2_METADATA_DISABLED")?.lowercased() == "true"
        self.client = client
        wake = settings.wake
    }

    /// - Returns: nil if there is no such service, as on a laptop, or if the machine has no role.
    func key() throws -> AccessKey? {
        guard !isDisabled else { return nil }
        let lifetime = ("X-aws-ec2-metadata-token-ttl-seconds", "21600")
        guard let token = try text(of: "PUT", "/latest/api/token", lifetime), !token.isEmpty else { return nil }
        let proof = ("X-aws-ec2-metadata-token", token)
        guard let role = try text(of: "GET", Self.folder, proof)?.split(whereSeparator: \.isNewline).first,
            let document = try text(of: "GET", Self.folder + role, proof)
        else { return nil }
        return AccessKey(json: Array(document.utf8))
    }

    /// nil if there is no answer, or not the right one.
    private func text(of method: String, _ path: String, _ header: (String, String)) throws -> String? {
        var request = HTTPRequest(method: method, url: server + path, headers: [header])
        // Elsewhere the address does not exist, and nothing answers.
        (request.connectTimeout, request.timeout) = (.seconds(1), .seconds(2))
        request.avoidsProxy = true
        do {
            let body: UnsafeRawBufferPointer? = method == "PUT" ? UnsafeRawBufferPointer(start: nil, count: 0) : nil
            let answer = try client.send(request, body: body, wakes: [wake])
            return answer.isSuccess ? String(decoding: answer.body, as: UTF8.self) : nil
        } catch let error as HTTPFailure {
            if error.reason == .cancelled { throw CancellationError() }
            return nil
        }
    }
}
