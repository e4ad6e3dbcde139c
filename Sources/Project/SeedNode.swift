/// A value of a seed file with its line, independent of the file's format: all scalars are still text.
package struct SeedNode: Sendable, Equatable {
    package enum Value: Sendable, Equatable {
        case null
        /// `isPlain`: without quotes. In json columns `true` and `7` then have the type that YAML and JSON give them.
        case scalar(String, isPlain: Bool)
        case list([SeedNode])
        case mapping([Member])
    }

    package struct Member: Sendable, Equatable {
        package var key: String
        package var line: Int
        package var value: SeedNode

        package init(key: String, line: Int, value: SeedNode) {
            self.key = key
            self.line = line
            self.value = value
        }
    }

    package var value: Value
    /// `!ref`, `!sql`; nil without a tag, or with one of YAML's own.
    package var tag: String?
    /// From 1.
    package var line: Int

    package init(_ value: Value, tag: String? = nil, line: Int) {
        self.value = value
        self.tag = tag
        self.line = line
    }

    package static func text(_ text: String, line: Int) -> SeedNode {
        SeedNode(.scalar(text, isPlain: false), line: line)
    }

    package var isNull: Bool { value == .null }

    /// The text of a scalar.
    package var text: String? {
        if case .scalar(let text, _) = value { return text }
        return nil
    }

    package var members: [Member]? {
        if case .mapping(let members) = value { return members }
        return nil
    }

    package var elements: [SeedNode]? {
        if case .list(let elements) = value { return elements }
        return nil
    }

    /// The member with this name; nil if absent.
    package subscript(key: String) -> SeedNode? { members?.first { $0.key == key }?.value }

    package var kind: String {
        switch value {
        case .null: "null"
        case .scalar: "a text or a number"
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }

    /// Whether two values have the same content, wherever they are.
    package func says(_ other: SeedNode) -> Bool {
        guard tag == other.tag else { return false }
        switch (value, other.value) {
        case (.null, .null): return true
        case (.scalar(let one, _), .scalar(let two, _)): return one == two
        case (.list(let one), .list(let two)):
            return one.count == two.count && zip(one, two).allSatisfy { $0.says($1) }
        case (.mapping(let one), .mapping(let two)):
            return one.count == two.count && zip(one, two).allSatisfy { $0.key == $1.key && $0.value.says($1.value) }
        default: return false
        }
    }
}

// Expected types. Errors are `EnvironmentsError` with `.file`, and begin with the place.
extension SeedNode {
    func problem(_ file: String, _ what: String, hint: String? = nil) -> EnvironmentsError {
        EnvironmentsError(.file, at: FilePlace(file, line: line), what, hint: hint)
    }

    package func asText(_ name: String, _ file: String) throws(EnvironmentsError) -> String {
        guard let text else { throw problem(file, "\(name) is \(kind) and not a text") }
        return text
    }

    package func asBool(_ name: String, _ file: String) throws(EnvironmentsError) -> Bool {
        switch text?.lowercased() {
        case "true", "yes", "on": return true
        case "false", "no", "off": return false
        default: throw problem(file, "\(name) is neither true nor false")
        }
    }

    /// A whole number, possibly with underscores: `10_000`.
    package func asInt(_ name: String, _ file: String) throws(EnvironmentsError) -> Int {
        guard let text, let number = Int(text.filter { $0 != "_" }) else {
            throw problem(file, "\(name) is not a whole number")
        }
        return number
    }

    package func asDouble(_ name: String, _ file: String) throws(EnvironmentsError) -> Double {
        guard let text, let number = Double(text.filter { $0 != "_" }), number.isFinite else {
            throw problem(file, "\(name) is not a number")
        }
        return number
    }

    /// A list of texts, or a single text.
    package func asTexts(_ name: String, _ file: String) throws(EnvironmentsError) -> [String] {
        if let text { return [text] }
        guard let elements else { throw problem(file, "\(name) is \(kind) and not a list") }
        var texts: [String] = []
        for element in elements { texts.append(try element.asText(name, file)) }
        return texts
    }

    package func asMembers(_ name: String, _ file: String) throws(EnvironmentsError) -> [Member] {
        guard let members else { throw problem(file, "\(name) is \(kind) and not a mapping") }
        return members
    }
}
