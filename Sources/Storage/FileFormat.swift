/// The format of a file, recognized by its first bytes, not by its name.
package enum FileFormat: Sendable, Equatable {
    case empty
    /// Text in UTF-8 or another superset of ASCII, with or without a byte order mark. Probably SQL.
    case text
    case gzip
    case zstd
    /// A ZIP file, possibly an archive of granary.
    case zip
    /// The binary form of age v1.
    case age
    /// The text form of age v1, between `-----BEGIN AGE ENCRYPTED FILE-----` and its end.
    case armoredAge
    /// `pg_dump --format=custom`.
    case pgDumpCustom
    /// `pg_dump --format=tar`, not compressed.
    case pgDumpTar
    /// `pg_dump --format=directory`: the folder.
    case pgDumpFolder
    /// `toc.dat` of a dump in directory or tar format, without the rest of it.
    case pgDumpContents
    /// Bytes that are not text and have no known signature.
    case unknown
    /// Any other format: its usual name, such as `a MySQL dump`, and what to do with it, if anything.
    case other(String, hint: String? = nil)

    /// How many bytes `init(_:)` needs.
    package static let prefixBytes = 1024

    /// - Parameter prefix: The first `prefixBytes` bytes, or the whole of a shorter file.
    package init(_ prefix: some Collection<UInt8>) {
        let bytes = Array(prefix.prefix(Self.prefixBytes))
        guard !bytes.isEmpty else {
            self = .empty
            return
        }
        let known = Self.signatures.first { $0.begins(bytes) }?.format
        if known == .pgDumpCustom {
            self = Self.pgDump(bytes)
        } else if let known {
            self = known
        } else if Self.isTar(bytes) {
            self = Self.tar(bytes)
        } else if Self.isText(bytes) {
            self = Self.text(bytes)
        } else {
            self = .unknown
        }
    }

    /// A file whose first bytes are damaged may still have the end of a ZIP file.
    ///
    /// - Throws: `StorageError.io`.
    package init(_ source: some ByteSource) throws {
        self.init(try source.bytes(at: 0, count: min(source.byteCount, Self.prefixBytes)))
        guard self == .unknown, source.byteCount >= Self.zipEndBytes else { return }
        let end = try source.bytes(at: source.byteCount - Self.zipEndBytes, count: 4)
        if end == [0x50, 0x4B, 0x05, 0x06] { self = .zip }
    }

    /// The end record of a ZIP file without a comment.
    private static let zipEndBytes = 22

    /// The format of a folder.
    ///
    /// - Throws: `SystemError`.
    package init(folder path: String) throws(SystemError) {
        let names = Set(try Files.names(in: path))
        if names.contains("toc.dat") || names.contains("toc.dat.gz") {
            self = .pgDumpFolder
        } else if names.contains("PG_VERSION"), names.contains("global") {
            self = .other(
                "the data directory of a PostgreSQL server",
                hint: "start a server on it, and back up that server"
            )
        } else if names.contains("backup_manifest") {
            self = .other("a base backup of pg_basebackup", hint: "start a server on it, and back up that server")
        } else {
            self = .other("a folder that is not a dump of pg_dump --format=directory", hint: "name a file")
        }
    }

    /// The usual name of the format, such as `a gzip file`.
    package var name: String {
        switch self {
        case .empty: "an empty file"
        case .text: "a text"
        case .gzip: "a gzip file"
        case .zstd: "a zstd file"
        case .zip: "a ZIP file"
        case .age, .armoredAge: "a file encrypted with age"
        case .pgDumpCustom: "a dump of pg_dump --format=custom"
        case .pgDumpTar: "a dump of pg_dump --format=tar"
        case .pgDumpFolder: "a dump of pg_dump --format=directory"
        case .pgDumpContents: "the table of contents of a dump of pg_dump"
        case .unknown: "a binary file of an unknown kind"
        case .other(let name, _): name
        }
    }

    package var isPgDumpArchive: Bool {
        switch self {
        case .pgDumpCustom, .pgDumpTar, .pgDumpFolder: true
        default: false
        }
    }
}

// Signatures.
extension FileFormat {
    private struct Signature {
        var bytes: [UInt8]
        var format: FileFormat

        init(_ bytes: [UInt8], _ format: FileFormat) { (self.bytes, self.format) = (bytes, format) }
        init(_ text: String, _ format: FileFormat) { self.init(Array(text.utf8), format) }

