internal import PostgresClient

/// A table whose rows are backed up, or the parent of such tables.
struct TableEntry: Sendable, Equatable {
    var oid: UInt32
    var table: TableName
    var isPartitioned: Bool
    var isUnlogged: Bool
    /// The tables that it is a partition of, or inherits from.
    var parents: [TableName]
    /// Only heaps can be read by ranges of ctid.
    var isHeap: Bool
    /// The file of the table in this transaction, and at present. They differ if the table was rewritten or emptied
    /// after the snapshot.
    var fileNode: UInt32
    var currentFileNode: UInt32
    var extensionName: String?
    /// The condition from the extension's `pg_extension_config_dump`: only matching rows are the user's.
    var condition: String?

    /// The same table in the same file, so that only its rows can have changed.
    func isSame(as other: TableEntry) -> Bool {
        oid == other.oid && table == other.table && fileNode == other.fileNode
    }
}

struct SequenceEntry: Sendable, Equatable {
    var oid: UInt32
    var name: TableName
    /// The table with the serial or identity column that it belongs to; 0 for an independent sequence.
    var ownerTable: UInt32
    /// An unlogged sequence on a standby, whose value cannot be read.
    var isClosed = false
}
