// pg_dump's own archives: custom, directory and tar.
//
//     table of contents   every object that was dumped, with its statements
//     entry               one object, or the rows of one table
//     container           where the data of an entry lie: a block, a file, a member of the tar
//     large objects       several files or streams in one entry

/// The table of contents of an archive of pg_dump, versions 1.14 (PostgreSQL 12) to 1.16 (17 and 18).
///
/// Source: `ReadHead` and `ReadToc` of PostgreSQL's `pg_backup_archiver.c`.
package struct DumpTOC: Sendable {
    package struct Entry: Sendable, Equatable {
        package enum Section: Int, Sendable {
            case none = 1
            case preData
            case data
            case postData
        }

        /// Where the format says that the data are.
        package enum Place: Sendable, Equatable {
            case nowhere
            /// A custom archive that was written to a pipe: in some block.
            case unknown
            /// The offset of a block of a custom archive.
            case offset(Int)
            /// The name of a file or a member of a tar.
            case file(String)
        }

        package var id: Int
        package var catalogOID: UInt32
        package var objectOID: UInt32
        package var tag: String
        /// pg_dump's word for the kind of object, `desc` in its sources.
        package var kind: String
        package var section: Section
        package var definition: String
        package var dropStatement: String
        /// The COPY that takes the rows; empty if the data are statements.
        package var copyStatement: String
        package var namespace: String?
        /// nil: whatever is the default at that moment; empty: the database's.
        package var tablespace: String?
        package var accessMethod: String?
        /// `pg_class.relkind`, from version 1.16 on.
        package var relationKind: Character?
        package var owner: String?
        package var dependencies: [Int]
        package var place: Place
    }

    package enum Format: UInt8, Sendable {
        case custom = 1
        /// Tar and directory: `toc.dat` is the same in both.
        case files = 3
    }

    package let version: (major: Int, minor: Int)
    package let format: Format
    package let compression: DumpCompression
    /// `2026-11-29T02:21:06`, in the local time of the machine that pg_dump ran on.
    package let createdAt: String
    package let database: String
    /// `15.18 (Debian 15.18-0+deb12u1)`
    package let serverVersion: String
    package let dumpVersion: String
    /// PostgreSQL's name of the encoding of the rows.
    package let encoding: String
    package let entries: [Entry]
    /// Bytes of an integer in the blocks of a custom archive.
    let integerBytes: Int
    /// Where the table of contents ends.
    let endOffset: Int
}

extension DumpTOC.Entry {
    package var isLargeObjects: Bool { kind == "BLOBS" }
    /// Whether it creates a table, local or foreign.
    var isTable: Bool { kind == "TABLE" || kind == "FOREIGN TABLE" }

    /// For people: `rows of public.orders`.
    package var title: String {
        if isLargeObjects { return "large objects" }
        let name = namespace.map { "\($0).\(tag)" } ?? tag
        return kind == "TABLE DATA" ? "rows of \(name)" : "\(kind.lowercased()) \(name)"
    }
}
