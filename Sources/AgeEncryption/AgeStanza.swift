/// The file key for one recipient.
package struct AgeStanza: Sendable, Equatable {
    /// The type, such as `X25519`, and its arguments.
    package var words: [String]
    package var body: [UInt8]

    package var type: String { words[0] }
}
