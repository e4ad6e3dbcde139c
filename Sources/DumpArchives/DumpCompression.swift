/// How the data of an archive of pg_dump are compressed. Source: `compression.h`.
package enum DumpCompression: String, Sendable, Equatable {
    case none
    /// A zlib stream in a custom archive, gzip in a file of its own.
    case gzip
    case lz4
    case zstd

    init?(number: UInt8) {
        switch number {
        case 0: self = .none
        case 1: self = .gzip
        case 2: self = .lz4
        case 3: self = .zstd
        default: return nil
        }
    }

    /// What pg_dump appends to the name of a file in a folder.
    var suffix: String {
        switch self {
        case .none: ""
        case .gzip: ".gz"
        case .lz4: ".lz4"
        case .zstd: ".zst"
        }
    }
}
