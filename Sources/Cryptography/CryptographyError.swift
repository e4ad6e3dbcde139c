/// What the system's libcrypto cannot do.
package struct CryptographyError: Error, Sendable, Equatable {
    package enum Code: Sendable {
        /// libcrypto does not offer the algorithm, as in FIPS mode.
        case unavailable
        /// The input has the wrong length, or libcrypto rejects it.
        case input
        /// The ciphertext was changed, or the key is not the one it was made with.
        case authentication
    }

    package let code: Code
    package let message: String
    package let hint: String?

    init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    static func unavailable(_ algorithm: String) -> CryptographyError {
        CryptographyError(
            .unavailable,
            "this machine's OpenSSL does not offer \(algorithm)",
            hint: "in FIPS mode OpenSSL leaves it out; use a machine or an OpenSSL configuration without FIPS mode"
        )
    }
}
