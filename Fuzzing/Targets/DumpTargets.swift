internal import Archive
internal import DumpArchives
internal import Storage

enum DumpTargets {
    /// What is unpacked of one entry: a small input may hold gigabytes of the same byte.
    private static let entryBytesMax = 1 << 22

    /// An archive of pg_dump that verification finds whole can be read, and has the rows that were counted.
    static func archive(_ input: [UInt8]) async throws {
        guard let archive = try opened(input) else { return }
        _ = archive.toc.schemaItems()
        var (rows, isWhole, isCut) = (0, true, false)
        for entry in archive.dataEntries {
            guard let count = try read(entry, of: archive) else {
                isWhole = false
                continue
            }
            rows += count.rows
            isCut = isCut || count.isCut
        }
        guard !isCut else { return }
        let report = try await DumpVerification(archive, jobs: 1).run()
        try require(report.problems.isEmpty || !isWhole, "what can be read is damaged")
        try require(!report.isWhole || isWhole, "verification finds whole what cannot be read")
        try require(!isWhole || report.rows == rows, "\(rows) rows were read, and \(report.rows) verified")
    }

    private static func opened(_ input: [UInt8]) throws -> DumpArchive? {
        try unless(StorageError.self) {
            try unless(ArchiveError.self) { try DumpArchive(MemorySource(input), name: "input") }
        } ?? nil
    }

    /// nil for damage.
    private static func read(_ entry: DumpTOC.Entry, of archive: DumpArchive) throws -> (rows: Int, isCut: Bool)? {
        try unless(StorageError.self) {
            try unless(ArchiveError.self) {
                if entry.isLargeObjects { return (0, try readObjects(entry, of: archive)) }
                guard !entry.copyStatement.isEmpty else { return (0, try readText(entry, of: archive)) }
                var rows = try archive.rows(of: entry)
                while try rows.next({ _ in }) { if rows.byteCount > entryBytesMax { return (rows.rows, true) } }
                return (rows.rows, false)
            }
        } ?? nil
    }

    private static func readObjects(_ entry: DumpTOC.Entry, of archive: DumpArchive) throws -> Bool {
        var objects = try archive.largeObjects(of: entry)
        var (memory, count) = ([UInt8](repeating: 0, count: 1 << 16), 0)
        while let piece = try memory.withUnsafeMutableBytes({ try objects.next(into: $0) }) {
            count += piece.byteCount
            if count > entryBytesMax { return true }
        }
        return false
    }

    private static func readText(_ entry: DumpTOC.Entry, of archive: DumpArchive) throws -> Bool {
        let text = try archive.text(of: entry)
        var (memory, count) = ([UInt8](repeating: 0, count: 1 << 16), 0)
        while true {
            let piece = try memory.withUnsafeMutableBytes { try text($0) }
            guard piece > 0 else { return false }
            count += piece
            if count > entryBytesMax { return true }
        }
    }
}