        /// A file that was cut off may be shorter than the signature.
        func begins(_ file: [UInt8]) -> Bool {
            file.starts(with: bytes) || format == .zip && bytes.starts(with: file)
        }
    }

    private static let signatures = [
        Signature([0x50, 0x4B, 0x03, 0x04], .zip),
        // A ZIP file without members.
        Signature([0x50, 0x4B, 0x05, 0x06], .zip),
        Signature([0x1F, 0x8B], .gzip),
        Signature([0x28, 0xB5, 0x2F, 0xFD], .zstd),
        Signature("age-encryption.org/", .age),
        Signature("-----BEGIN AGE ENCRYPTED FILE-----", .armoredAge),
        Signature("PGDMP", .pgDumpCustom),
        Signature("PGCOPY\n\u{FF}".unicodeScalars.map { UInt8($0.value) }, .other("rows of COPY in binary format")),
        Signature([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], .other("an xz file", hint: unpack("xz"))),
        Signature("BZh", .other("a bzip2 file", hint: unpack("bzip2"))),
        Signature([0x04, 0x22, 0x4D, 0x18], .other("an lz4 file", hint: unpack("lz4"))),
        Signature([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], .other("a 7-Zip file", hint: "unpack it first")),
        Signature("SQLite format 3\0", .other("a SQLite database")),
        Signature("%PDF-", .other("a PDF document")),
        Signature([0x7F, 0x45, 0x4C, 0x46], .other("a program")),
        Signature([0xFF, 0xFE], utf16), Signature([0xFE, 0xFF], utf16),
    ]

    private static let utf16 = FileFormat.other(
        "a text in UTF-16",
        hint: "convert it to UTF-8, for example with iconv -f UTF-16 -t UTF-8"
    )

    private static func unpack(_ program: String) -> String {
        "decompress it to standard input: \(program) -dc FILE | granary restore -"
    }

    /// The format is the eighth byte, after the signature, three bytes of version, and the sizes of integers and
    /// offsets.
    private static func pgDump(_ bytes: [UInt8]) -> FileFormat {
        guard bytes.count > 10, bytes[10] != 1 else { return .pgDumpCustom }
        return .pgDumpContents
    }
}

// Tar.
extension FileFormat {
    private static func isTar(_ bytes: [UInt8]) -> Bool {
        bytes.count >= 512 && bytes[257..<262].elementsEqual("ustar".utf8)
    }

    /// pg_dump writes its table of contents first.
    private static func tar(_ bytes: [UInt8]) -> FileFormat {
        let first = String(decoding: bytes.prefix(100).prefix { $0 != 0 }, as: UTF8.self)
        if first == "toc.dat" { return .pgDumpTar }
        if first.hasSuffix("/toc.dat") || first.hasSuffix("/") {
            return .other("a tar file of a folder", hint: "extract it, and give the file inside")
        }
        return .other(
            "a tar file that is not a dump of pg_dump --format=tar",
            hint: "extract it, and give the file inside"
        )
    }
}

// Text.
extension FileFormat {
    /// Text may contain a few control characters, but no NUL. In random bytes every tenth is a control character.
    private static func isText(_ bytes: [UInt8]) -> Bool {
        guard !bytes.contains(0) else { return false }
        let controls = bytes.count { $0 < 0x20 && !(0x09...0x0D).contains($0) || $0 == 0x7F }
        return controls * 32 <= bytes.count
    }

    /// Texts that are not PostgreSQL's SQL, recognized by their first line.
    private static func text(_ bytes: [UInt8]) -> FileFormat {
        let text = String(decoding: bytes, as: UTF8.self).drop { $0.isWhitespace || $0 == "\u{FEFF}" }
        let start = text.prefix(60).lowercased()
        return others.first { start.hasPrefix($0.start) }?.format ?? .text
    }

    private static let others: [(start: String, format: FileFormat)] = [
        ("-- mysql dump", .other("a MySQL dump")), ("-- mariadb dump", .other("a MariaDB dump")),
        ("/*m!999999", .other("a MariaDB dump")),
        ("<!doctype", .other("an HTML page", hint: "the download may have failed: look into the file")),
        ("<html", .other("an HTML page", hint: "the download may have failed: look into the file")),
        ("<?xml", .other("an XML document", hint: "the download may have failed: look into the file")),
        ("version https://git-lfs", .other("a pointer of Git LFS", hint: "fetch the file itself: git lfs pull")),
        ("-----begin pgp message", .other("a file encrypted with PGP", hint: "decrypt it first: gpg --decrypt FILE")),
    ]
}
