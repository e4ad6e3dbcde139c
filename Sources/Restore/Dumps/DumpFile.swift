internal import AgeEncryption
internal import Archive
internal import Storage
internal import Synchronization

/// A plain dump. It stays open from the first check to the end of the restore.
final class PlainDump: Sendable {
    let path: String
    let source: BackupSource
    let isPacked: Bool
    private let known = Mutex<(options: DumpRules.Options, survey: DumpSurvey)?>(nil)

    init(path: String, _ source: BackupSource, isPacked: Bool) {
        self.path = path
        self.source = source
        self.isPacked = isPacked
    }

    /// The content, read once for the plan, the question and the restore.
    func survey(_ options: DumpRules.Options) throws -> DumpSurvey {
        if let known = known.withLock({ $0 }), known.options == options { return known.survey }
        let survey = try DumpSurvey.read(self, DumpRules(options))
        known.withLock { $0 = (options, survey) }
        return survey
    }
}

/// Reads a plain dump once from beginning to end, and decompresses it if necessary. Never leaves its thread.
final class DumpFile {
    private let dump: PlainDump
    /// The number of bytes of the file that were read, before decompression.
    private(set) var position = 0

    init(_ dump: PlainDump) { self.dump = dump }

    var path: String { dump.path }
    /// The size of the file, before decompression.
    var byteCount: Int { dump.source.byteCount }
    /// Whether the file is the same as when it was opened.
    var isUnchanged: Bool { get throws { try dump.source.isUnchanged } }

    /// The decompressed text, for `DumpScript`.
    ///
    /// - Parameter mayBeCut: Whether compressed text that ends too early counts as the end of the text.
    func text(mayBeCut: Bool = false) throws -> (UnsafeMutableRawBufferPointer) throws -> Int {
        guard dump.isPacked else { return { try self.read($0) } }
        let unpacked = Unpacked(GzipReader(name: path) { try self.read($0) })
        return { memory in
            do {
                return try unpacked.reader.read(into: memory)
            } catch let error as ArchiveError where mayBeCut && error.code == .cutOff {
                return 0
            }
        }
    }

    private final class Unpacked {
        var reader: GzipReader
        init(_ reader: consuming GzipReader) { self.reader = reader }
    }

    private func read(_ memory: UnsafeMutableRawBufferPointer) throws -> Int {
        try Task.checkCancellation()
        let count = try dump.source.readSome(at: position, into: memory)
        position += count
        return count
    }
}
