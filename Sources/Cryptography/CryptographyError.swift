@_exported public import Basics

/// A failure of the system's libcrypto.
package typealias CryptographyError = Failure<CryptographyFailure>

package enum CryptographyFailure: FailureCode {
    /// libcrypto does not offer the algorithm, for example in FIPS mode.
    case unavailable
    /// The input has the wrong length, or libcrypto rejects it.
    case input
    /// The ciphertext was changed, or the key is wrong.
    case authentication

    package var exitStatus: ExitStatus { .failed }
}

extension CryptographyError {
    static func unavailable(_ algorithm: String) -> CryptographyError {
        CryptographyError(
            .unavailable,
            "this machine's OpenSSL does not offer \(algorithm)",
            hint: "in FIPS mode OpenSSL leaves it out; use a machine or an OpenSSL configuration without FIPS mode"
        )
    }
}
