/// The address of a server that speaks HTTP: `https://s3.example.com:9000/path`.
package struct WebAddress: Sendable, Equatable, CustomStringConvertible {
    package var isEncrypted: Bool
    /// A name or an address; an IPv6 address stands in brackets.
    package var host: String
    /// nil for the usual one.
    package var port: Int?
    /// Empty, or begins with a slash.
    package var path: String

    package init(isEncrypted: Bool = true, host: String, port: Int? = nil, path: String = "") {
        (self.isEncrypted, self.host, self.port, self.path) = (isEncrypted, host, port, path)
    }

    /// - Returns: nil unless `text` is an http or https URL without user, query and fragment.
    package init?(_ text: String) {
        let lower = text.lowercased()
        guard let scheme = ["https://", "http://"].first(where: lower.hasPrefix) else { return nil }
        let rest = text.dropFirst(scheme.count)
        guard !rest.contains(where: { $0 == "?" || $0 == "#" || $0 == "@" || $0.isWhitespace || !$0.isASCII }) else {
            return nil
        }
        let authority = rest.prefix { $0 != "/" }
        let (host, port) = Self.divided(authority)
        guard Self.isHost(host) else { return nil }
        if let port {
            guard let number = Int(port), (1...65_535).contains(number), port.allSatisfy(\.isNumber) else { return nil }
            self.port = number
        }
        isEncrypted = scheme == "https://"
        self.host = host.lowercased()
        path = String(rest[authority.endIndex...])
    }

    private static func divided(_ authority: Substring) -> (host: Substring, port: Substring?) {
        // The colons of an IPv6 address stand before the bracket.
        guard let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") else {
            return (authority, nil)
        }
        return (authority[..<colon], authority[authority.index(after: colon)...])
    }

    private static func isHost(_ host: Substring) -> Bool {
        guard !host.isEmpty else { return false }
        if host.hasPrefix("["), host.hasSuffix("]") {
            return host.dropFirst().dropLast().allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
        }
        return host.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "." || $0 == "_" }
    }

    /// The value of the header `Host`, which leaves out the usual port.
    package var authority: String {
        guard let port, port != (isEncrypted ? 443 : 80) else { return host }
        return "\(host):\(port)"
    }

    package var description: String { "\(isEncrypted ? "https" : "http")://\(authority)\(path)" }

    /// Whether the host is this machine.
    package var isLoopback: Bool {
        if host == "localhost" || host == "[::1]" || host.hasSuffix(".localhost") { return true }
        return isAddress && host.hasPrefix("127.")
    }

    /// Whether the host is an IPv4 or IPv6 address, not a name.
    package var isAddress: Bool { host.hasPrefix("[") || host.allSatisfy { $0.isNumber || $0 == "." } }
}
