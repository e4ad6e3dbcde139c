import TestSupport
import Testing

@testable import Archive

/// Both sides of each limit in the records.
@Suite struct LimitTests {
    @Test func deflateMakesAtMost1032BytesOfOne() throws {
        for (excess, problem) in [(0, nil), (1, "a: 10 bytes cannot decompress to 10321")] as [(Int, String?)] {
            let entry = ZipEntry(
                name: "a",
                method: ZipFormat.deflated,
                crc: 0,
                rawBytes: 10_320 + excess,
                storedBytes: 10
            )
            let zip = Rebuilding.zip([LooseMember(entry, [UInt8](repeating: 0, count: 10))])
            #expect(archiveError { _ = try ZipDirectory(MemorySource(zip)) }?.description == problem)
        }
        // The two sizes of a stored member must be equal.
        for raw in [9, 11] {
            let entry = ZipEntry(name: "a", method: ZipFormat.stored, crc: 0, rawBytes: raw, storedBytes: 10)
            let zip = Rebuilding.zip([LooseMember(entry, [UInt8](repeating: 0, count: 10))])
            let error = archiveError { _ = try ZipDirectory(MemorySource(zip)) }
            #expect(error?.description == "a: 10 bytes cannot decompress to \(raw)")
        }
        // A deflate stream is never empty.
        let nothing = ZipEntry(name: "a", method: ZipFormat.deflated, crc: 0, rawBytes: 0, storedBytes: 0)
        let error = archiveError { _ = try ZipDirectory(MemorySource(Rebuilding.zip([LooseMember(nothing, [])]))) }
        #expect(error?.description == "a: 0 bytes cannot decompress to 0")
    }

    @Test func aNameHas65535BytesAtMost() async throws {
        let name = String(repeating: "n", count: 65_535)
        var sample = try Sample()
        try sample.add(file: name, "content")
        let bytes = try sample.finish()
        #expect(try await verify(bytes).sentences == [])
        #expect(try ArchiveReader(MemorySource(bytes)).contents(of: name) == Array("content".utf8))
        let writer = ArchiveWriter(sink: MemorySink())
        let error = archiveError { _ = try writer.add(name + "n", [1]) }
        #expect(error?.code == .format)
        #expect(error?.description.hasSuffix("n\" is not safe") == true)
    }

    /// A full field in the end record means that the ZIP64 record has the number.
    @Test func aZip64EndIsWrittenOnlyIfNeeded() {
        for (entries, offset, size, isWide) in [
            (0, 0, 0, false), (65_534, 0, 0, false), (65_535, 0, 0, true), (65_536, 0, 0, true),
            (1, 0xffff_fffe, 0, false), (1, 0xffff_ffff, 0, true), (1, 0xffff_ff00, 0xfe, false),
            (1, 0xffff_ff00, 0xff, true), (1, 0, 0xffff_fffe, false), (1, 0, 0xffff_ffff, true),
        ] {
            let end = ZipFormat.end(entries: entries, directoryOffset: offset, directorySize: size)
            #expect(end.count == (isWide ? 98 : 22), "\(entries), \(offset), \(size)")
            let place = end.count - 22
            #expect(end.number(UInt16.self, at: place + 10) == (isWide ? .max : UInt16(entries)))
            #expect(end.number(UInt32.self, at: place + 12) == (isWide ? .max : UInt32(size)))
            #expect(end.number(UInt32.self, at: place + 16) == (isWide ? .max : UInt32(offset)))
            guard isWide else { continue }
            #expect(end.number(UInt64.self, at: 32) == UInt64(entries))
            #expect(end.number(UInt64.self, at: 40) == UInt64(size))
            #expect(end.number(UInt64.self, at: 48) == UInt64(offset))
            #expect(end.number(UInt64.self, at: 56 + 8) == UInt64(offset + size))
        }
    }

    /// All three numbers of a member that begins at 4,294,967,295 or later; both sizes if one of them is that large.
    @Test func aZip64FieldIsWrittenOnlyIfNeeded() {
        for (raw, stored, offset, local, directory) in [
            (1, 1, 0, 0, 0), (0xffff_fffe, 1, 0xffff_fffe, 0, 0), (0xffff_ffff, 1, 0, 20, 20),
            (1, 0xffff_ffff, 0, 20, 20), (1, 1, 0xffff_ffff, 0, 28), (1 << 40, 1 << 33, 1 << 50, 20, 28),
        ] {
            var entry = ZipEntry(name: "abc", method: ZipFormat.deflated, crc: 0, rawBytes: raw, storedBytes: stored)
            entry.offset = offset
            #expect(entry.localHeader.count == 33 + local)
            #expect(entry.localHeaderBytes == 33 + local)
            #expect(entry.directoryHeader.count == 49 + directory)
            var position = 0
            let read = try? ZipEntry(directory: entry.directoryHeader, at: &position, from: 0)
            #expect(read == entry)
            #expect(position == 49 + directory)
        }
    }

