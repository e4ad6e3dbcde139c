internal import SQLText

extension SeedCatalog.Table {
    /// Replaces generated columns in the CHECK constraints by their expressions: the values of the other columns must be
    /// chosen so that the constraints hold, and nothing can be put into a generated one.
    mutating func replaceGeneratedColumns() {
        var expressions: [String: String] = [:]
        for column in columns where column.isGenerated {
            expressions[column.name] = column.defaultText.map { "((\($0))::\(column.type))" }
        }
        for index in checks.indices where checks[index].columns.contains(where: { expressions[$0] != nil }) {
            let replaced = checks[index].columns.compactMap { expressions[$0] }
            let read = Set(replaced.flatMap { Lexeme.all(of: $0) }.compactMap(\.name))
            let named = Set(checks[index].columns)
            checks[index].columns = columns.map(\.name).filter {
                expressions[$0] == nil && (named.contains($0) || read.contains($0))
            }
            checks[index].definition = Self.replacing(expressions, in: checks[index].definition)
        }
    }

    private static func replacing(_ expressions: [String: String], in text: String) -> String {
        let lexemes = Lexeme.all(of: text)
        let texts = lexemes.enumerated().map { index, lexeme in
            // The name of a function, a type or a schema is no column.
            let next = lexemes[(index + 1)...].first { !$0.kind.isTrivia }?.text ?? ""
            let previous = lexemes[..<index].last { !$0.kind.isTrivia }?.text ?? ""
            let isColumn = !["(", "."].contains(next) && ![".", ":", "::"].contains(previous)
            return isColumn ? lexeme.name.flatMap { expressions[$0] } ?? lexeme.text : lexeme.text
        }
        return texts.joined()
    }
}
