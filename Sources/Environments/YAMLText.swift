internal import PostgresClient
internal import Yams

/// YAML, with every scalar as it is written and the line of every value.
///
/// Plain `null`, `~` and nothing are null; everything else stays text, so `no`, `007` and `1e3` arrive as they stand.
package enum YAMLText {
    /// - Throws: `EnvironmentsError` with `.file`, naming the line.
    package static func read(_ text: String, path: String) throws(EnvironmentsError) -> SeedNode {
        var node: Node?
        do {
            // The basic resolver knows no types: none are wanted, and its answers cost nothing.
            node = try Yams.compose(yaml: quotingLookups(text), .basic)
        } catch let error as YamlError {
            throw problem(error, text, path)
        } catch {
            throw EnvironmentsError(.file, "\(path): the YAML cannot be read")
        }
        guard let node else { return SeedNode(.null, line: 1) }
        // Without aliases no file has more values than bytes; with them a few lines could have millions.
        var budget = valuesMax(bytes: text.utf8.count)
        return try convert(node, path, &budget)
    }

    /// How many values a file may have, those counted each time that aliases repeat.
    package static func valuesMax(bytes: Int) -> Int { 100_000 + 10 * bytes }

    /// `!ref users{email: a@example.com}` is no YAML as it stands: quotes are put around what follows the tag.
    private static func quotingLookups(_ text: String) -> String {
        guard text.contains("!ref ") else { return text }
        return text.split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
            guard line.contains("!ref "), line.contains("{") else { return String(line) }
            return String(line).replacing(#/!ref\s+([\p{L}_][\p{L}\p{N}_$.]*\{[^{}"'\n]*\})/#) {
                "!ref \"\($0.output.1)\""
            }
        }.joined(separator: "\n")
    }

    private static func convert(_ node: Node, _ path: String, _ budget: inout Int) throws(EnvironmentsError) -> SeedNode
    {
        let line = node.mark?.line ?? 1
        budget -= 1
        guard budget > 0 else {
            throw EnvironmentsError(
                .file,
                "\(path):\(line): the aliases of this file unfold into too many values",
                hint: "write out what the aliases stand for, or make several files of it"
            )
        }
        let name = node.tag.description
        let tag = name.hasPrefix("!") && name.count > 1 ? String(name.dropFirst()) : nil
        switch node {
        case .scalar(let scalar):
            let isPlain = scalar.style == .plain || scalar.style == .any
            if isPlain, tag == nil, ["", "~", "null", "Null", "NULL"].contains(scalar.string) {
                return SeedNode(.null, line: line)
            }
            return SeedNode(.scalar(scalar.string, isPlain: isPlain), tag: tag, line: line)
        case .sequence(let sequence):
            var elements: [SeedNode] = []
            elements.reserveCapacity(sequence.count)
            for element in sequence { elements.append(try convert(element, path, &budget)) }
            return SeedNode(.list(elements), tag: tag, line: line)
        case .mapping(let mapping):
            var members: [SeedNode.Member] = []
            var merged: [SeedNode.Member] = []
            var mergedKeys: Set<ExactText> = []
            for (key, value) in mapping {
                guard case .scalar(let scalar) = key else {
                    throw EnvironmentsError(
                        .file,
                        "\(path):\(key.mark?.line ?? line): a key of a mapping must be a text"
                    )
                }
                let value = try convert(value, path, &budget)
                if scalar.string == "<<", scalar.style == .plain {
                    // YAML's merge key: what stands here itself wins over what is merged.
                    for source in value.elements ?? [value] {
                        for member in source.members ?? [] where mergedKeys.insert(ExactText(member.key)).inserted {
                            merged.append(member)
                        }
                    }
                } else {
                    members.append(
                        SeedNode.Member(key: scalar.string, line: key.mark?.line ?? line, value: value)
                    )
                }
            }
            let keys = merged.isEmpty ? [] : Set(exactly: members.map(\.key))
            members += merged.filter { !keys.contains($0.key) }
            return SeedNode(.mapping(members), tag: tag, line: line)
        case .alias:
            throw EnvironmentsError(.file, "\(path):\(line): an alias that names no anchor")
        }
    }

    private static func problem(_ error: YamlError, _ text: String, _ path: String) -> EnvironmentsError {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            let line =
                text.split(separator: "\n", omittingEmptySubsequences: false).dropFirst(mark.line - 1).first ?? ""
            let isReference = line.contains(#/[:\[,-]\s*@/#)
            let isAlias = line.contains(#/[:\[,-]\s*\*/#)
            let isTab = line.contains("\t")
            return EnvironmentsError(
                .file,
                "\(path):\(mark.line):\(mark.column): \(problem)",
                hint: isReference
                    ? "YAML keeps @ for itself: write \"@label\" in quotes, or !ref label"
                    : isAlias
                        ? "YAML takes a word that begins with * for an alias: write \"*_log\" in quotes"
                        : isTab
                            ? "YAML takes no tabs at the beginning of a line" : "look at this line and the one before"
            )
        case .duplicatedKeysInMapping(let duplicates, let context):
            return EnvironmentsError(
                .file,
                "\(path):\(context.mark.line): the key \(duplicates.first ?? "") is there twice",
                hint: "one of the two would be lost: join them"
            )
        case .reader(let problem, _, _, _):
            return EnvironmentsError(.file, "\(path): \(problem)", hint: "the file must be UTF-8")
        default: return EnvironmentsError(.file, "\(path): the YAML cannot be read")
        }
    }
}
