import FoundationEssentials
import TestSupport
import Testing

/// A name without a schema is looked up in the search path, which another role may choose. Sessions begin with an empty
/// path, and statements that run under a database's or a service's path must not depend on it.
@Suite struct QualifiedNamesTests {
    /// Files with SQL that people run themselves.
    private static let others = [
        "Sources/Migrations/Writing/MigrationTemplates.swift", "Sources/GranaryCommands/Server/ServerCommand.swift",
        "Sources/MigrationChecks/Linting/", "Sources/SQLText/",
    ]

    /// Words of the grammar, independent of the search path.
    private static let grammar: Set<String> = [
        "coalesce", "nullif", "greatest", "least", "exists", "any", "all", "in", "values", "row", "cast", "extract",
        "trim", "array", "unique", "key", "check", "interval", "timestamp", "time", "char", "varchar", "numeric", "bit",
        "normalize", "grouping", "overlay", "position",
    ]

    /// Types that are names, not words of the grammar.
    private static let types: Set<String> = [
        "text", "name", "oid", "regclass", "regtype", "regproc", "regprocedure", "regnamespace", "regrole", "int2",
        "int4", "int8", "float4", "float8", "bool", "bytea", "date", "timestamptz", "jsonb", "uuid", "xid", "xid8",
        "cid", "tid", "inet", "pg_lsn", "json",
    ]

    @Test func everyFunctionAndTypeInASQLTextHasItsSchema() async throws {
        let server = try await ThrowawayServer.shared()
        let names = try await psql(
            server.url(database: "postgres"),
            "SELECT DISTINCT proname FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace"
        )
        let functions = Set(names.split(separator: "\n").map(String.init)).subtracting(Self.grammar)
        #expect(functions.count > 1000)
        let sources = Project.everything(below: "Sources").filter { $0.hasSuffix(".swift") }
        for path in sources where !Self.others.contains(where: path.hasPrefix) {
            for literal in try SwiftLiteral.all(in: Project.text(path)) {
                for name in Self.unqualified(literal.text, functions) {
                    Issue.record("\(path):\(literal.line): \(name) has no schema")
                }
            }
        }
    }

    @Test(arguments: [
        ("SELECT lower(a) FROM t", ["lower"]), ("SELECT pg_catalog.lower(a), now() FROM t", ["now"]),
        ("WHERE a = $1::text", ["text"]), ("WHERE a = $1::pg_catalog.text AND b::bigint = 1", []),
        ("SELECT coalesce(a, extract(epoch FROM b))", []), ("SELECT substring(a, 1)", ["substring"]),
        ("SELECT substring(a FROM 'x')", []), ("SELECT 'it', count(*) AS n", ["count"]),
        ("a sentence with a word (and more)", []),
    ])
    func aNameWithoutASchemaIsFound(text: String, names: [String]) {
        #expect(Self.unqualified(text, ["lower", "now", "count", "substring"]) == names)
    }

    private static func unqualified(_ text: String, _ functions: Set<String>) -> [String] {
        // A hint that people paste into psql.
        guard !text.contains("end it with SELECT") else { return [] }
        guard text.contains(#/\b(SELECT|FROM|WHERE|INSERT|UPDATE|DELETE|JOIN|CASE|ORDER BY|AND|SET)\b|::|pg_catalog\./#)
        else { return [] }
        // The server's text for the default of a serial column, in a pattern.
        let text = text.replacing(#/nextval.{0,40}?::regclass/#, with: "")
        var names: [String] = []
        for match in text.matches(of: #/(?<before>^|[^\w.\"'])(?<name>[a-z_][a-z0-9_]*)\(/#) {
            let name = String(match.output.name)
            guard functions.contains(name) else { continue }
            // With its own grammar it is the standard's function.
            if name == "substring", text[match.range.upperBound...].prefix(120).contains(" FROM ") { continue }
            names.append(name)
        }
        for match in text.matches(of: #/::(?<name>[a-z_][a-z0-9_]*)/#) where types.contains(String(match.output.name)) {
            names.append(String(match.output.name))
        }
        return names
    }
}

/// The string literals of a Swift file as written, with a mark for each interpolation.
private struct SwiftLiteral {
    var text: String
    var line: Int

    static func all(in source: String) -> [SwiftLiteral] {
        let bytes = Array(source.utf8)
        var literals: [SwiftLiteral] = []
        var (index, line) = (0, 1)
        func has(_ text: String, _ place: Int) -> Bool {
            let wanted = Array(text.utf8)
            return place + wanted.count <= bytes.count && bytes[place..<(place + wanted.count)].elementsEqual(wanted)
        }
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "\n") { line += 1 }
            if has("//", index) {
                while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { index += 1 }
                continue
            }
            guard bytes[index] == UInt8(ascii: "\"") else {
                index += 1
                continue
            }
            var hashes = 0
            while index - hashes > 0, bytes[index - hashes - 1] == UInt8(ascii: "#") { hashes += 1 }
            let quote = has("\"\"\"", index) ? "\"\"\"" : "\""
            let end = quote + String(repeating: "#", count: hashes)
            let escape = "\\" + String(repeating: "#", count: hashes)
            var content: [UInt8] = []
            let start = line
            index += quote.utf8.count
            while index < bytes.count, !has(end, index) {
                if has(escape + "(", index) {
                    index = afterInterpolation(bytes, index + escape.utf8.count + 1, &line)
                    content.append(UInt8(ascii: "$"))
                } else if has(escape, index) {
                    index += escape.utf8.count + 1
                } else {
                    if bytes[index] == UInt8(ascii: "\n") { line += 1 }
                    content.append(bytes[index])
                    index += 1
                }
            }
            index += end.utf8.count
            literals.append(SwiftLiteral(text: String(decoding: content, as: UTF8.self), line: start))
        }
        return literals
    }

    /// The position after the closing parenthesis; strings inside may contain others.
    private static func afterInterpolation(_ bytes: [UInt8], _ start: Int, _ line: inout Int) -> Int {
        var (index, depth, isQuoted) = (start, 1, false)
        while index < bytes.count, depth > 0 {
            switch bytes[index] {
            case UInt8(ascii: "\\") where isQuoted:
                if index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "(") {
                    index = afterInterpolation(bytes, index + 2, &line)
                    continue
                }
                index += 1
            case UInt8(ascii: "\""): isQuoted.toggle()
            case UInt8(ascii: "(") where !isQuoted: depth += 1
            case UInt8(ascii: ")") where !isQuoted: depth -= 1
            case UInt8(ascii: "\n"): line += 1
            default: break
            }
            index += 1
        }
        return index
    }
}
