/// The content of a connection URL or of `keyword=value` text, parsed as libpq does.
///
/// libpq parses the text again. It is parsed here first so that an error message contains no part of it: libpq's
/// messages quote the text at the error, and an unescaped character in a password makes that part of the password. See
/// <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING>.
package struct ConnectionText: Sendable, Equatable {
    /// The parameters in order, decoded.
    package private(set) var parameters: [String: String] = [:]

    /// The source of the text, and the position in a URL after the `?`.
    private let source: String
    private var query: String.Index?
    package let isURL: Bool
    /// Whether a password is among the parameters of the query, also that of a client key.
    package private(set) var hasPasswordInQuery = false

    package var database: String? { parameters["dbname"] }

    /// - Throws: `CommandError` with `.noDatabase`; `origin` is the source of the text, such as `DATABASE_URL`.
    package init(_ text: String, origin: String) throws {
        source = text
        let rest = Self.afterScheme(text)
        isURL = rest != nil
        do {
            if let rest {
                try readURL(rest)
            } else if text.contains("://") {
                throw Malformed(what: "has a scheme that is not postgresql://")
            } else if text.contains("=") {
                try readPairs(text)
            } else {
                throw Malformed(what: "is neither a URL nor keyword=value pairs")
            }
        } catch let error as Malformed {
            throw CommandError(
                .noDatabase,
                "\(origin) \(error.what)",
                hint: "write postgresql://user@host:5432/database, and percent-encode special characters in a user or "
                    + "password: @ as %40, / as %2F, : as %3A, % as %25"
            )
        }
    }

    private struct Malformed: Error { var what: String }

    private static func afterScheme(_ text: String) -> Substring? {
        for scheme in ["postgresql://", "postgres://"] where text.hasPrefix(scheme) {
            return text.dropFirst(scheme.count)
        }
        return nil
    }
}

// URLs.
extension ConnectionText {
    private mutating func readURL(_ text: Substring) throws {
        var rest = text
        if let end = rest.firstIndex(where: { $0 == "@" || $0 == "/" }), rest[end] == "@" {
            let account = rest[..<end].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            try set("user", account.first ?? "")
            if account.count == 2 { try set("password", account[1]) }
            rest = rest[rest.index(after: end)...]
        } else if rest.prefix(while: { $0 != "?" }).contains("@") {
            throw Malformed(what: "has a / before its @ that is not percent-encoded")
        }
        let hosts = rest.prefix { $0 != "/" && $0 != "?" }
        guard !hosts.contains("@") else { throw Malformed(what: "has one @ too many") }
        try readHosts(hosts)
        rest = rest.dropFirst(hosts.count)
        if rest.first == "/" {
            let name = rest.dropFirst().prefix { $0 != "?" }
            guard !name.contains("@") else { throw Malformed(what: "has an @ that is not percent-encoded") }
            try set("dbname", name)
            rest = rest.dropFirst(name.count + 1)
        }
        if rest.first == "?" { query = rest.index(after: rest.startIndex) }
        try readQuery(rest.dropFirst())
    }

    private mutating func readHosts(_ text: Substring) throws {
        var hosts: [Substring] = []
        var ports: [Substring] = []
        for entry in text.split(separator: ",", omittingEmptySubsequences: false) {
            var rest = entry
            if entry.first == "[" {
                guard let end = entry.firstIndex(of: "]") else { throw Malformed(what: "has a [ without a ]") }
                hosts.append(entry[entry.index(after: entry.startIndex)..<end])
                rest = entry[entry.index(after: end)...]
            } else {
                hosts.append(entry.prefix { $0 != ":" })
                rest = entry.dropFirst(hosts.last?.count ?? 0)
            }
            guard rest.isEmpty || rest.first == ":" else { throw Malformed(what: "has text after a ]") }
            ports.append(rest.dropFirst())
            let isNumber = rest.dropFirst().allSatisfy { $0.isASCII && $0.isNumber }
            guard isNumber else { throw Malformed(what: "has a port that is not a number") }
        }
        try set("host", Substring(hosts.joined(separator: ",")))
        if ports.contains(where: { !$0.isEmpty }) { try set("port", Substring(ports.joined(separator: ","))) }
    }

    private mutating func readQuery(_ text: Substring) throws {
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty, !parts[1].contains("=") else {
                throw Malformed(what: "has a parameter after its ? that is not key=value")
            }
            let keyword = try Self.decoded(parts[0])
            if keyword == "password" || keyword == "sslpassword" { hasPasswordInQuery = true }
            try set(keyword, parts[1])
        }
    }

    /// A URL without some of its parameters.
    package func text(without names: Set<String>) -> String {
        guard let query, !names.isEmpty else { return source }
        let kept = source[query...].split(separator: "&").filter { pair in
            let name = pair.prefix { $0 != "=" }
            return !names.contains((try? Self.decoded(name)) ?? String(name))
        }
        let start = source[..<source.index(before: query)]
        return kept.isEmpty ? String(start) : "\(start)?\(kept.joined(separator: "&"))"
    }

    /// An empty part counts as missing, so that the defaults apply.
    private mutating func set(_ keyword: String, _ encoded: Substring) throws {
        let value = try Self.decoded(encoded)
        if !value.isEmpty { parameters[keyword] = value }
    }

    private static func decoded(_ text: Substring) throws -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(Substring(rest.prefix(2))), radix: 16), value > 0 else {
                throw Malformed(what: "has a % that is not followed by two hexadecimal digits")
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

// Pairs.
extension ConnectionText {
    private mutating func readPairs(_ text: String) throws {
        var rest = text.drop(while: \.isWhitespace)
        while !rest.isEmpty {
            let keyword = rest.prefix { $0 != "=" && !$0.isWhitespace }
            rest = rest.dropFirst(keyword.count).drop(while: \.isWhitespace)
            guard rest.first == "=", !keyword.isEmpty else {
                throw Malformed(what: "has a word without = after it; put values with spaces in single quotes")
            }
            rest = rest.dropFirst().drop(while: \.isWhitespace)
            let isQuoted = rest.first == "'"
            if isQuoted { rest = rest.dropFirst() }
            var value = ""
            var isClosed = !isQuoted
            while let next = rest.popFirst() {
                if next == "\\" {
                    if let escaped = rest.popFirst() { value.append(escaped) }
                } else if isQuoted && next == "'" {
                    isClosed = true
                    break
                } else if !isQuoted && next.isWhitespace {
                    break
                } else {
                    value.append(next)
                }
            }
            guard isClosed else { throw Malformed(what: "has a quote that is not closed") }
            if !value.isEmpty { parameters[String(keyword)] = value }
            rest = rest.drop(while: \.isWhitespace)
        }
    }
}
