/// What a restore came to.
package struct RestoreReport: Sendable, Equatable {
    package var database: String
    package var rows: Int
    package var tables: Int
    package var seconds: Double
    /// The new database took the place of an old one.
    package var swapped: Bool
    /// The name under which the old database was kept.
    package var kept: String?
    package var keptBytes: Int?
    /// Constraints that were left NOT VALID (`allowInvalid`).
    package var invalid: [String]
    /// What a person should know.
    package var notes: [String]
    /// What could not be made, or fell back to the server's own.
    package var leftOut: [LeftOut] = []
    /// The name under which the new database stays beside the target, because what is missing leaves it unprotected.
    package var beside: String?
    /// The services of which something else is applied now than before.
    package var rewinds: [ServiceRewind] = []
    /// Whether the file was whole; nil for a plain dump that does not tell.
    package var isComplete: Bool? = true
}

/// What a restore would do, for `--plan`.
package struct RestorePlanReport: Sendable, Equatable {
    package var database: String
    /// Sentences in the order of what would happen.
    package var steps: [String]
    package var tables: Int
    /// nil for a dump, which does not say.
    package var rows: Int?
    package var rawBytes: Int
    /// What would make it fail, each a sentence with its way out.
    package var obstacles: [String]
    /// The services of which something else would be applied than now.
    package var rewinds: [ServiceRewind] = []
    /// The environment that the archive is a backup of; nil if it does not say, as no plain dump does.
    package var environment: String?
    /// Whether the file is whole; nil for a plain dump that does not tell.
    package var isComplete: Bool? = true
    /// What a restore would throw because the file is not whole.
    package var refusal: RestoreError?
    /// Whether the archive has a seal of ours; nil for a plain dump, which can have none.
    package var isSealed: Bool?
    /// Whether another program has packed the archive again, so that its seal proves nothing.
    package var isRepacked = false
    /// What would run; nil where nobody asked, because the archive is our own.
    package var code: CodeInventory?
}

/// What a restore says while it runs.
package enum RestoreProgress: Sendable {
    /// A phase begins, such as "loading rows".
    case phase(String)
    /// What is about to be loaded: tables and bytes of COPY text.
    case planned(tables: Int, bytes: Int)
    case started(table: String)
    /// Rows and bytes that the server took since the last such event.
    case advanced(table: String, rows: Int, bytes: Int)
    case finished(table: String, rows: Int, bytes: Int)
    /// An index, a constraint or another object was made: how many of how many.
    case made(object: String, number: Int, of: Int)
}
