/// Names of the archive's members. The name of a table can contain any character; that of a member is short ASCII.
enum MemberName {
    static let preData = "schema/pre-data.sql"
    static let postData = "schema/post-data.sql"
    static let citus = "schema/citus.sql"
    static let roles = "schema/roles.sql"
    static let restore = "restore.sql"
    static let readme = "README.txt"
    static let largeObjects = "large-objects"

    /// `data/000012-orders`: the number identifies the table, and the rest is for readers.
    static func folder(number: Int, table: String) -> String {
        "data/\(padded(number))-\(slug(table))"
    }

    private static func slug(_ name: String) -> String {
        let characters = name.unicodeScalars.prefix(60).map { scalar -> Character in
            switch scalar {
            case "a"..."z", "0"..."9", "_", "-": Character(scalar)
            case "A"..."Z": Character(String(scalar).lowercased())
            default: "-"
            }
        }
        return characters.isEmpty ? "table" : String(characters)
    }

    private static func padded(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }
}
