internal import Archive
internal import Storage

/// One reading of a plain dump from its beginning to its end, unpacked if it is packed. Never leaves its thread.
final class DumpFile {
    private let file: RestoreFile
    /// Bytes of the file, packed as it is, that were read.
    private(set) var position = 0

    init(_ file: RestoreFile) { self.file = file }

    var path: String { file.path }
    /// Of the file, packed as it is.
    var byteCount: Int { file.source.byteCount }
    /// The file is still as it was when it was opened.
    var isUnchanged: Bool { file.source.isUnchanged }

    /// What `DumpScript` reads: the text, unpacked.
    ///
    /// - Parameter mayBeCut: a packed text that ends early is the end of the text.
    func text(mayBeCut: Bool = false) throws -> (UnsafeMutableRawBufferPointer) throws -> Int {
        guard case .dump(isPacked: true) = file.content else { return { try self.read($0) } }
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
        let count = try file.source.readSome(at: position, into: memory)
        position += count
        return count
    }
}
