internal import Cryptography

/// A request as it is signed: everything but its body, of which it has the digest.
struct UnsignedRequest: Sendable {
    var method: String
    var server: WebAddress
    /// Encoded, and with the path of the server.
    var path: String
    var query: [(name: String, value: String)] = []
    /// All of them are signed.
    var headers: [(name: String, value: String)] = []
    /// The SHA-256 of the body in hexadecimal digits.
    var bodyDigest: String

    /// The query as it is signed and sent: encoded, sorted, and with `=` even without a value.
    var encodedQuery: String {
        query.map { (PercentEncoding.text($0.name), PercentEncoding.text($0.value)) }
            .sorted { $0 < $1 }
            .map { "\($0)=\($1)" }
            .joined(separator: "&")
    }

    var url: String {
        let query = encodedQuery
        return
            "\(server.isEncrypted ? "https" : "http")://\(server.authority)\(path)\(query.isEmpty ? "" : "?\(query)")"
    }
}

/// Signs requests with version 4 of Amazon's signatures.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>.
struct RequestSigner: Sendable {
    private static let algorithm = "AWS4-HMAC-SHA256"

    let credentials: AccessKey
    let region: String
    var service = "s3"

    /// All headers to send: those of the request, and those of the signature. The client sends `Host` by itself.
    ///
    /// - Parameter seconds: The time of the request, since 1970.
    func headers(of request: UnsignedRequest, at seconds: Int) -> [(name: String, value: String)] {
        let time = UTCTime.basic(seconds)
        var headers = request.headers.map { (name: $0.name.lowercased(), value: $0.value) }
        headers.append(("x-amz-date", time))
        headers.append(("x-amz-content-sha256", request.bodyDigest))
        if let token = credentials.sessionToken { headers.append(("x-amz-security-token", token)) }
        let signed = (headers + [("host", request.server.authority)]).sorted { $0.name < $1.name }
        let names = signed.map(\.name).joined(separator: ";")
        let scope = "\(time.prefix(8))/\(region)/\(service)/aws4_request"
        let canonical =
            [request.method, request.path, request.encodedQuery]
            + signed.map { "\($0.name):\(Self.folded($0.value))" } + ["", names, request.bodyDigest]
        let digest = SHA256.text(of: Array(canonical.joined(separator: "\n").utf8))
        let signature = signature(
            of: [Self.algorithm, time, scope, digest].joined(separator: "\n"),
            day: time.prefix(8)
        )
        let authorization =
            "\(Self.algorithm) Credential=\(credentials.id)/\(scope),SignedHeaders=\(names),Signature=\(signature)"
        return headers + [("authorization", authorization)]
    }

    private func signature(of text: String, day: Substring) -> String {
        let first = Array("AWS4\(credentials.secret)".utf8)
        let key = [String(day), region, service, "aws4_request"].reduce(first) { key, part in
            HMACKey(key).code(of: Array(part.utf8))
        }
        return Hexadecimal.text(HMACKey(key).code(of: Array(text.utf8)))
    }

    /// Without spaces around the value, and with one space for several inside.
    private static func folded(_ value: String) -> String {
        value.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
    }
}
