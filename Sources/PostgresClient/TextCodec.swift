/// Converts the server's text to Swift strings and back.
package enum TextCodec: Sendable, Equatable {
    /// The session's `client_encoding` is UTF8; the server converts.
    case utf8
    /// The database is SQL_ASCII: its bytes have no defined meaning. Each byte becomes the character with the same
    /// number, so nothing is lost.
    case bytes

    package func string(_ bytes: UnsafeRawBufferPointer) -> String {
        switch self {
        case .utf8: String(decoding: bytes, as: UTF8.self)
        case .bytes: String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
        }
    }

    package func bytes(_ text: String) -> [UInt8] {
        switch self {
        case .utf8: Array(text.utf8)
        // A character above 255 cannot come from such a database, so its UTF-8 bytes are used.
        case .bytes: text.unicodeScalars.flatMap { $0.value < 256 ? [UInt8($0.value)] : Array(String($0).utf8) }
        }
    }
}
