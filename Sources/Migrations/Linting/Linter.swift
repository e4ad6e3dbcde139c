package import SQLText

/// Finds what a migration's statements would do to those who use the database meanwhile: locks, rewrites, loss.
package struct Linter: Sendable {
    /// The names of the rules that are on.
    package var rules: Set<String>
    /// Bytes of the tables that are known, with which a rule can tell a small table from a large one.
    package var tableSizes: [RelationName: Int]

    package init(rules: Set<String> = [], tableSizes: [RelationName: Int] = [:]) {
        self.rules = rules
        self.tableSizes = tableSizes
    }

    /// In the order of the file.
    package func findings(in file: ParsedFile) -> [Finding] { [] }
}