    /// A central directory may have one gibibyte. A larger one is refused before it is read.
    @Test func aDirectoryHasAGibibyteAtMost() {
        for excess in [0, 1] {
            let size = ZipFormat.directoryBytesMax + excess
            let end = ZipFormat.end(entries: 1, directoryOffset: 0, directorySize: size)
            let source = SparseSource(byteCount: size + end.count, places: [(size, end)])
            let error = archiveError { _ = try ZipDirectory(source) }
            #expect(
                error?.description
                    == (excess == 0
                        ? "the archive has no manifest.json at its end"
                        : "central directory: 1073741825 bytes exceed the size limit")
            )
        }
    }

    /// The directory is read in windows. Each record is read whole, wherever it begins.
    @Test func recordsAreReadWhereverAWindowEnds() throws {
        var generator = SeededGenerator(seed: 5)
        var names: Set<String> = []
        while names.count < 100 {
            let count = [1, 2, 100, 5000, 65_535].randomElement(using: &generator)!
            names.insert(
                String(repeating: "n", count: max(0, count - 4))
                    + "\(Int.random(in: 1000...9999, using: &generator))".suffix(count)
            )
        }
        let zip = Rebuilding.zip(names.sorted().map { LooseMember($0, contents: []) })
        let whole = try ZipDirectory(MemorySource(zip), windowBytes: zip.count)
        #expect(whole.entries.map(\.name) == names.sorted())
        for window in [0, 131_117, 200_003] {
            let directory = try ZipDirectory(MemorySource(zip), windowBytes: window)
            #expect(directory.entries == whole.entries, "windows of \(window) bytes")
        }
        // Damage is reported with its position in the directory, not in the window.
        let last = try #require(whole.entries.last)
        let place = zip.count - 22 - 46 - last.name.utf8.count
        let error = archiveError { _ = try ZipEntry(directory: zip.setting(UInt8(9), at: place + 34), at: place) }
        #expect(
            error?.description
                == "central directory: the record at its byte \(place) is not in the form that granary writes"
        )
    }
}

extension ZipEntry {
    fileprivate init(directory bytes: [UInt8], at place: Int) throws {
        var position = 0
        try self.init(directory: Array(bytes[place...]), at: &position, from: place)
    }
}

/// DEFLATE streams that arrive in pieces.
@Suite struct InflateStreamTests {
    /// Inflates `stored`, passed in pieces; nil if it is refused.
    private func unpack(_ stored: [UInt8], pieces: Int) throws -> (bytes: [UInt8], slabs: [Int], endsInZeros: Bool)? {
        var stream = InflateStream()
        var (bytes, slabs): ([UInt8], [Int]) = ([], [])
        for start in stride(from: 0, to: stored.count, by: pieces) {
            let isTaken = try stored[start..<min(start + pieces, stored.count)].withUnsafeBytes { piece in
                try stream.unpack(piece) {
                    bytes.append(contentsOf: $0)
                    slabs.append($0.count)
                }
            }
            guard isTaken else { return nil }
        }
        return stream.isFinished ? (bytes, slabs, stream.endsInZeros) : nil
    }

    private func packed(_ raw: [UInt8], _ compression: Compression) -> [UInt8] {
        var room = [UInt8](repeating: 0, count: raw.count + raw.count / 10 + 1000)
        let deflater = Deflater(compression)
        let count = raw.withUnsafeBytes { raw in room.withUnsafeMutableBytes { deflater.pack(raw, into: $0) } }
        return Array(room.prefix(count ?? 0))
    }

    /// Sizes near that of a slab, where the end of the stream needs no more input; stored blocks, and many blocks.
    @Test(arguments: [0, 1, 1000, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 2 << 20, (5 << 20) / 2])
    func everySizeComesBack(_ size: Int) throws {
        var generator = SeededGenerator(seed: UInt64(size))
        let half = generator.bytes(size / 2)
        let texts = [[UInt8](repeating: 7, count: size), half + [UInt8](repeating: 65, count: size - half.count)]
        for (index, raw) in texts.enumerated() {
            for compression in try Compression.samples {
                let stored = packed(raw, compression)
                for pieces in [stored.count, 65_536, 1021] + (size <= 1000 || index == 0 ? [1] : []) {
                    let outcome = try #require(try unpack(stored, pieces: max(1, pieces)), "\(compression), \(pieces)")
                    #expect(areSame(outcome.bytes, raw), "\(compression), pieces of \(pieces)")
                    #expect(outcome.endsInZeros)
                    #expect(pieces < stored.count || outcome.slabs.dropLast().allSatisfy { $0 == 1 << 20 })
                }
                #expect(try unpack(stored + [0], pieces: stored.count + 1) == nil)
                #expect(try unpack(stored + [0], pieces: stored.count) == nil)
                #expect(try unpack(stored.dropLast(), pieces: stored.count) == nil)
            }
        }
    }

    /// Each unused bit of the last byte. zlib ignores these bits, granary does not.
    @Test func bitsBehindTheEndAreSeen() throws {
        var seen: Set<Int> = []
        for size in 1...200 {
            let raw = (0..<size).map { UInt8(65 + $0 * $0 % 97) }
            let stored = packed(raw, try Compression(engine: .zlib))
            var left = 0
            for bit in (0..<8).reversed() {
                var changed = stored
                changed[stored.count - 1] ^= 1 << bit
                // A bit of the stream itself changes the output or makes it invalid.
                guard let outcome = try unpack(changed, pieces: changed.count), outcome.bytes == raw else { break }
                #expect(!outcome.endsInZeros)
                left += 1
            }
            seen.insert(left)
        }
        #expect(seen.count == 8, "\(seen.sorted())")
    }
}
