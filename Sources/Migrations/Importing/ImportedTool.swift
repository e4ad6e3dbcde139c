/// A tool whose files can be imported.
package enum ImportedTool: String, Sendable, CaseIterable {
    case goose
    case dbmate
    case sqlMigrate = "sql-migrate"
    case flyway = "Flyway"
    case sqlx
    case prisma = "Prisma"
}

/// A migration of another tool, taken apart.
struct ForeignMigration {
    /// Of the file, for messages.
    var path: String
    /// What the tool's ledger calls it: the file, or Prisma's folder.
    var origin: String
    /// Such as `00001`, `20240101120000` or `1.1`; empty for a file without one.
    var digits: String
    var title: String
    var up: Script
    /// nil if the tool knows no way back.
    var down: Script?
    /// Flyway runs it again whenever it changes, after all others.
    var isRepeatable = false

    var version: OriginalVersion? { OriginalVersion(digits) }

    /// What one file of ours will hold.
    struct Script: Equatable {
        var text: String
        var isWithoutTransaction = false

        var isBlank: Bool { !text.contains { !$0.isWhitespace } }

        /// - Parameter origin: nil where the number of the migration leads back to the original.
        func fileText(origin: String?) -> String {
            var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            lines = Array(lines.drop { $0.allSatisfy(\.isWhitespace) })
            while lines.last?.allSatisfy(\.isWhitespace) == true { lines.removeLast() }
            // It counts in the first line alone.
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
