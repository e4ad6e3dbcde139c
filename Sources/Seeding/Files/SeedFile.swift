/// The name of a seed file: `[NN_][schema.]table.{yaml,yml,json,jsonl,csv,tsv}[.gz]`, or `[NN_]name.sql[.gz]`.
package struct SeedFile: Sendable, Equatable {
    package enum Format: String, Sendable, CaseIterable {
        case yaml, yml, json, jsonl, csv, tsv, sql
    }

    /// The name relative to the folder of seeds, without `.gz` and with `yaml` for `yml`, so that two forms of the same
    /// file are equal.
    package var stem: String {
        let plain = isPacked ? name.dropLast(3) : name[...]
        return plain.dropLast(format.rawValue.count) + (format == .yml ? "yaml" : format.rawValue)
    }

    /// The path in messages, such as `seeds/common/010_users.yaml`.
    package var path: String
    /// The path relative to the folder of seeds: `common/010_users.yaml`.
    package var name: String
    package var layer: String
    package var format: Format
    package var isPacked: Bool
    /// The number before the first underscore; nil if there is none.
    package var number: Int?
    /// nil if the file name has none.
    package var schema: String?
    /// The table; for a script, its name.
    package var table: String

    /// - Returns: nil if the name is not that of a seed file: hidden files, notes, other formats.
    package init?(layer: String, file: String, folder: String) {
        guard !file.hasPrefix("."), !file.hasSuffix("~") else { return nil }
        var stem = file[...]
        isPacked = stem.hasSuffix(".gz")
        if isPacked { stem = stem.dropLast(3) }
        guard let dot = stem.lastIndex(of: "."),
            let format = Format(rawValue: stem[stem.index(after: dot)...].lowercased())
        else { return nil }
        stem = stem[..<dot]
        if let mark = stem.firstIndex(of: "_"), let number = Int(stem[..<mark]), number >= 0 {
            self.number = number
            stem = stem[stem.index(after: mark)...]
        }
        guard !stem.isEmpty else { return nil }
        if format != .sql, let dot = stem.firstIndex(of: ".") {
            schema = String(stem[..<dot])
            stem = stem[stem.index(after: dot)...]
        }
        table = String(stem)
        self.format = format
        self.layer = layer
        name = "\(layer)/\(file)"
        path = "\(folder)/\(name)"
    }

    package var isScript: Bool { format == .sql }
}
