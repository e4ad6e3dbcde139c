internal import Archive
internal import DumpArchives
internal import Storage

/// The file of a restore, opened once: what is checked and asked about is what is loaded, whatever takes its name
/// meanwhile.
package final class RestoreFile: Sendable {
    enum Content: Sendable {
        case archive(RestoreArchive)
        case dump(PlainDump)
    }

    let content: Content

    /// - Parameter path: a file, or a pipe, whose content is kept until the restore ends.
    /// - Throws: `ArchiveError`, also for an archive that cannot be read; `CancellationError` while a pipe is read.
    package init(_ path: String) throws {
        guard !Files.isFolder(path) else {
            content = .archive(try RestoreArchive(try DumpArchive(folder: path)))
            return
        }
        let source = try FileSource(path: path, takesPipes: true)
        if try FileFormat(source).isPgDumpArchive {
            content = .archive(try RestoreArchive(try DumpArchive(source, name: path)))
            return
        }
        switch try Self.kind(path, source) {
        case .archive: content = .archive(RestoreArchive(try ArchiveReader(source)))
        case .dump: content = .dump(PlainDump(path: path, source, isPacked: false))
        case .packedDump: content = .dump(PlainDump(path: path, source, isPacked: true))
        }
    }

    /// The database that an archive is of; nil for a plain dump, which does not say.
    package var databaseName: String? {
        guard case .archive(let archive) = content else { return nil }
        return archive.manifest.database.name
    }

    /// Whether the file is an archive of some schemas or tables.
    package var isPartialArchive: Bool {
        guard case .archive(let archive) = content else { return false }
        return !archive.manifest.scope.isWholeDatabase
    }

    private enum Kind {
        case archive, dump, packedDump
    }

    private static func kind(_ path: String, _ source: FileSource) throws -> Kind {
        if path.hasSuffix(".sql.gz") { return .packedDump }
        if path.hasSuffix(".sql") { return .dump }
        // The name of standard input tells nothing.
        guard source.wasPipe || path.hasPrefix("/dev/") else { return .archive }
        var first: [UInt8] = [0, 0]
        let count = try first.withUnsafeMutableBytes { try source.readSome(at: 0, into: $0) }
        return switch (count, first) {
        case (2, [0x50, 0x4B]): .archive
        case (2, [0x1F, 0x8B]): .packedDump
        default: .dump
        }
    }
}
