internal import AgeEncryption
internal import Archive
internal import Storage
internal import Synchronization

/// A plain dump, open from the first look at it to the end of its restore.
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

    /// What it holds, read once for the plan, the question and the restore.
    func survey(_ options: DumpRules.Options) throws -> DumpSurvey {
        if let known = known.withLock({ $0 }), known.options == options { return known.survey }
        let survey = try DumpSurvey.read(self, DumpRules(options))
        known.withLock { $0 = (options, survey) }
        return survey
    }
}

/// One reading of a plain dump from its beginning to its end, unpacked if it is packed. Never leaves its thread.
final class DumpFile {
    private let dump: PlainDump
    /// Bytes of the file, packed as it is, that were read.
    private(set) var position = 0

    init(_ dump: PlainDump) { self.dump = dump }

    var path: String { dump.path }
    /// Of the file, packed as it is.
    var byteCount: Int { dump.source.byteCount }
    /// The file is still as it was when it was opened.
    var isUnchanged: Bool { dump.source.isUnchanged }

    /// What `DumpScript` reads: the text, unpacked.
    ///
    /// - Parameter mayBeCut: a packed text that ends early is the end of the text.
    func text(mayBeCut: Bool = false) throws -> (UnsafeMutableRawBufferPointer) throws -> Int {
        guard dump.isPacked else { return { try self.read($0) } }
        let unpacked = Unpacked(try GzipReader(name: path) { try self.read($0) })
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
