/// A request of HTTP. Its body is passed beside it, because it stays in the caller's memory.
struct HTTPRequest: Sendable {
    var method = "GET"
    /// The complete URL, encoded.
    var url: String
    /// Sent exactly so.
    var headers: [(name: String, value: String)] = []
    /// The time for the connection.
    var connectTimeout = Duration.seconds(15)
    /// The time for the whole request; nil for no limit while bytes flow.
    var timeout: Duration?
    /// How long nothing may move.
    var silence = Duration.seconds(60)
    /// Never sent a second time by libcurl itself, as it does if a connection that it used before has died.
    var isSentOnce = false
    /// Connects directly, even if the environment names a proxy.
    var avoidsProxy = false
}

/// What a server answered.
struct HTTPResponse: Sendable {
    var status: Int
    /// Names in lower case. Of headers with the same name, the last counts.
    var headers: [String: String] = [:]
    /// Empty if the bytes went into the memory of the caller.
    var body: [UInt8] = []
    /// How many bytes went into the memory of the caller.
    var count = 0

    var isSuccess: Bool { (200..<300).contains(status) }
}

/// Why there is no answer.
struct HTTPFailure: Error, Sendable {
    enum Reason: Sendable {
        /// A descriptor that ends requests became readable.
        case cancelled
        /// No connection; nothing was sent.
        case unreachable
        /// The server's certificate was refused.
        case certificate
        /// The connection ended. The server may have carried out the request.
        case broken
        /// No byte, or no whole answer, came in time. The server may have carried out the request.
        case overdue
        /// The answer does not fit, or is no HTTP.
        case answer
    }

    var reason: Reason
    /// A clause, such as `Connection refused`.
    var message: String
}
