internal import Environments
internal import FoundationEssentials
internal import Glibc

extension DependenciesFile {
    /// The text of the file with an approval of a migration in it, and everything else as it was.
    ///
    /// - Throws: `MigrationError` where the file has no entry for the migration.
    package func approving(_ migration: Migration, by: String, at time: String) throws -> [UInt8] {
        guard let text, let entry = entry(migration.version), let up = migration.up else {
            throw MigrationError(
                .usage,
                "\(path) has no entry for \(migration.name) to be approved in",
                hint: "add \"\(migration.digits)\": {} to its migrations"
            )
        }
        let approval =
            "{\"sha256\": \"\(up.sha256)\", \"by\": \(Self.quoted(by)), \"at\": \"\(time)\"}"
        guard let node = text.root["migrations"]?.object(entry.key) else { return text.bytes }
        if let old = node["approved"] {
            return Array(text.bytes[..<old.range.lowerBound]) + Array(approval.utf8)
                + Array(text.bytes[old.range.upperBound...])
        }
        let members = (try? node.members()) ?? []
        guard let last = members.last else {
            return Array(text.bytes[..<(node.range.lowerBound + 1)]) + Array("\"approved\": \(approval)".utf8)
                + Array(text.bytes[(node.range.lowerBound + 1)...])
        }
        // As the member before is set off from what precedes it.
        var start = last.keyStart
        while start > 0, text.bytes[start - 1].isBlank { start -= 1 }
        let blanks = String(decoding: text.bytes[start..<last.keyStart], as: UTF8.self)
        let end = last.value.range.upperBound
        return Array(text.bytes[..<end]) + Array(",\(blanks)\"approved\": \(approval)".utf8) + Array(text.bytes[end...])
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { quoted += "\\" }
            if scalar.value >= 32 { quoted.unicodeScalars.append(scalar) }
        }
        return quoted + "\""
    }

    /// Writes the file whole or not at all.
    package static func write(_ bytes: [UInt8], to path: String) throws {
        do {
            try Data(bytes).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw MigrationError(.file, "\(path) could not be written", hint: "make the file and its folder writable")
        }
    }
}

extension JSONNode {
    fileprivate func object(_ key: String) -> JSONNode? { self[key] }
}

extension UInt8 {
    fileprivate var isBlank: Bool { self == 0x20 || self == 0x09 || self == 0x0A || self == 0x0D }
}
