/// The server of a bucket, and how requests name the bucket.
struct StoreServer: Sendable {
    /// nil for Amazon's own servers.
    private let endpoint: WebAddress?
    private let bucket: String
    private let isPathStyle: Bool
    /// Changes if the bucket is in another one.
    var region: String
    static let defaultRegion = "us-east-1"

    /// - Throws: `StorageError.address`, `.insecure`.
    init(_ bucket: String, _ settings: StoreSettings, _ profiles: AWSProfiles) throws {
        self.bucket = bucket
        region =
            settings.variable("AWS_REGION") ?? settings.variable("AWS_DEFAULT_REGION") ?? profiles["region"]
            ?? Self.defaultRegion
        endpoint = try Self.endpoint(settings, profiles)
        let fitsHost = bucket.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "-" }
        isPathStyle = settings.style.map { $0 == .path } ?? (endpoint != nil || !fitsHost)
    }

    private static func endpoint(_ settings: StoreSettings, _ profiles: AWSProfiles) throws -> WebAddress? {
        let ignoresConfigured = settings.variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")?.lowercased() == "true"
        let configured =
            ignoresConfigured
            ? nil
            : settings.variable("AWS_ENDPOINT_URL_S3") ?? settings.variable("AWS_ENDPOINT_URL")
                ?? profiles["endpoint_url"]
        guard let text = settings.endpoint ?? configured else { return nil }
        guard var address = WebAddress(text) else {
            throw StorageError(
                .address,
                "the endpoint of the object store is not an http or https URL",
                hint: "write it as --s3-endpoint https://HOST:PORT"
            )
        }
        while address.path.hasSuffix("/") { address.path.removeLast() }
        guard address.isEncrypted || address.isLoopback || settings.allowsPlainHTTP else {
            throw StorageError(
                .insecure,
                "the connection to \(address.authority) would not be encrypted",
                hint: "use an https endpoint, or allow it with --s3-insecure"
            )
        }
        return address
    }

    /// The server as messages name it.
    var name: String { (endpoint ?? amazon).authority }

    /// The same for all regions of Amazon.
    var identity: String { endpoint?.authority ?? "amazonaws.com" }

    private var amazon: WebAddress {
        WebAddress(host: "s3.\(region).\(Self.amazonDomain(region))")
    }

    /// The domain of Amazon's services in a region: those in China have one of their own.
    static func amazonDomain(_ region: String) -> String {
        region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
    }

    /// The server and the encoded path of a request.
    ///
    /// - Parameter key: Empty for the bucket itself.
    func place(of key: String) -> (server: WebAddress, path: String) {
        var server = endpoint ?? amazon
        let root = server.path
        server.path = ""
        let encoded = PercentEncoding.text(key, keepsSlashes: true)
        guard isPathStyle else {
            server.host = "\(bucket).\(server.host)"
            return (server, "\(root)/\(encoded)")
        }
        return (server, "\(root)/\(PercentEncoding.text(bucket))/\(encoded)")
    }
}
