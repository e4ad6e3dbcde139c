internal import PostgresClient
internal import Project

/// Writes values of files in PostgreSQL's text format. The server parses them, so only lists and mappings are converted
/// here.
enum ValueText {
    /// - Parameter isText: Whether the file has only text, like CSV. JSON is then passed on unchanged.
    /// - Throws: `SeedingError` with `.schema` if the type cannot hold a list or mapping.
    static func text(
        _ node: SeedNode,
        for column: SeedCatalog.Column,
        composites: [String: [SeedCatalog.Column]],
        isText: Bool,
        place: FilePlace
    ) throws(SeedingError) -> String? {
        switch (node.value, column.kind) {
        case (.null, _): return nil
        case (.scalar(let text, _), .json): return isText ? text : json(node)
        case (_, .json): return json(node)
        case (.scalar(let text, _), _): return text
        case (.list(let elements), .array(let isJSON)):
            return try array(elements, isJSON: isJSON, column, composites, place)
        case (.list, .composite), (.mapping, .composite):
            return try composite(node, composites, ofType: column.baseType, column, place)
        default:
            throw SeedingError(
                .schema,
                at: place,
                "the column \(column.name) is \(column.type), but the value is \(node.kind)",
                hint:
                    "use lists for arrays and for references to several rows, and mappings for json and composite types"
            )
        }
    }

    /// A value for a column that is not of a composite type, from a file with typed values.
    ///
    /// - Throws: `SeedingError` with `.schema`, naming the line.
    static func plain(
        _ node: SeedNode,
        for column: SeedCatalog.Column,
        file: String
    ) throws(SeedingError) -> String? {
        try text(node, for: column, composites: [:], isText: false, place: FilePlace(file, line: node.line))
    }

    /// JSON, with the types that YAML's core schema and JSON give to plain scalars.
    static func json(_ node: SeedNode) -> String {
        var text = ""
        write(node, to: &text)
        return text
    }

    private static func write(_ node: SeedNode, to text: inout String) {
        switch node.value {
        case .null: text += "null"
        case .scalar(let scalar, let isPlain): text += isPlain ? plain(scalar) : quoted(scalar)
        case .list(let elements):
            text += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { text += ", " }
                write(element, to: &text)
            }
            text += "]"
        case .mapping(let members):
            text += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { text += ", " }
                text += quoted(member.key) + ": "
                write(member.value, to: &text)
            }
            text += "}"
        }
    }

    private static func plain(_ scalar: String) -> String {
        switch scalar {
        case "true", "True", "TRUE": return "true"
        case "false", "False", "FALSE": return "false"
        default:
            return isNumber(scalar) ? scalar : quoted(scalar)
        }
    }

    /// Whether a text is a number in JSON. 007 and .5 are not, so they stay text.
    private static func isNumber(_ text: String) -> Bool {
        var bytes = text.utf8[...]
        if bytes.first == UInt8(ascii: "-") { bytes = bytes.dropFirst() }
        func digits() -> Int {
            let count = bytes.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
            bytes = bytes.dropFirst(count)
            return count
        }
        let startsWithZero = bytes.first == UInt8(ascii: "0")
        let whole = digits()
        guard whole > 0, !(startsWithZero && whole > 1) else { return false }
        if bytes.first == UInt8(ascii: ".") {
            bytes = bytes.dropFirst()
            guard digits() > 0 else { return false }
        }
        if bytes.first == UInt8(ascii: "e") || bytes.first == UInt8(ascii: "E") {
            bytes = bytes.dropFirst()
            if bytes.first == UInt8(ascii: "+") || bytes.first == UInt8(ascii: "-") { bytes = bytes.dropFirst() }
            guard digits() > 0 else { return false }
        }
        return bytes.isEmpty
    }

    static func quoted(_ string: String) -> String {
        var text = "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }

    private static func array(
        _ elements: [SeedNode],
        isJSON: Bool,
        _ column: SeedCatalog.Column,
        _ composites: [String: [SeedCatalog.Column]],
        _ place: FilePlace
    ) throws(SeedingError) -> String {
        var parts: [String] = []
        for element in elements {
            switch element.value {
            case .null: parts.append("NULL")
            case _ where isJSON: parts.append(escaped(json(element)))
            case .scalar(let text, _): parts.append(escaped(text))
            case .list(let inner): parts.append(try array(inner, isJSON: isJSON, column, composites, place))
            case .mapping:
                let type = column.baseType.hasSuffix("[]") ? String(column.baseType.dropLast(2)) : column.baseType
                parts.append(escaped(try composite(element, composites, ofType: type, column, place)))
            }
        }
        return "{\(parts.joined(separator: ","))}"
    }

    /// A row literal, from a list by position or from a mapping by name.
    private static func composite(
        _ node: SeedNode,
        _ composites: [String: [SeedCatalog.Column]],
        ofType type: String,
        _ column: SeedCatalog.Column,
        _ place: FilePlace
    ) throws(SeedingError) -> String {
        let attributes = composites[type] ?? []
        var values: [SeedNode?] = node.elements ?? []
        if let members = node.members {
            if let stranger = members.first(where: { member in !attributes.contains { $0.name == member.key } }) {
                throw SeedingError(
                    .schema,
                    at: place,
                    "the type \(column.type) of the column \(column.name) has no attribute \(stranger.key)",
                    hint: attributes.isEmpty ? nil : "it has \(attributes.map(\.name).joined(separator: ", "))"
                )
            }
            values = attributes.map { node[$0.name] }
        }
        var parts: [String] = []
        for (index, value) in values.enumerated() {
            guard let value, !value.isNull else {
                parts.append("")
                continue
            }
            // An attribute is converted like a column of its type.
            let attribute = attributes.indices.contains(index) ? attributes[index] : nil
            let text = try attribute.flatMap { attribute throws(SeedingError) in
                try self.text(value, for: attribute, composites: composites, isText: false, place: place)
            }
            parts.append(escaped(text ?? value.text ?? json(value)))
        }
        return "(\(parts.joined(separator: ",")))"
    }

    /// A text in double quotes, as arrays and rows require.
    private static func escaped(_ text: String) -> String {
        var scalars = String.UnicodeScalarView("\"".unicodeScalars)
        for scalar in text.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { scalars.append("\\") }
            scalars.append(scalar)
        }
        scalars.append("\"")
        return String(scalars)
    }
}
