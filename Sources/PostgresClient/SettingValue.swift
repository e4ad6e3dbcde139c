/// The stored text of a setting, in the form for `SET … TO`.
package struct SettingValue {
    /// Settings whose value is a list of names, each quoted separately (`GUC_LIST_QUOTE`).
    private static let lists: Set<String> = [
        "local_preload_libraries", "search_path", "session_preload_libraries", "shared_preload_libraries",
        "temp_tablespaces", "unix_socket_directories",
    ]

    private let elements: [String]

    package init(_ name: String, _ value: String) {
        elements = Self.lists.contains(name.lowercased()) ? Self.split(value) : [value]
    }

    package func sql(_ session: borrowing Session) -> String {
        elements.isEmpty ? "''" : elements.map { session.literal($0) }.joined(separator: ", ")
    }

    /// The text that the catalog stores for the values after `SET … TO`.
    package static func stored(_ name: String, _ values: [String]) -> String {
        guard values.count > 1 || lists.contains(name.lowercased()) else { return values.joined() }
        return values.map(QuotedText.name).joined(separator: ", ")
    }

    /// The names in a list such as `"$user", public`, divided as by `SplitGUCList`.
    static func split(_ list: String) -> [String] {
        var elements: [String] = []
        var current = String.UnicodeScalarView()
        var isQuoted = false
        var hasElement = false
        var previous: Unicode.Scalar?
        for scalar in list.unicodeScalars {
            switch scalar {
            case "\"":
                isQuoted.toggle()
                // A doubled quote inside quotes is one quote.
                if isQuoted, previous == "\"" { current.append(scalar) }
                hasElement = true
            case "," where !isQuoted:
                elements.append(String(current))
                current = String.UnicodeScalarView()
                hasElement = true
            case _ where !isQuoted && scalar.properties.isWhitespace: continue
            default:
                current.append(scalar)
                hasElement = true
            }
            previous = scalar
        }
        return hasElement ? elements + [String(current)] : []
    }
}
