/// Reads YAML with every scalar as it is written and the line of every value.
///
/// Plain `null`, `~` and nothing are null. Everything else stays text: `no`, `007` and `1e3` arrive unchanged.
package enum YAMLText {
    /// - Throws: `EnvironmentsError` with `.file` and the line.
    package static func read(_ text: String, path: String) throws(EnvironmentsError) -> SeedNode {
        var reader = YAMLReader(text, quotingLookups(text), path)
        return try reader.document()
    }

    /// How many values a file may have. Values repeated by aliases are counted each time.
    package static func valuesMax(bytes: Int) -> Int { 100_000 + 10 * bytes }

    /// `!ref users{email: a@example.com}` is not valid YAML, so the text after the tag is quoted first.
    private static func quotingLookups(_ text: String) -> String {
        guard text.contains("!ref ") else { return text }
        return text.split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
            guard line.contains("!ref "), line.contains("{") else { return String(line) }
            return String(line).replacing(#/!ref\s+([\p{L}_][\p{L}\p{N}_$.]*\{[^{}"'\n]*\})/#) {
                "!ref \"\($0.output.1)\""
            }
        }.joined(separator: "\n")
    }
}

/// Builds the values of one document from its events.
private struct YAMLReader: ~Copyable {
    /// The value of an anchor, and how many values it contains.
    private struct Anchored {
        let node: SeedNode
        let isPlainText: Bool
        let count: Int
    }

    private static let aliasHint = "to YAML, a word that begins with * is an alias: write \"*_log\" in quotes"

    private let text: String
    private let path: String
    private var events: YAMLEvents
    private var anchors: [String: Anchored] = [:]
    /// The number of values so far, including those repeated by aliases. Without aliases a file has fewer values than
    /// bytes; with them a few lines could have millions.
    private var count = 0
    private let countMax: Int

    /// - Parameters:
    ///   - text: The text of the file.
    ///   - prepared: The text for libyaml.
    init(_ text: String, _ prepared: String, _ path: String) {
        self.text = text
        self.path = path
        events = YAMLEvents(prepared)
        countMax = YAMLText.valuesMax(bytes: text.utf8.count)
    }

    /// The only document in the text; null if it is empty.
    mutating func document() throws(EnvironmentsError) -> SeedNode {
        var root: SeedNode?
        while true {
            let event = try next()
            switch event.kind {
            case .streamEnd: return root ?? SeedNode(.null, line: 1)
            case .documentStart:
                guard root == nil else {
                    throw EnvironmentsError(
                        .file,
                        at: FilePlace(path, line: event.line),
                        "a second document begins here",
                        hint: "a file can have only one document; remove this line, or split the file"
                    )
                }
                root = try value(try next())
            default: break
            }
        }
    }

    private mutating func value(_ event: YAMLEvents.Event) throws(EnvironmentsError) -> SeedNode {
        let before = count
        try count(1, event.line)
        let tag = event.tag.flatMap { $0.hasPrefix("!") && $0.utf8.count > 1 ? String($0.dropFirst()) : nil }
        var isPlainText = false
        let value: SeedNode.Value
        switch event.kind {
        case .scalar(let text, let isPlain):
            isPlainText = isPlain
            let isNull = isPlain && tag == nil && ["", "~", "null", "Null", "NULL"].contains(text)
            value = isNull ? .null : .scalar(text, isPlain: isPlain)
        case .sequenceStart: value = .list(try elements())
        case .mappingStart: value = .mapping(try members(line: event.line))
        case .alias(let name):
            guard let anchored = anchors[name] else { throw unknown(name, event.line) }
            try count(anchored.count - 1, event.line)
            return anchored.node
        default: throw EnvironmentsError(.file, at: FilePlace(path, line: event.line), "a value is expected")
        }
        let node = SeedNode(value, tag: tag, line: event.line)
        if let anchor = event.anchor {
            anchors[anchor] = Anchored(node: node, isPlainText: isPlainText, count: count - before)
        }
        return node
    }

