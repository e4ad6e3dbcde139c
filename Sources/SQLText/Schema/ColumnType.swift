/// The type of a column as it is written, with common spellings unified.
package struct ColumnType: Sendable, Hashable, CustomStringConvertible {
    /// Without `pg_catalog`; with any other schema.
    package var name: String
    /// The numbers in parentheses.
    package var modifiers: [Int]
    package var isArray: Bool

    package init(_ typeName: ParseNode) {
        var names = typeName["names"].names
        if names.first == "pg_catalog" { names.removeFirst() }
        name = names.joined(separator: ".")
        isArray = typeName["arrayBounds"].exists
        modifiers = typeName["typmods"].items.map { $0.int ?? 0 }
        if name == "interval" { modifiers = modifiers.count > 1 ? [modifiers[1]] : [] }
    }

    package init(_ name: String, _ modifiers: [Int] = []) {
        self.name = name
        self.modifiers = modifiers
        isArray = false
    }

    package var description: String {
        let shown = Self.shown[name] ?? name
        let numbers = modifiers.isEmpty ? "" : "(\(modifiers.map(String.init).joined(separator: ",")))"
        return shown + numbers + (isArray ? "[]" : "")
    }

    private static let shown = [
        "int2": "smallint", "int4": "integer", "int8": "bigint", "bool": "boolean", "float4": "real",
        "float8": "double precision", "bpchar": "char", "varbit": "bit varying",
    ]

    package var isSerial: Bool { serialSize != nil }

    static func isSerial(_ typeName: ParseNode) -> Bool {
        // The names of serial and bit types begin with these letters, and few others do.
        guard let name = typeName["names"].names.last?.utf8, name.count >= 6, "sb".utf8.contains(name.first!) else {
            return false
        }
        return ColumnType(typeName).isSerial
    }

    /// The size of an integer or serial type in bytes; nil for other types.
    package var integerSize: Int? {
        switch name {
        case "int2": 2
        case "int4": 4
        case "int8": 8
        default: serialSize
        }
    }

    /// The size of the integer of a serial type in bytes.
    package var serialSize: Int? {
        switch name {
        case "smallserial", "serial2": 2
        case "serial", "serial4": 4
        case "bigserial", "serial8": 8
        default: nil
        }
    }

    /// Whether it is citext, in whatever schema the extension is.
    private var isCitext: Bool { name == "citext" || name.hasSuffix(".citext") }

    /// Whether a change to the other type rebuilds the indexes of the column, although the rows are kept.
    package func rebuildsIndexes(becoming other: ColumnType) -> Bool { isCitext != other.isCitext }

    /// Whether the server keeps the rows unchanged when a column of this type gets the other type, according to
    /// `ATColumnChangeRequiresRewrite` in `tablecmds.c`, for PostgreSQL's own types.
    package func becomes(_ other: ColumnType) -> Bool {
        if self == other { return true }
        guard !isArray, !other.isArray else { return false }
        // CREATE EXTENSION citext declares the casts as WITHOUT FUNCTION.
        if other.isCitext { return ["text", "varchar"].contains(name) }
        if isCitext { return ["text", "varchar"].contains(other.name) && other.modifiers.isEmpty }
        switch (name, other.name) {
        case ("varchar", "varchar"), ("varbit", "varbit"): return isWidened(to: other)
        case ("varchar", "text"), ("cidr", "inet"): return true
        case ("text", "varchar"): return other.modifiers.isEmpty
        case ("timestamp", "timestamp"), ("timestamptz", "timestamptz"), ("time", "time"), ("timetz", "timetz"),
            ("interval", "interval"):
            return isWidened(to: other)
        case ("numeric", "numeric"):
            if other.modifiers.isEmpty { return true }
            let (scale, otherScale) = (modifiers.dropFirst().first ?? 0, other.modifiers.dropFirst().first ?? 0)
            return scale == otherScale && isWidened(to: other)
        default: return false
        }
    }

    /// The first number grows, or is removed.
    private func isWidened(to other: ColumnType) -> Bool {
        guard let limit = other.modifiers.first else { return true }
        guard let mine = modifiers.first else { return false }
        return mine <= limit
    }
}
