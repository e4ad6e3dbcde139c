internal import Cryptography
internal import Glibc
internal import Storage
internal import Synchronization

/// Whether a file applies a migration or reverts it.
package enum Direction: String, Sendable {
    case up
    case down
}

/// The name of a migration file, such as `000003_add_user_settings.up.sql`. The format is golang-migrate's: any number
/// of digits, an underscore, a title that may contain dots, and the direction.
package struct MigrationFileName: Sendable, Equatable {
    package var digits: String
    package var version: Int
    package var title: String
    package var direction: Direction

    /// The highest number that a migration may have, 2^56 − 1.
    package static let highestVersion = (1 << 56) - 1

    /// nil if the name has another form, or if the number is above the highest.
    package init?(_ name: String) {
        // Works on bytes, because a tree has thousands of names.
        let bytes = name.utf8
        let direction: Direction
        if bytes.suffix(7).elementsEqual(".up.sql".utf8) {
            direction = .up
        } else if bytes.suffix(9).elementsEqual(".down.sql".utf8) {
            direction = .down
        } else {
            return nil
        }
        let stem = bytes.dropLast(direction == .up ? 7 : 9)
        let digits = stem.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard let version = Int(Substring(digits)), version <= Self.highestVersion,
            stem[digits.endIndex...].first == UInt8(ascii: "_"),
            let title = String(stem[digits.endIndex...].dropFirst())
        else { return nil }
        self.digits = String(Substring(digits))
        self.version = version
        self.title = title
        self.direction = direction
    }

    /// Whether the name would be valid if its number were lower.
    package static func isTooHigh(_ name: String) -> Bool {
        let digits = name.utf8.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard MigrationFileName(name) == nil, digits.count > 16 else { return false }
        return MigrationFileName("1" + name.dropFirst(digits.count)) != nil
    }

    /// The name without its direction, which both files of a migration share.
    package var stem: String { "\(digits)_\(title)" }
}

/// A migration file with its text.
package struct MigrationFile: Sendable, Equatable {
    package let name: MigrationFileName
    /// The path for messages: relative if the folder was given as a relative path.
    package let path: String
    package let text: String
    private let digest = Digest()

    package init(name: MigrationFileName, path: String, text: String) {
        self.name = name
        self.path = path
        self.text = text
    }

    /// SHA-256 of the canonical text, as 64 hexadecimal digits. It stays the same when an editor or git changes line
    /// ends.
    package var sha256: String { digest.value(of: CanonicalText(text).text) }

    /// Whether a recorded checksum belongs to this file. Earlier versions of granary recorded the checksum of the
    /// bytes, with the line ends that the file had then.
    package func matches(_ recorded: String) -> Bool { recorded == sha256 || spellings.contains(recorded) }

    /// The checksums of the same lines with other line ends and byte order marks.
    var spellings: Set<String> { digest.spellings(of: text) }

    package static func == (a: MigrationFile, b: MigrationFile) -> Bool {
        a.name == b.name && a.path == b.path && a.text.utf8.elementsEqual(b.text.utf8)
    }

    /// Computes checksums when they are first asked for: validation reads all files of a tree, but needs few of their
    /// checksums.
    private final class Digest: Sendable {
        private let known = Mutex<String?>(nil)
        private let others = Mutex<Set<String>?>(nil)

        func value(of text: String) -> String {
            known.withLock { known in
                if let known { return known }
                let value = MigrationFile.sha256(of: text)
                known = value
                return value
            }
        }

        func spellings(of text: String) -> Set<String> {
            others.withLock { others in
                if let others { return others }
                let spellings = CanonicalText(text).spellings + [text]
                let value = Set(spellings.map(MigrationFile.sha256(of:)))
                others = value
                return value
            }
        }
    }

    /// - Throws: `MigrationError` with `.file` if the file cannot be read or is not UTF-8.
    package static func read(_ name: MigrationFileName, at path: String) throws(MigrationError) -> MigrationFile {
        MigrationFile(name: name, path: path, text: try text(at: path))
    }

    /// - Throws: The same errors as `read`.
    static func text(at path: String) throws(MigrationError) -> String {
        let bytes: [UInt8]
        do {
            bytes = try Files.bytes(of: path, onlyRegular: true)
        } catch {
            throw MigrationError(
                .file,
                "\(path) could not be read: \(error)",
                hint: "make it readable for the account that migrates"
            )
        }
        guard let text = bytes.withUnsafeBytes({ $0.contains(0) ? nil : String(validating: $0, as: UTF8.self) }) else {
            throw notText(bytes, path)
        }
        return text
    }

    private static func notText(_ bytes: [UInt8], _ path: String) -> MigrationError {
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        let line = lines.firstIndex { $0.contains(0) || String(validating: $0, as: UTF8.self) == nil } ?? 0
        guard !lines[line].contains(0) else {
            return MigrationError(
                .file,
                at: FilePlace(path, line: line + 1),
                "it contains a zero byte, which PostgreSQL does not accept in text",
                hint: "convert a UTF-16 file with `iconv -f UTF-16 -t UTF-8`"
            )
        }
        return MigrationError(
            .file,
            at: FilePlace(path, line: line + 1),
            "it is not UTF-8 text",
            hint: "convert it, such as with `iconv -f LATIN1 -t UTF-8`"
        )
    }

    private static func sha256(of text: String) -> String {
        var text = text
        return text.withUTF8 { SHA256.text(of: UnsafeRawBufferPointer($0)) }
    }
}
