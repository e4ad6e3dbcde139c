package import Project

/// Reads JSON, and JSON with one value per line.
package enum JSONRows {
    /// - Throws: `SeedingError` with `.file` and the line.
    package static func read(_ bytes: [UInt8], path: String) throws(SeedingError) -> SeedNode {
        do {
            return convert(try JSONText(bytes, path: path).root, 0)
        } catch {
            throw SeedingError(.file, at: error.place, error.message, hint: "the file must be JSON, without comments")
        }
    }

    /// A list of the lines' values; empty lines are skipped.
    package static func readLines(_ bytes: [UInt8], path: String) throws(SeedingError) -> SeedNode {
        var nodes: [SeedNode] = []
        var line = 0
        for piece in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            line += 1
            guard piece.contains(where: { $0 != 0x20 && $0 != 0x0D && $0 != 0x09 }) else { continue }
            do {
                nodes.append(convert(try JSONText(Array(piece), path: path).root, line - 1))
            } catch {
                // The reader has counted only one line.
                let place = FilePlace(path, line: line, column: error.place?.column)
                throw SeedingError(.file, at: place, error.message, hint: "each line must be one JSON object")
            }
        }
        return SeedNode(.list(nodes), line: 1)
    }

    private static func convert(_ node: JSONNode, _ before: Int) -> SeedNode {
        let line = node.line + before
        switch node.value {
        case .null: return SeedNode(.null, line: line)
        case .bool(let value): return SeedNode(.scalar(value ? "true" : "false", isPlain: true), line: line)
        case .number(let digits): return SeedNode(.scalar(digits, isPlain: true), line: line)
        case .string(let text): return SeedNode(.scalar(text, isPlain: false), line: line)
        case .array(let elements): return SeedNode(.list(elements.map { convert($0, before) }), line: line)
        case .object(let members):
            return SeedNode(
                .mapping(
                    members.map {
                        SeedNode.Member(key: $0.key, line: $0.line + before, value: convert($0.value, before))
                    }
                ),
                line: line
            )
        }
    }
}
