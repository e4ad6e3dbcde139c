internal import Glibc

/// The records of a ZIP file in the form that granary uses: no data descriptors, no encryption, no comments, UTF-8
/// names, ZIP64 fields only if a number needs them.
///
/// Source: APPNOTE.TXT 6.3.10 of the ZIP format, sections 4.3 and 4.5.3.
enum ZipFormat {
    static let localSignature: UInt32 = 0x0403_4b50
    static let directorySignature: UInt32 = 0x0201_4b50
    static let endSignature: UInt32 = 0x0605_4b50
    static let end64Signature: UInt32 = 0x0606_4b50
    static let locatorSignature: UInt32 = 0x0706_4b50
    static let localBytes = 30
    static let directoryBytes = 46
    static let endBytes = 22
    static let end64Bytes = 56
    static let locatorBytes = 20
    static let stored: UInt16 = 0
    static let deflated: UInt16 = 8
    /// The name is UTF-8; no other flag is set.
    static let flags: UInt16 = 0x0800
    /// 1980-01-01: the manifest has the real time.
    static let date: UInt16 = 0x21
    /// One byte of DEFLATE becomes at most 1,032 bytes.
    static let ratioMax = 1032
    /// The largest central directory that is read. It is enough for ten million members; an untrusted file must not cost
    /// more memory.
    static let directoryBytesMax = 1 << 30
}

/// One member, as described by the central directory.
package struct ZipEntry: Sendable, Equatable {
    package var name: String
    var method: UInt16
    var crc: UInt32
    package var rawBytes: Int
    package var storedBytes: Int
    /// The position of its local header.
    var offset = 0
    /// The length of a local header that another program wrote; 0 for one of granary.
    var headerBytes = 0

    private var needsWideSizes: Bool { max(rawBytes, storedBytes) >= UInt32.max }

    /// The length of the local header.
    var localHeaderBytes: Int { ZipFormat.localBytes + name.utf8.count + (needsWideSizes ? 20 : 0) }

    /// The local header, including sizes and CRC, so that a file without its end can still be read.
    var localHeader: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(localHeaderBytes)
        let extra = needsWideSizes ? wideFields([rawBytes, storedBytes]) : []
        bytes.append(ZipFormat.localSignature)
        appendCommonFields(to: &bytes, sizes: needsWideSizes)
        bytes.append(UInt16(extra.count))
        bytes += name.utf8
        return bytes + extra
    }

    /// A member at a large offset also has its sizes in the ZIP64 field. unzip 6.0 looks for them there if the previous
    /// member has exactly 4,294,967,295 bytes, and would mistake the offset for a size.
    var directoryHeader: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(ZipFormat.directoryBytes + name.utf8.count + 28)
        let isFar = offset >= UInt32.max
        let isWide = needsWideSizes || isFar
        let extra = isWide ? wideFields([rawBytes, storedBytes] + (isFar ? [offset] : [])) : []
        bytes.append(ZipFormat.directorySignature)
        bytes.append(UInt16(3 << 8 | 45))  // "Made on Unix", so that the mode below is used.
        appendCommonFields(to: &bytes, sizes: isWide)
        for field in [UInt16(extra.count), 0, 0, 0] { bytes.append(field) }  // No comment, disk 0, binary.
        bytes.append(UInt32(0o100600) << 16)
        bytes.append(isFar ? UInt32.max : UInt32(offset))
        bytes += name.utf8
        return bytes + extra
    }

    /// The fields from the version needed to the length of the name, which both headers share.
    private func appendCommonFields(to bytes: inout [UInt8], sizes areWide: Bool) {
        for field in [areWide ? 45 : 20, ZipFormat.flags, method, 0, ZipFormat.date] { bytes.append(field) }
        bytes.append(crc)
        bytes.append(areWide ? UInt32.max : UInt32(storedBytes))
        bytes.append(areWide ? UInt32.max : UInt32(rawBytes))
        bytes.append(UInt16(name.utf8.count))
    }

    /// The ZIP64 extended information.
    private func wideFields(_ values: [Int]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(UInt16(1))
        bytes.append(UInt16(values.count * 8))
        for value in values { bytes.append(UInt64(value)) }
        return bytes
    }
}

extension ZipFormat {
    /// The end of the file: the ZIP64 records if a number needs them, then the classic one.
    static func end(entries: Int, directoryOffset: Int, directorySize: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        let isWide = entries >= UInt16.max || directoryOffset + directorySize >= UInt32.max
        if isWide {
            bytes.append(end64Signature)
            bytes.append(UInt64(end64Bytes - 12))
            for field in [UInt16(3 << 8 | 45), 45] { bytes.append(field) }
            for field in [UInt32(0), 0] { bytes.append(field) }
            for field in [entries, entries, directorySize, directoryOffset] { bytes.append(UInt64(field)) }
            bytes.append(locatorSignature)
            bytes.append(UInt32(0))
            bytes.append(UInt64(directoryOffset + directorySize))
            bytes.append(UInt32(1))
        }
        bytes.append(endSignature)
        let count = isWide ? UInt16.max : UInt16(entries)
        for field in [0, 0, count, count] { bytes.append(field) }
        bytes.append(isWide ? UInt32.max : UInt32(directorySize))
        bytes.append(isWide ? UInt32.max : UInt32(directoryOffset))
        bytes.append(UInt16(0))
        return bytes
    }
}

extension [UInt8] {
    /// Little-endian, as everything in a ZIP.
    mutating func append<T: FixedWidthInteger>(_ value: T) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    /// Whether `other` is at `offset`. The caller has checked that there are enough bytes.
    func has(_ other: [UInt8], at offset: Int) -> Bool {
        withUnsafeBytes { bytes in
            other.withUnsafeBytes { memcmp(bytes.baseAddress! + offset, $0.baseAddress!, $0.count) == 0 }
        }
    }

    /// The little-endian number at `offset`. The caller has checked that there are enough bytes.
    func number<T: FixedWidthInteger & UnsignedInteger>(_ type: T.Type, at offset: Int) -> T {
        withUnsafeBytes { T(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: T.self)) }
    }
}

/// The values of a ZIP64 extra field, read in order for those classic fields that are at their maximum.
struct WideFields {
    private let bytes: [UInt8]
    private var position = 4

    init(_ extra: ArraySlice<UInt8>) { bytes = Array(extra) }

    mutating func next(for classic: UInt32) -> Int? {
        guard classic == UInt32.max else { return Int(classic) }
        guard bytes.count >= position + 8, bytes.number(UInt16.self, at: 0) == 1 else { return nil }
        defer { position += 8 }
        return Int(exactly: bytes.number(UInt64.self, at: position))
    }
}
