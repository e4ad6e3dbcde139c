internal import Archive
internal import Glibc

/// The encoding of a dump: of its rows, and of the statements in its table of contents.
struct DumpEncoding: Sendable {
    /// PostgreSQL's name.
    let name: String
    /// What iconv calls it; nil for UTF-8, and for bytes without meaning.
    private let charset: String?

    static let utf8 = DumpEncoding(name: "UTF8", charset: nil)

    private init(name: String, charset: String?) {
        self.name = name
        self.charset = charset
    }

    /// - Parameter statement: `SET client_encoding = 'UTF8';`
    /// - Throws: `ArchiveError.format` for an encoding that cannot be turned into UTF-8 here.
    init(statement: String, _ file: String) throws {
        let parts = statement.split(separator: "'", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].hasPrefix("SET client_encoding") else {
            throw ArchiveError.damagedDump(file, "its entry ENCODING has an unknown form")
        }
        name = String(parts[1])
        switch name {
        case "UTF8", "SQL_ASCII": charset = nil
        default:
            guard let charset = Self.charsets[name] else {
                throw ArchiveError(
                    .format,
                    "\(file) is in the encoding \(name), which is not supported",
                    hint: "make the dump with pg_dump --encoding=UTF8"
                )
            }
            self.charset = charset
        }
    }

    /// The text of bytes in this encoding. Those of SQL_ASCII stand as the characters of the same numbers, as a session
    /// with such a database has them.
    func string(_ bytes: [UInt8]) -> String {
        if name == "SQL_ASCII" { return String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) })) }
        guard let charset, bytes.contains(where: { $0 >= 0x80 }) else { return String(decoding: bytes, as: UTF8.self) }
        return String(decoding: Self.converted(bytes, charset) ?? bytes, as: UTF8.self)
    }

    private static func converted(_ bytes: [UInt8], _ charset: String) -> [UInt8]? {
        let converter = iconv_open("UTF-8", charset)
        guard converter != iconv_t(bitPattern: -1) else { return nil }
        defer { iconv_close(converter) }
        var input = bytes.map { CChar(bitPattern: $0) }
        // No character of these encodings takes more than four times its bytes in UTF-8.
        var output = [CChar](repeating: 0, count: 4 * bytes.count + 16)
        var (inputLeft, outputLeft) = (input.count, output.count)
        let isDone = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                var (from, to) = (input.baseAddress, output.baseAddress)
                return iconv(converter, &from, &inputLeft, &to, &outputLeft) != -1
            }
        }
        guard isDone else { return nil }
        return output[..<(output.count - outputLeft)].map { UInt8(bitPattern: $0) }
    }

    private static let charsets = [
        "LATIN1": "ISO-8859-1", "LATIN2": "ISO-8859-2", "LATIN3": "ISO-8859-3", "LATIN4": "ISO-8859-4",
        "LATIN5": "ISO-8859-9", "LATIN6": "ISO-8859-10", "LATIN7": "ISO-8859-13", "LATIN8": "ISO-8859-14",
        "LATIN9": "ISO-8859-15", "LATIN10": "ISO-8859-16", "ISO_8859_5": "ISO-8859-5", "ISO_8859_6": "ISO-8859-6",
        "ISO_8859_7": "ISO-8859-7", "ISO_8859_8": "ISO-8859-8", "WIN1250": "CP1250", "WIN1251": "CP1251",
        "WIN1252": "CP1252", "WIN1253": "CP1253", "WIN1254": "CP1254", "WIN1255": "CP1255", "WIN1256": "CP1256",
        "WIN1257": "CP1257", "WIN1258": "CP1258", "WIN866": "CP866", "WIN874": "CP874", "KOI8R": "KOI8-R",
        "KOI8U": "KOI8-U", "EUC_JP": "EUC-JP", "EUC_CN": "EUC-CN", "EUC_KR": "EUC-KR", "EUC_TW": "EUC-TW",
        "SJIS": "SJIS", "BIG5": "BIG5", "GBK": "GBK", "GB18030": "GB18030", "UHC": "UHC", "JOHAB": "JOHAB",
    ]
}
