internal import AgeEncryption

/// Keeps passwords out of everything that is printed.
package enum Masking {
    /// `text` with the password of every URL, every value of `password=` or `sslpassword=`, and every identity of age
    /// replaced by `***`.
    package static func masked(_ text: String) -> String {
        let text = SecretKeyText.masked(text)
        guard text.utf8.contains(UInt8(ascii: ":")) || text.utf8.contains(UInt8(ascii: "=")) else { return text }
        return maskingParameters(maskingURLs(text))
    }

    /// Options whose value is a secret as a whole.
    private static let secretOptions = ["--ping"]

    /// `arguments` with their secrets replaced by `***`.
    package static func masked(arguments: [String]) -> [String] {
        var isSecret = false
        return arguments.map { argument in
            defer { isSecret = secretOptions.contains(argument) }
            if isSecret { return "***" }
            if let option = secretOptions.first(where: { argument.hasPrefix("\($0)=") }) { return "\(option)=***" }
            return masked(argument)
        }
    }

    /// In `scheme://user:password@host`, masks everything from the first colon to the last `@` of the word, or of the
    /// text if blanks follow the colon. A password with unescaped characters thus masks too much rather than too little.
    private static func maskingURLs(_ text: String) -> String {
        var rest = Substring(text)
        var masked = ""
        while let scheme = rest.firstRange(of: "://") {
            masked += rest[..<scheme.upperBound]
            rest = rest[scheme.upperBound...]
            let word = rest.prefix { !$0.isWhitespace }
            if let at = word.lastIndex(of: "@"), let colon = word[..<at].firstIndex(of: ":") {
                masked += word[...colon] + "***"
                rest = rest[at...]
            } else if let colon = passwordStart(word), let at = rest.lastIndex(of: "@") {
                masked += word[...colon] + "***"
                rest = rest[at...]
            }
        }
        return masked + rest
    }

    /// The colon before a password that contains blanks, so that no `@` follows in this word; nil if nothing follows the
    /// colon, or a port and a path. Digits at the end of a word may be a password, and are masked.
    private static func passwordStart(_ word: Substring) -> Substring.Index? {
        let authority = word.prefix { $0 != "/" && $0 != "?" }
        guard authority.first != "[", let colon = authority.firstIndex(of: ":") else { return nil }
        let after = authority[authority.index(after: colon)...]
        let isPort = after.allSatisfy(\.isNumber) && authority.endIndex < word.endIndex
        return after.isEmpty || isPort ? nil : colon
    }

    private static func maskingParameters(_ text: String) -> String {
        var rest = Substring(text)
        var masked = ""
        while let keyword = rest.firstRange(of: "password=") {
            masked += rest[..<keyword.upperBound] + "***"
            rest = rest[keyword.upperBound...]
            if rest.first == "'" {
                rest = rest.dropFirst()
                while let next = rest.popFirst(), next != "'" {
                    if next == "\\" { rest = rest.dropFirst() }
                }
            } else {
                rest = rest.drop { !$0.isWhitespace && $0 != "&" && $0 != "\"" && $0 != "#" }
            }
        }
        return masked + rest
    }
}

extension Substring {
    /// The first place of `needle`, without Foundation and without a regular expression.
    fileprivate func firstRange(of needle: String) -> Range<Index>? {
        let pattern = Array(needle.utf8)
        let bytes = utf8
        var start = bytes.startIndex
        while start < bytes.endIndex {
            guard let candidate = bytes[start...].firstIndex(of: pattern[0]) else { return nil }
            if bytes[candidate...].starts(with: pattern) {
                return candidate..<bytes.index(candidate, offsetBy: pattern.count)
            }
            start = bytes.index(after: candidate)
        }
        return nil
    }
}
