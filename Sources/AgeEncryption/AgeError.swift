@_exported public import Basics

// The file format age v1 (<https://age-encryption.org/v1>), which `age` and `rage` read and write too.
//
//     recipient   a public key that a file is encrypted for: age1…
//     identity    the private key of a recipient, or a passphrase
//     file key    16 random bytes for one file; the header has it once for each recipient, wrapped
//     stanza      a part of the header with the file key for one recipient
//     payload     the content in chunks of 64 KiB, each with an authentication code
//     armor       the file as text, in base64

/// Why a file could not be encrypted or decrypted.
package typealias AgeError = Failure<AgeFailure>

package enum AgeFailure: FailureCode {
    /// The header has an unexpected form.
    case header
    /// The header was changed after it was written.
    case authentication
    /// No given identity opens the file: it is for others, or its header was changed.
    case noMatch
    /// The payload was changed or cut off.
    case payload
    /// The text form has an unexpected structure.
    case armor
    /// A recipient, an identity or a passphrase that cannot be used.
    case key
    /// The file is encrypted, and no identity or passphrase was given.
    case needsKey

    package var exitStatus: ExitStatus { self == .key ? .usage : .failed }
}

extension AgeError {
    /// Whether the file itself is to blame, rather than the lack of a usable key.
    package var isDamage: Bool { code != .key && code != .needsKey }

    /// Runs `body`, and adds the file to an error about it. The messages of other errors name their file.
    static func at<R>(_ path: String, _ body: () throws -> R) throws -> R {
        do {
            return try body()
        } catch var error as AgeError where error.isDamage && error.place == nil {
            error.place = FilePlace(path)
            throw error
        }
    }

    static func header(_ problem: String) -> AgeError {
        AgeError(.header, "the header of the encryption \(problem)", hint: verifyHint)
    }

    static let verifyHint = "the file was changed or cut off; take another copy of it"
}
