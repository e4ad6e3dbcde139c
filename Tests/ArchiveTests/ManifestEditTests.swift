import Testing

@testable import Archive

/// A manifest that contradicts the members, in a valid ZIP.
@Suite struct ManifestEditTests {
    struct Edit: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var change: @Sendable (inout Manifest) -> Void
        /// The findings as `member: problem`.
        var expected: [String]

        init(_ name: String, _ expected: [String], _ change: @escaping @Sendable (inout Manifest) -> Void) {
            testDescription = name
            self.expected = expected
            self.change = change
        }
    }

    private static let first = "data/000001-users/000001.copy"
    private static let second = "data/000001-users/000002.copy"
    private static let nothing = "data/000004-nothing/000001.copy"
    private static let objects = "large-objects/000001.copy"

    private static func sums(_ name: String) -> String {
        "manifest.json: rows, bytes or digest of \(name) differ from those of its chunks"
    }

    private static let edits = [
        Edit("a chunk's rows", ["\(first): it has 40 rows, but the manifest says 41"]) {
            $0.tables[0].chunks[0].rows = 41
        },
        Edit("a chunk's raw bytes", ["\(first): its size differs from the manifest"]) {
            $0.tables[0].chunks[0].rawBytes += 1
        },
        Edit("a chunk's stored bytes", ["\(first): its size differs from the manifest"]) {
            $0.tables[0].chunks[0].storedBytes -= 1
        },
        Edit("a chunk's SHA-256", ["\(first): its SHA-256 differs from the manifest"]) {
            $0.tables[0].chunks[0].sha256 = $0.tables[0].chunks[1].sha256
        },
        Edit("a SHA-256 in capitals", ["\(first): its SHA-256 differs from the manifest"]) {
            $0.tables[0].chunks[0].sha256 = $0.tables[0].chunks[0].sha256.uppercased()
        },
        Edit("an empty SHA-256", ["\(first): its SHA-256 differs from the manifest"]) {
            $0.tables[0].chunks[0].sha256 = ""
        },
        Edit("a text chunk that is called binary", ["\(first): it has 1 rows, but the manifest says 40"]) {
            $0.tables[0].chunks[0].isBinary = true
        },
        Edit(
            "a binary chunk that is called text",
            [
                "data/binary/000001.copy: its last row has no end",
                "data/binary/000001.copy: its rows have 1 columns, but the manifest says 2",
            ]
        ) {
            $0.tables[2].chunks[1].isBinary = false
        },
        Edit("a chunk's name", ["data/x: it is missing", "\(first): the manifest does not name it"]) {
            $0.tables[0].chunks[0].member = "data/x"
        },
        Edit("a chunk that is named twice", ["\(first): the manifest names it twice", sums("table public.users")]) {
            $0.tables[0].chunks.append($0.tables[0].chunks[0])
        },
        Edit("a chunk that is left out", ["\(second): the manifest does not name it", sums("table public.users")]) {
            $0.tables[0].chunks.removeLast()
        },
        Edit("a chunk of another table", [sums("table public.users"), sums("table public.empty")]) {
            $0.tables[1].chunks.append($0.tables[0].chunks.removeLast())
            $0.tables[1].columns = $0.tables[0].columns
        },
        Edit("a table's rows", [sums("table public.users")]) { $0.tables[0].rows -= 1 },
        Edit("a table's bytes", [sums("table public.users")]) { $0.tables[0].rawBytes += 1 },
        Edit("a table's digest", [sums("table public.users")]) { $0.tables[0].digest.add(1) },
        Edit("an empty table's rows", [sums("table public.empty")]) { $0.tables[1].rows = 1 },
        Edit("an empty table's digest", [sums("table public.empty")]) { $0.tables[1].digest.add(1) },
        Edit("two tables' digests", [sums("table public.users"), sums("table public.keys")]) {
            let digest = $0.tables[0].digest
            $0.tables[0].digest = $0.tables[2].digest
            $0.tables[2].digest = digest
        },
        Edit(
            "a table that is left out",
            [
                "\(first): the manifest does not name it", "\(second): the manifest does not name it",
            ]
        ) { $0.tables.removeFirst() },
        Edit(
            "a column less",
            [
                "\(first): its rows have 2 columns, but the manifest says 1",
                "\(second): its rows have 2 columns, but the manifest says 1",
            ]
        ) { $0.tables[0].columns.removeLast() },
        Edit(
            "a column more",
            [
                "\(first): its rows have 2 columns, but the manifest says 3",
                "\(second): its rows have 2 columns, but the manifest says 3",
            ]
        ) { $0.tables[0].columns.append(.init(name: "more", type: "text")) },
        Edit(
            "no columns",
            [
                "\(first): its rows have 2 columns, but the manifest says 0",
                "\(second): its rows have 2 columns, but the manifest says 0",
            ]
        ) { $0.tables[0].columns = [] },
        // An empty line may be one empty text, but not two.
        Edit("one column for empty rows", []) { $0.tables[3].columns = [.init(name: "a", type: "text")] },
        Edit("two columns for empty rows", ["\(nothing): its rows have 1 columns, but the manifest says 2"]) {
            $0.tables[3].columns = [.init(name: "a", type: "text"), .init(name: "b", type: "text")]
        },
        Edit("the large objects' rows", [sums("the large objects")]) { $0.largeObjects?.rows = 3 },
        Edit("the large objects' digest", [sums("the large objects")]) { $0.largeObjects?.digest.add(1) },
        Edit("no large objects", ["\(objects): the manifest does not name it"]) { $0.largeObjects = nil },
        Edit(
            "large objects as a table's rows",
            [
                sums("table public.empty"), sums("the large objects"),
            ]
        ) {
            $0.tables[1].chunks = $0.largeObjects?.chunks ?? []
            $0.tables[1].columns = Array(repeating: .init(name: "a", type: "text"), count: 3)
            $0.largeObjects?.chunks = []
        },
        Edit("a file's SHA-256", ["schema/roles.sql: its SHA-256 differs from the manifest"]) {
            $0.files[0].sha256 = $0.files[1].sha256
        },
        Edit("a file's raw size", ["schema/roles.sql: its size differs from the manifest"]) {
            $0.files[0].rawBytes += 1
        },
        Edit("a file's stored size", ["schema/roles.sql: its size differs from the manifest"]) {
            $0.files[0].storedBytes += 1
        },
        Edit("a file that is left out", ["schema/roles.sql: the manifest does not name it"]) { $0.files.removeFirst() },
        Edit("a file that is not there", ["x.sql: it is missing"]) {
            $0.files.append(.init(member: "x.sql", rawBytes: 0, storedBytes: 0, sha256: ""))
        },
        Edit("a chunk among the files", ["\(first): the manifest names it twice"]) {
            let chunk = $0.tables[0].chunks[0]
            $0.files.append(
                .init(
                    member: chunk.member,
                    rawBytes: chunk.rawBytes,
                    storedBytes: chunk.storedBytes,
                    sha256: chunk.sha256
                )
            )
        },
        Edit("the manifest among the files", ["manifest.json: its SHA-256 differs from the manifest"]) {
            $0.files.append(.init(member: "manifest.json", rawBytes: 0, storedBytes: 0, sha256: ""))
        },
        Edit("two tables of one number", ["manifest.json: has the number of another table at tables[1].number"]) {
            $0.tables[1].number = 1
        },
        Edit("rows below zero", ["manifest.json: has an invalid number at tables[0].chunks[1].rows"]) {
            $0.tables[0].chunks[1].rows = -1
        },
        Edit("rows beyond all rows", ["manifest.json: has an invalid number at tables[0].rows"]) {
            $0.tables[0].rows = (1 << 56) + 1
        },
        Edit(
            "the format",
            [
                "archive: the archive was written by a newer granary (format 2); this one reads format 1"
            ]
        ) { $0.format = 2 },
        Edit("nothing", []) { _ in },
    ]

    @Test(arguments: edits) func theManifestIsComparedWithTheMembers(_ edit: Edit) async throws {
        let archive = try Rebuilding.changingManifest(of: Sample.whole(), edit.change)
        #expect(try await verify(archive).sentences == edit.expected)
    }

    /// A reader that loads rows without verification still reports the contradictions that affect it.
    @Test func aChunkIsHeldAgainstTheManifestBeforeItIsLent() throws {
        for (change, problem) in [
            ({ (chunk: inout Manifest.Chunk) in chunk.rawBytes += 1 }, "its size differs from the manifest"),
            ({ $0.storedBytes += 1 }, "its size differs from the manifest"),
            ({ $0.sha256 = String(repeating: "0", count: 64) }, "its SHA-256 differs from the manifest"),
        ] {
            let archive = try Rebuilding.changingManifest(of: Sample.whole()) { change(&$0.tables[0].chunks[0]) }
            let reader = try ArchiveReader(MemorySource(archive))
            var lent = 0
            var rows = ChunkReader()
            var found: ArchiveError?
            do {
                try rows.read(reader.manifest.tables[0].chunks[0], of: reader) { lent += $0.count }
            } catch let error as ArchiveError {
                found = error
            }
            #expect(found?.description == "\(Self.first): \(problem)")
            #expect(lent == 0)
        }
    }
}
