import TestSupport
import Testing

@testable import Archive

/// Files that are not archives.
@Suite struct NoArchiveTests {
    private func outcome(_ bytes: [UInt8]) async throws -> ArchiveError {
        let error = try #require(archiveError { _ = try ArchiveReader(MemorySource(bytes)) })
        #expect(try await verify(bytes).problems.map(\.problem) == [error.message])
        return error
    }

    @Test func otherFilesAreSaidToBeNone() async throws {
        var generator = SeededGenerator(seed: 4)
        for bytes in [
            [], [0x50], [0x50, 0x4b, 3], Array("-- PostgreSQL database dump\n".utf8), Array("PGDMP".utf8),
            [0x1f, 0x8b, 8, 0], [UInt8](repeating: 0, count: 22), [UInt8](repeating: 0xff, count: 1000),
            generator.bytes(100_000),
        ] as [[UInt8]] {
            let error = try await outcome(bytes)
            #expect(error.code == .format)
            #expect(error.description == "this is not an archive of granary")
            #expect(error.hint == "name a file that granary backup wrote")
        }
    }

    @Test func aFileThatOnlyBeginsLikeOneIsCut() async throws {
        for bytes in [[0x50, 0x4b, 3, 4], [0x50, 0x4b, 3, 4] + [UInt8](repeating: 0xff, count: 1000)] as [[UInt8]] {
            let error = try await outcome(bytes)
            #expect(error.code == .damaged)
            #expect(error.description.hasSuffix("complete members found: 0"))
        }
        // Headers of empty members, one after the other.
        let header = LooseMember("a", contents: []).entry.localHeader
        let many = try await outcome(Array(repeatElement(header, count: 5000).joined()))
        #expect(many.message.hasSuffix("complete members found: 5000"))
        // A header with the largest possible size.
        var entry = LooseMember("a", contents: []).entry
        (entry.rawBytes, entry.storedBytes) = (Int.max, Int.max)
        #expect(try await outcome(entry.localHeader).message.hasSuffix("members found: 0"))
        let most = entry.localHeader.setting(UInt64.max, at: 31 + 12)
        #expect(try await outcome(most).message.hasSuffix("members found: 0"))
    }

    @Test func theZIPsOfOthersAreNotOurs() async throws {
        // Members with modification times, as other programs write them.
        var other = LooseMember("a", contents: Array("hello\n".utf8))
        other.directoryHeader = other.entry.directoryHeader.setting(UInt16(0x5a21), at: 12)
        let error = try await outcome(Rebuilding.zip([other]))
        #expect(error.code == .format)
        #expect(error.description == "the archive has no manifest.json at its end")
        // With the manifest's name it counts as an archive of granary that was packed again.
        var ours = LooseMember(Manifest.member, contents: Array("hello\n".utf8))
        ours.directoryHeader = ours.entry.directoryHeader.setting(UInt16(0x5a21), at: 12)
        let damage = try await outcome(Rebuilding.zip([other, ours]))
        #expect(damage.description == "manifest.json: is not JSON")
        let mine = Rebuilding.zip([LooseMember("a", contents: [1])])
        let missing = try #require(archiveError { _ = try ArchiveReader(MemorySource(mine)) })
        #expect(missing.message == "the archive has no manifest.json at its end")
        #expect(try await verify(mine).sentences == ["manifest.json: it is not the last member"])
        let none = ZipFormat.end(entries: 0, directoryOffset: 0, directorySize: 0)
        #expect(archiveError { _ = try ArchiveReader(MemorySource(none)) }?.code == .format)
    }

    /// A file that shrinks while it is read, for example because it is being overwritten.
    @Test func aSourceThatEndsEarlierThanItSaidIsDamage() async throws {
        let archive = try Sample.small()
        for count in stride(from: 0, to: archive.count, by: 97) {
            let source = SparseSource(byteCount: archive.count, places: [(0, Array(archive[..<count]))])
            #expect(try await !Verification(source, jobs: 1).run().isWhole, "\(count) bytes")
        }
    }
}

