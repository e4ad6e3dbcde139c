import TestSupport
import Testing

@testable import Archive

/// Archives as ZIP files for other programs.
@Suite struct ContainerTests {
    @Test func anArchiveOfOnlyAManifestIsWhole() async throws {
        let bytes = try Sample().finish()
        let archive = try ArchiveReader(MemorySource(bytes))
        #expect(archive.members == ["manifest.json"])
        #expect(archive.manifest == Sample.emptyManifest)
        let report = try await verify(bytes)
        var whole = VerificationReport()
        whole.members = 1
        #expect(report == whole)
        let folder = Folder()
        let path = try folder.write(bytes, as: "empty.zip")
        let listing = shell("unzip -Z1 '\(path)'")
        #expect(listing.status == 0)
        #expect(listing.output == "manifest.json\n")
    }

    @Test func unzipReadsEveryKindOfMember() throws {
        let folder = Folder()
        let path = try folder.write(Sample.small(), as: "small.zip")
        let test = shell("unzip -tq '\(path)'")
        #expect(test.status == 0)
        #expect(test.output == "No errors detected in compressed data of \(path).\n")
        #expect(shell("unzip -p '\(path)' data/000001-users/000002.copy").output == "41\tAda\n42\t\\N\n")
        #expect(shell("cd '\(folder.path)' && unzip -q small.zip && stat -c %a manifest.json").output == "600\n")
    }

    /// The classic end record counts to 65,534: 65,535 there means "see the ZIP64 record".
    @Test(arguments: [65_534, 65_535]) func moreMembersThanAClassicZipCounts(_ count: Int) async throws {
        var sample = try Sample(Compression(level: 0))
        for number in 1..<count { try sample.add(file: "migrations/\(number).sql", "") }
        let bytes = try sample.finish()
        let archive = try ArchiveReader(MemorySource(bytes))
        #expect(archive.members.count == count)
        #expect(archive.members[count - 2] == "migrations/\(count - 1).sql")
        #expect(archive.manifest.files.count == count - 1)
        let hasWideRecord = bytes[(bytes.count - 42)...].starts(with: [0x50, 0x4b, 6, 7])
        #expect(hasWideRecord == (count >= 65_535))
        let folder = Folder()
        let path = try folder.write(bytes, as: "many.zip")
        let test = await longShell("unzip -tqq '\(path)'")
        #expect(test.status == 0)
        #expect(test.output == "")
        #expect(await longShell("unzip -Z1 '\(path)' | wc -l").output == "\(count)\n")
    }

    /// Sizes up to 4,294,967,294 bytes are in the classic fields, larger ones in a ZIP64 field.
    @Test(arguments: [0xffff_fffe, 0xffff_ffff, 0x1_0000_0000]) func sizesAroundFourGigabytes(_ size: Int) async throws
    {
        let entry = ZipEntry(
            name: "data/x/000001.copy",
            method: ZipFormat.stored,
            crc: 0,
            rawBytes: size,
            storedBytes: size
        )
        let isWide = size >= 0xffff_ffff
        #expect(entry.localHeader.count == 30 + 18 + (isWide ? 20 : 0))
        #expect(entry.localHeader.number(UInt32.self, at: 18) == (isWide ? .max : UInt32(size)))
        #expect(entry.localHeader.number(UInt16.self, at: 4) == (isWide ? 45 : 20))
        try await expectReadable(entry, next: size + entry.localHeader.count)
    }

    /// Offsets follow the same rule: the local header stays classic, and the directory has all three numbers in a ZIP64
    /// field.
    @Test(arguments: [0xffff_fffe, 0xffff_ffff, 0x1_0000_0000]) func offsetsAroundFourGigabytes(
        _ offset: Int
    ) async throws {
        let header = 30 + "data/x/000001.copy".utf8.count
        let size = offset - header
        let first = ZipEntry(
            name: "data/x/000001.copy",
            method: ZipFormat.stored,
            crc: 0,
            rawBytes: size,
            storedBytes: size
        )
        try await expectReadable(first, next: offset)
    }

    /// Writes `first`, which consists of zeros, and a manifest to a sparse file. Reads the file with granary and with
    /// `unzip`.
    /// file.
    private func expectReadable(_ first: ZipEntry, next: Int) async throws {
        var sample = try Sample()
        sample.manifest.environment = "far away"
        let members = try Rebuilding.members(of: sample.finish())
        var manifest = try #require(members.last)
        manifest.entry.offset = next
        let content = manifest.entry.localHeader + manifest.stored
        let directory = first.directoryHeader + manifest.entry.directoryHeader
        let end =
            directory
            + ZipFormat.end(entries: 2, directoryOffset: next + content.count, directorySize: directory.count)
        let source = SparseSource(
            byteCount: next + content.count + end.count,
            places: [(0, first.localHeader), (next, content + end)]
        )
        let archive = try ArchiveReader(source)
        #expect(archive.manifest.environment == "far away")
        #expect(archive.directory.entries.map(\.storedBytes) == [first.storedBytes, manifest.stored.count])
        #expect(archive.directory.entries.map(\.offset) == [0, next])

        let folder = Folder()
        let head = try folder.write(first.localHeader, as: "head")
        let tail = try folder.write(content + end, as: "tail")
        let path = folder.file("far.zip")
        let made = await longShell(
            "cp '\(head)' '\(path)' && truncate -s \(next) '\(path)' && cat '\(tail)' >> '\(path)' && unzip -tq '\(path)' manifest.json"
        )
        #expect(made.status == 0, "\(made.output)")
        let sizes = await longShell("unzip -Zv '\(path)' data/x/000001.copy | grep -c '  \(first.rawBytes) bytes$'")
        #expect(sizes.output == "2\n")
    }
}
