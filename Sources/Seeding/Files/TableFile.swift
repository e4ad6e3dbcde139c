package import Basics
package import Project

/// One row of a file.
package struct SeedRow: Sendable, Equatable {
    /// The label by which other rows refer to this row.
    package var label: String?
    package var cells: [SeedNode.Member]
    package var file: String
    package var line: Int
    package var layer: String
    /// The columns whose cells are plain text, as in CSV. For a json column the text is then the JSON.
    package var plainColumns: Set<ExactText> = []

    package var place: FilePlace { FilePlace(file, line: line) }

    package subscript(column: String) -> SeedNode? { cells.first { $0.key.utf8.elementsEqual(column.utf8) }?.value }
}

/// What to do when a row exists and differs.
package enum ConflictRule: String, Sendable, CaseIterable {
    case update, keep, error
}

/// The content of a file of rows.
package struct TableFile: Sendable {
    package var file: SeedFile
    package var key: [String]?
    package var onConflict: ConflictRule?
    package var prune: Bool?
    package private(set) var rows: SeedRows
    /// The mapping under `generate:`.
    package var generate: SeedNode?
    /// The hash of the file's bytes.
    package var digest: String

    private static let options: Set<String> = ["key", "on_conflict", "prune", "rows", "generate", "comment"]

    /// - Throws: `SeedingError` with `.file` and the line.
    package init(_ file: SeedFile, bytes: [UInt8]) throws(SeedingError) {
        self.file = file
        rows = SeedRows(of: file)
        digest = ContentHash.hex(bytes)
        switch file.format {
        case .yaml, .yml:
            let text = try SeedFolder.text(bytes, path: file.path)
            try read(
                SeedingError.ofFile { () throws(EnvironmentsError) in try YAMLText.read(text, path: file.path) }
            )
        case .json: try read(JSONRows.read(bytes, path: file.path))
        case .jsonl: try read(JSONRows.readLines(bytes, path: file.path))
        case .csv, .tsv:
            let separator = file.format == .csv ? UInt8(ascii: ",") : 0x09
            rows = SeedRows(of: file, try DelimitedText(bytes, separator: separator, path: file.path))
        case .sql: preconditionFailure("scripts are no rows")
        }
        try requireDistinctLabels()
    }

    private func row(_ label: String?, _ cells: [SeedNode.Member], _ line: Int) -> SeedRow {
        SeedRow(label: label, cells: cells, file: file.path, line: line, layer: file.layer)
    }

    private mutating func read(_ node: SeedNode) throws(SeedingError) {
        switch node.value {
        case .null: break
        case .list: try readRows(node)
        case .mapping(let members):
            // Rows by label need no `rows:` around them, unless a label looks like an option.
            guard members.contains(where: { Self.options.contains($0.key) }) else {
                try readRows(node)
                break
            }
            for member in members { try readOption(member) }
        case .scalar: throw node.problem(file.path, "the document is \(node.kind), neither rows nor options")
        }
    }

    private mutating func readOption(_ member: SeedNode.Member) throws(SeedingError) {
        switch member.key {
        case "key": key = try member.value.requireTexts("key", file.path)
        case "on_conflict":
            let text = try member.value.requireText("on_conflict", file.path)
            guard let rule = ConflictRule(rawValue: text) else {
                throw member.value.problem(file.path, "on_conflict is \(text)", hint: "write update, keep or error")
            }
            onConflict = rule
        case "prune": prune = try member.value.requireBool("prune", file.path)
        case "rows": try readRows(member.value)
        case "generate":
            // `generate: 1000` is short for a `count`.
            if member.value.text != nil {
                generate = SeedNode(
                    .mapping([SeedNode.Member(key: "count", line: member.line, value: member.value)]),
                    line: member.line
                )
            } else {
                _ = try member.value.requireMembers("generate", file.path)
                generate = member.value
            }
        case "comment": break
        default:
            throw SeedingError(
                .file,
                at: FilePlace(file.path, line: member.line),
                "\(member.key) is unknown",
                hint: "the options are \(Self.options.sorted().joined(separator: ", "))"
            )
        }
    }

    /// A list of rows, or rows by label.
    private mutating func readRows(_ node: SeedNode) throws(SeedingError) {
        switch node.value {
        case .null: break
        case .list(let elements):
            for element in elements { rows.append(try row(element, label: nil)) }
        case .mapping(let members):
            for member in members {
                var row = try row(member.value, label: member.key)
                row.line = member.line
                rows.append(row)
            }
        case .scalar: throw node.problem(file.path, "rows is \(node.kind), neither a list nor a mapping of labels")
        }
    }

    private func row(_ node: SeedNode, label: String?) throws(SeedingError) -> SeedRow {
        if node.isNull, label != nil { return row(label, [], node.line) }
        guard let members = node.members else {
            throw node.problem(file.path, "a row is \(node.kind), not a mapping of columns")
        }
        var label = label
        var cells = members
        if let given = node["_label"] {
            label = try given.requireText("_label", file.path)
            cells.removeAll { $0.key == "_label" }
        }
        return row(label, cells, node.line)
    }

    private func requireDistinctLabels() throws(SeedingError) {
        guard rows.mayHaveLabels else { return }
        var seen: [String: Int] = [:]
        for place in rows.indices {
            guard let label = rows.label(place) else { continue }
            if let line = seen[label] {
                throw SeedingError(
                    .file,
                    at: FilePlace(file.path, line: rows.line(place)),
                    "the label \(label) is also in line \(line)",
                    hint: "give each row a different label"
                )
            }
            seen[label] = rows.line(place)
        }
    }
}
