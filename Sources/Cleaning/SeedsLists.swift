internal import FoundationEssentials
internal import Glibc
internal import Yams

/// The two lists of `seeds/seeds.yaml` that cleaning heeds. What else stands there is for seeding to judge.
package struct SeedsLists: Sendable, Equatable {
    package var path: String
    /// Tables that no command empties.
    package var protect: [String] = []
    /// Tables of what is the same everywhere, such as countries, which `--keep-reference` leaves alone.
    package var reference: [String] = []

    /// - Parameter folder: The folder of seeds; without the file in it both lists are empty.
    /// - Throws: `CleaningError` with `.file`, with the line.
    package static func read(folder: String) throws -> SeedsLists {
        let path = folder.hasSuffix("/") ? "\(folder)seeds.yaml" : "\(folder)/seeds.yaml"
        guard access(path, F_OK) == 0 else { return SeedsLists(path: path) }
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw CleaningError(.file, "\(path) could not be read as UTF-8 text", hint: "make it readable")
        }
        return try parse(text, path: path)
    }

    package static func parse(_ text: String, path: String) throws -> SeedsLists {
        var lists = SeedsLists(path: path)
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw CleaningError(.file, "\(path):\(line(of: error)): this is no YAML", hint: "mend it")
        }
        guard let root, !isNothing(root) else { return lists }
        guard let mapping = root.mapping else {
            throw CleaningError(.file, "\(path):1: keys with values are expected", hint: "such as protect: [audit.log]")
        }
        for (key, value) in mapping {
            switch key.scalar?.string {
            case "protect": lists.protect = try texts(value, "protect", path)
            case "reference": lists.reference = try texts(value, "reference", path)
            default: break
            }
        }
        return lists
    }

    /// A list of names, or one name alone. A key without a value is an empty list.
    private static func texts(_ node: Node, _ key: String, _ path: String) throws -> [String] {
        if isNothing(node) { return [] }
        if let scalar = node.scalar { return [scalar.string] }
        let elements = node.sequence.map(Array.init) ?? [node]
        return try elements.map { element in
            guard let text = element.scalar?.string, !text.isEmpty else {
                throw CleaningError(
                    .file,
                    "\(path):\(element.mark?.line ?? 1): \(key) is a list of tables",
                    hint: "write \(key): [schema.table, other.table]"
                )
            }
            return text
        }
    }

    private static func isNothing(_ node: Node) -> Bool { ["", "~", "null"].contains(node.scalar?.string) }

    private static func line(of error: YamlError) -> Int {
        switch error {
        case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark.line
        default: 1
        }
    }
}
