/// The result of a restore.
package struct RestoreReport: Sendable, Equatable {
    package var database: String
    package var rows: Int
    package var tables: Int
    package var seconds: Double
    /// Whether the new database took the place of an old one.
    package var swapped: Bool
    /// The new name of the old database, if it was kept.
    package var kept: String?
    package var keptBytes: Int?
    /// Constraints that were left NOT VALID (`allowInvalid`).
    package var invalid: [String]
    /// Sentences for people.
    package var notes: [String]
    /// What could not be created, and what fell back to the server's own setting.
    package var leftOut: [LeftOut] = []
    /// The name of the new database if it did not take the target's place, because something that protects the data is
    /// missing.
    package var beside: String?
    /// The SQL that puts `beside` in the target's place and keeps the old database.
    package var laterSwap: String?
    /// The services whose applied version changed.
    package var rewinds: [ServiceRewind] = []
    /// Whether the file was complete; nil if a plain dump does not tell.
    package var isComplete: Bool? = true
}

/// What a restore would do, for `--plan`.
package struct RestorePlanReport: Sendable, Equatable {
    package var database: String
    /// What would happen, in order, each a sentence.
    package var steps: [String]
    package var tables: Int
    /// nil for a dump, which does not record it.
    package var rows: Int?
    package var rawBytes: Int
    /// What would make the restore fail, each a sentence with its remedy.
    package var obstacles: [String]
    /// The services whose applied version would change.
    package var rewinds: [ServiceRewind] = []
    /// The environment of the archived database; nil if the file does not name it, as plain dumps never do.
    package var environment: String?
    /// Whether the file is complete; nil if a plain dump does not tell.
    package var isComplete: Bool? = true
    /// The error that a restore would throw because the file is incomplete.
    package var refusal: RestoreError?
    /// Whether the archive has a known seal; nil for a dump, which cannot have one.
    package var isSealed: Bool?
    /// Whether another program has packed the archive again, so that its seal proves nothing.
    package var isRepacked = false
    /// The code that would run; nil if it was not examined, because the archive has a known seal.
    package var code: CodeInventory?
}

/// The progress of a restore.
package enum RestoreProgress: Sendable {
    /// A phase begins, such as "loading rows".
    case phase(String)
    /// The tables and the bytes of COPY text that will be loaded.
    case planned(tables: Int, bytes: Int)
    case started(table: String)
    /// The rows and bytes that the server took since the last such event.
    case advanced(table: String, rows: Int, bytes: Int)
    case finished(table: String, rows: Int, bytes: Int)
    /// An index, a constraint or another object was created: the number of it, and of how many.
    case made(object: String, number: Int, of: Int)
}