    private mutating func elements() throws(EnvironmentsError) -> [SeedNode] {
        var elements: [SeedNode] = []
        while true {
            let event = try next()
            if case .end = event.kind { return elements }
            elements.append(try value(event))
        }
    }

    /// The members of a mapping, including those from the merge key `<<`. The mapping's own members take precedence.
    private mutating func members(line: Int) throws(EnvironmentsError) -> [SeedNode.Member] {
        var (members, merged): ([SeedNode.Member], [SeedNode.Member]) = ([], [])
        var (keys, mergedKeys): (Set<ExactText>, Set<ExactText>) = ([], [])
        while true {
            let event = try next()
            if case .end = event.kind { break }
            let (key, isPlain) = try key(event)
            guard keys.insert(ExactText(key)).inserted else {
                throw EnvironmentsError(
                    .file,
                    at: FilePlace(path, line: event.line),
                    "the key \(key) occurs twice",
                    hint: "one of the two would be lost: merge them"
                )
            }
            let value = try value(try next())
            guard key == "<<", isPlain else {
                members.append(SeedNode.Member(key: key, line: event.line, value: value))
                continue
            }
            for source in value.elements ?? [value] {
                for member in source.members ?? [] where mergedKeys.insert(ExactText(member.key)).inserted {
                    merged.append(member)
                }
            }
        }
        return members + merged.filter { !keys.contains(ExactText($0.key)) }
    }

    private mutating func key(_ event: YAMLEvents.Event) throws(EnvironmentsError) -> (text: String, isPlain: Bool) {
        switch event.kind {
        case .scalar(let text, let isPlain):
            if let anchor = event.anchor {
                let node = SeedNode(.scalar(text, isPlain: isPlain), line: event.line)
                anchors[anchor] = Anchored(node: node, isPlainText: isPlain, count: 1)
            }
            return (text, isPlain)
        case .alias(let name):
            guard let anchored = anchors[name] else { throw unknown(name, event.line) }
            if let text = anchored.node.text { return (text, anchored.isPlainText) }
        default: break
        }
        throw EnvironmentsError(.file, at: FilePlace(path, line: event.line), "a key of a mapping must be a text")
    }

    private mutating func count(_ values: Int, _ line: Int) throws(EnvironmentsError) {
        count += values
        guard count < countMax else {
            throw EnvironmentsError(
                .file,
                at: FilePlace(path, line: line),
                "the aliases of this file expand to too many values",
                hint: "write the repeated values out, or split the file"
            )
        }
    }

    private func unknown(_ anchor: String, _ line: Int) -> EnvironmentsError {
        EnvironmentsError(
            .file,
            at: FilePlace(path, line: line),
            "the alias *\(anchor) names no anchor before it",
            hint: YAMLReader.aliasHint
        )
    }

    private mutating func next() throws(EnvironmentsError) -> YAMLEvents.Event {
        do { return try events.next() } catch { throw described(error) }
    }

    private func described(_ problem: YAMLEvents.Problem) -> EnvironmentsError {
        guard let place = problem.place else {
            return EnvironmentsError(.file, "\(path): \(problem.message)", hint: "the file must be UTF-8")
        }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let line = lines.dropFirst(place.line - 1).first ?? ""
        let hint =
            if line.contains(#/[:\[,-]\s*@/#) {
                "YAML reserves @: write \"@label\" in quotes, or !ref label"
            } else if line.contains(#/[:\[,-]\s*\*/#) {
                YAMLReader.aliasHint
            } else if line.contains("\t") {
                "YAML allows no tabs at the beginning of a line"
            } else {
                "check this line and the line before it"
            }
        return EnvironmentsError(
            .file,
            at: FilePlace(path, line: place.line, column: place.column),
            problem.message,
            hint: hint
        )
    }
}
