/// A tool whose files can be imported.
package enum ImportedTool: String, Sendable, CaseIterable {
    case goose
    case dbmate
    case sqlMigrate = "sql-migrate"
    case flyway = "Flyway"
    case sqlx
    case prisma = "Prisma"
}

/// A migration of another tool, split into its parts.
struct ForeignMigration {
    /// The path of the file, for messages.
    var path: String
    /// The name in the tool's ledger: that of the file, or of Prisma's folder.
    var origin: String
    /// The number, such as `00001`, `20240101120000` or `1.1`; empty for a file without a number.
    var digits: String
    var title: String
    var up: Script
    /// nil if the original cannot be reverted.
    var down: Script?
    /// Flyway runs a repeatable migration whenever it changes, after all others.
    var isRepeatable = false

    var version: OriginalVersion? { OriginalVersion(digits) }

    /// The content of one new file.
    struct Script: Equatable {
        var text: String
        var isWithoutTransaction = false

        var isBlank: Bool { !text.contains { !$0.isWhitespace } }

        /// - Parameter origin: The name of the original, recorded in a comment; nil if the number of the migration is
        ///   enough to find the original.
        func fileText(origin: String?) -> String {
            var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            lines = Array(lines.drop { $0.allSatisfy(\.isWhitespace) })
            while lines.last?.allSatisfy(\.isWhitespace) == true { lines.removeLast() }
            // The marker has an effect only in the first line.
            if isWithoutTransaction, lines.first?.hasPrefix("-- no-transaction") != true {
                lines.insert("-- no-transaction", at: 0)
            }
            if let origin {
                lines.insert("-- granary: \(OriginalVersion.marker)=\(origin)", at: isWithoutTransaction ? 1 : 0)
            }
            return lines.joined(separator: "\n") + "\n"
        }
    }
}
