package import PostgresClient

/// A ledger of another tool that a service has adopted, with its content at that time. granary never writes to it. If
/// it changes afterwards, the other tool has run again.
package struct AdoptedLedger: Sendable, Equatable {
    package var table: TableName
    package var tool: String
    /// The names of its entries at the time, sorted.
    package var entries: [String]

    package init(table: TableName, tool: String, entries: [String]) {
        self.table = table
        self.tool = tool
        self.entries = entries.sorted()
    }

    /// The changes that the other tool has made since.
    package struct Change: Sendable, Equatable {
        package var applied: [String]
        package var reverted: [String]

        /// `goose has applied 12 and reverted 7`
        package func clause(_ tool: String) -> String {
            let parts = [("applied", applied), ("reverted", reverted)].filter { !$0.1.isEmpty }.map { verb, names in
                "\(verb) \(Self.list(names))"
            }
            return "\(tool) has \(parts.joined(separator: " and "))"
        }

        private static func list(_ names: [String]) -> String {
            names.prefix(5).joined(separator: ", ") + (names.count > 5 ? " and \(names.count - 5) more" : "")
        }
    }

    /// - Returns: nil if the ledger is unchanged, gone or not readable.
    package func change(_ session: borrowing Session) throws -> Change? {
        guard let now = try current(session)?.entries(session)?.map(\.name) else { return nil }
        let (before, after) = (Set(entries), Set(now))
        let change = Change(applied: after.subtracting(before).sorted(), reverted: before.subtracting(after).sorted())
        return change.applied.isEmpty && change.reverted.isEmpty ? nil : change
    }

    /// The table in its present form; nil if it is gone, or belongs to another tool.
    package func current(_ session: borrowing Session) throws -> OtherLedger? {
        try OtherLedger.find(table, session).flatMap { $0.isOfSQLFiles ? $0 : nil }
    }
}

// The form in the log: the table, the tool and the entries, separated by U+001F.
extension AdoptedLedger {
    package var note: String { ([table.note, tool] + entries).joined(separator: "\u{1F}") }

    init?(noted note: String) {
        let parts = note.split(separator: "\u{1F}", omittingEmptySubsequences: false).map(String.init)
        guard parts.count > 2 else { return nil }
        self.init(table: TableName(schema: parts[0], name: parts[1]), tool: parts[2], entries: Array(parts[3...]))
    }
}