/// The same with the command and limited memory. It must not be killed.
@Suite(.serialized) struct BoundedMemoryTests {
    /// 192 MiB of writable memory, of which the command itself needs about a third.
    private func verify(_ path: String, in folder: borrowing Folder) async throws -> (status: CInt, output: String) {
        let granary = try granaryBinary()
        return await longShell("cd '\(folder.path)' && ulimit -d 196608 && '\(granary)' verify --jobs 2 '\(path)'")
    }

    @Test func theLimitIsEnoughForAnArchiveAndFilesStayAsTheyAre() async throws {
        let folder = Folder()
        let path = try folder.write(Sample.whole(), as: "a.zip")
        let outcome = try await verify(path, in: folder)
        #expect(outcome.status == 0, "\(outcome.output)")
        #expect(folder.names == ["a.zip"])
    }

    @Test func aBombCostsNoMemory() async throws {
        let folder = Folder()
        let members = try Rebuilding.members(of: Sample.small())
        // More than the available memory, and the record says so.
        var bomb = try Bomb.member("data/bomb", bytes: 256 << 20, claimed: 256 << 20)
        for claimed in [10, (64 << 20) + 1, 256 << 20] {
            bomb.entry.rawBytes = claimed
            let path = try folder.write(Rebuilding.zip([bomb] + members), as: "bomb-\(claimed).zip")
            let outcome = try await verify(path, in: folder)
            #expect(outcome.status == 2, "\(outcome.output)")
            #expect(outcome.output.contains("data/bomb: the manifest does not name it"), "\(outcome.output)")
        }
        #expect(folder.names.count == 3)
    }

    @Test func aManifestOfManyValuesCostsNoMemory() async throws {
        let folder = Folder()
        for (name, unit) in [("numbers", "0,"), ("objects", "{},"), ("keys", "\"a\":0,"), ("arrays", "[")] {
            let raw =
                Array("{\"format\":1,\"tables\":[".utf8)
                + Array(String(repeating: unit, count: (15 << 20) / unit.utf8.count).utf8)
            let stored = try raw.withUnsafeBytes { try Bomb.packed($0) }
            let crc = raw.withUnsafeBytes { CRC32.of($0) }
            let entry = ZipEntry(
                name: Manifest.member,
                method: ZipFormat.deflated,
                crc: crc,
                rawBytes: raw.count,
                storedBytes: stored.count
            )
            let path = try folder.write(Rebuilding.zip([LooseMember(entry, stored)]), as: "\(name).zip")
            let outcome = try await verify(path, in: folder)
            #expect(outcome.status == 2, "\(outcome.output)")
            #expect(outcome.output.contains("manifest.json: "), "\(outcome.output)")
        }
    }

    /// A sparse file of one gigabyte whose record says that all of it is the directory.
    @Test func aDirectoryOfAGigabyteCostsNoMemory() async throws {
        let folder = Folder()
        let end = ZipFormat.end(entries: 1, directoryOffset: 0, directorySize: 1 << 30)
        let tail = try folder.write(end, as: "tail")
        let path = folder.file("sparse.zip")
        let made = await longShell("truncate -s 1G '\(path)' && cat '\(tail)' >> '\(path)'")
        #expect(made.status == 0)
        let outcome = try await verify(path, in: folder)
        #expect(outcome.status == 2, "\(outcome.output)")
        #expect(outcome.output.contains("the archive has no manifest.json at its end"), "\(outcome.output)")
    }

    @Test func theCommandRefusesSpecialFiles() async throws {
        let folder = Folder()
        _ = shell("cd '\(folder.path)' && mkfifo pipe && mkdir folder && : > empty && ln -s nowhere link")
        // Writes nothing, so that the command reads an empty pipe.
        _ = shell("(: > '\(folder.file("pipe"))') >/dev/null 2>&1 &")
        for (name, sentence) in [
            ("pipe", "this is not an archive of granary"), ("folder", "it is a folder"),
            ("empty", "this is not an archive of granary"), ("link", "there is no file"),
        ] {
            let outcome = try await verify(folder.file(name), in: folder)
            #expect(outcome.status != 0)
            #expect(outcome.output.contains(sentence), "\(name): \(outcome.output)")
        }
        #expect(folder.names == ["empty", "folder", "link", "pipe"])
    }
}
