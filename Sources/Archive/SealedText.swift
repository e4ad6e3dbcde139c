/// A text with a seal inside: an HMAC-SHA-256 of all its bytes, computed while zeros stand in place of its digits.
///
///     writer   the digits are zeros → HMAC of the text → the digits
///     reader   the digits → zeros again → the same HMAC
package enum SealedText {
    /// The word before the digits. The seal is the last part of the text, because any other part may hold these words,
    /// too, such as the name of a table.
    package static let lead = "hmac_sha_256"

    /// The placeholder for the digits.
    package static let zeros = Manifest.Seal.zeros

    package enum Verdict: Sendable, Equatable {
        /// Unchanged since a holder of this key has sealed it.
        case sealed(key: String)
        /// Sealed with a known key, and changed afterwards.
        case altered
        /// Sealed with a key that is not known here.
        case unknownKey(String)
        case unsealed
    }

    /// - Parameter text: Its last `lead` is followed by `zeros`.
    package static func seal(_ text: String, with key: SealKey) -> String {
        guard let range = text.range(ofDigits: zeros) else { return text }
        return text.replacingCharacters(in: range, with: key.hmac(of: Array(text.utf8)))
    }

    /// Compares a text with its seal.
    ///
    /// - Parameter keys: The known keys. The name of the text's key stands in front of `lead`.
    package static func check(_ text: String, keys: [SealKey]) -> Verdict {
        guard let match = text.matches(of: #/([0-9a-f]{16})\W+hmac_sha_256\W+([0-9a-f]{64})/#).last else {
            return .unsealed
        }
        let (name, digits) = (String(match.1), String(match.2))
        guard digits != zeros else { return .unsealed }
        guard let key = keys.first(where: { $0.name == name }) else { return .unknownKey(name) }
        let blank = text[..<match.2.startIndex] + zeros + text[match.2.endIndex...]
        return key.made(digits, of: Array(blank.utf8)) ? .sealed(key: name) : .altered
    }
}

extension String {
    fileprivate func range(ofDigits digits: String) -> Range<String.Index>? {
        guard let lead = ranges(of: SealedText.lead).last else { return nil }
        return self[lead.upperBound...].firstRange(of: digits)
    }

    fileprivate func replacingCharacters(in range: Range<String.Index>, with text: String) -> String {
        self[..<range.lowerBound] + text + self[range.upperBound...]
    }
}
