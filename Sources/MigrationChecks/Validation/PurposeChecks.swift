internal import Migrations
internal import SQLText

/// Checks that a migration is described for later readers.
struct PurposeChecks {
    let migration: CheckedMigration
    let context: CheckContext

    func findings() -> [Finding] { purpose() + page() }

    private func purpose() -> [Finding] {
        // A comment above a psql command belongs to that command.
        guard let up = migration.up, let first = up.script.statements.first,
            !up.script.metaCommands.contains(where: { $0.line < first.line }),
            !first.leadingComments.contains(where: Self.saysSomething),
            !Self.beginning(of: up).contains(where: { $0.leadingComments.contains(where: Self.saysSomething) })
        else { return [] }
        return [
            Finding(
                .missingPurpose,
                file: up.path,
                "no comment says what the migration is for",
                hint: "begin with a line such as `-- Phones: the telephone numbers of an account.`"
            )
        ]
    }

    /// The statements up to the first one that is neither a setting nor BEGIN.
    private static func beginning(of file: ParsedFile) -> [SQLStatement] {
        let preamble = file.statements.prefix { _, effects in
            if case .controls = effects.transaction { return true }
            return !effects.settings.isEmpty && effects.touches.isEmpty
        }
        return Array(file.script.statements.prefix(preamble.count + 1))
    }

    /// Whether a comment is for people, not for a tool.
    private static func saysSomething(_ comment: String) -> Bool {
        // A quick test: comments for tools begin with one of these letters or signs.
        let first = comment.utf8.first {
            $0.isLetter || $0 >= 0x80 || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "!")
        }
        if let first, first.isLetter, !"magn".utf8.contains(first | 0x20) { return true }
        let text = comment.drop { !$0.isLetter && $0 != "+" && $0 != "!" }.lowercased()
        let isForTool = [
            "+goose", "+migrate", "migrate:", "atlas:", "granary:", "no-transaction", "!", "nothing to undo",
        ]
        .contains { text.hasPrefix($0) }
        return !isForTool && text.contains(where: \.isLetter)
    }

    private func page() -> [Finding] {
        guard let (folder, names) = context.pages, !names.contains("\(migration.migration.name).md") else { return [] }
        return [
            Finding(
                .missingPage,
                file: migration.path,
                "it has no page \(folder)/\(migration.migration.name).md",
                hint: "write one, as for the other migrations"
            )
        ]
    }
}

extension UInt8 {
    /// An ASCII letter.
    fileprivate var isLetter: Bool { (0x61...0x7A).contains(self | 0x20) }
}
