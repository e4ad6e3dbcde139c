internal import PostgresClient
internal import SyntheticData

/// CSV and TSV by the rules of COPY. The first line is a header. An unquoted empty field is NULL, a quoted one the
/// empty string.
///
/// Quoted fields may contain line breaks and doubled quotes. TSV has the same rules, with tabs.
///
/// The file stays bytes: a record is only the offsets of its fields, and a field becomes a text when it is asked for.
package struct DelimitedText: Sendable {
    package let header: [String]
    private let bytes: [UInt8]
    /// For each record the offset of each field, and then the offset of its end plus 1. So a field ends one byte before
    /// the next offset.
    private let offsets: [UInt32]
    /// The line of each record's first byte, counted from 1.
    private let lines: [UInt32]

    package var count: Int { lines.count }

    /// - Throws: `SeedingError` with `.file`, naming the line.
    package init(_ bytes: [UInt8], separator: UInt8, path: String) throws(SeedingError) {
        guard bytes.count < UInt32.max else {
            throw SeedingError(.file, "\(path): the file is larger than 4 GB", hint: "split it into several files")
        }
        var scanner = DelimitedScanner(bytes: bytes, separator: separator, path: path)
        header = try Self.header(&scanner)
        (offsets, lines) = try Self.records(&scanner, width: header.count)
        self.bytes = bytes
    }

    private static func header(_ scanner: inout DelimitedScanner) throws(SeedingError) -> [String] {
        let path = scanner.path
        var offsets: [UInt32] = []
        guard let line = try scanner.record(&offsets) else {
            throw SeedingError(.file, "\(path): the file is empty", hint: "its first line names the columns")
        }
        let fields = zip(offsets, offsets.dropFirst()).map { start, next in Int(start)..<Int(next) - 1 }
        if scanner.separator == UInt8(ascii: ","), fields.count == 1,
            scanner.bytes[fields[0]].first != DelimitedScanner.quote,
            scanner.bytes[fields[0]].contains(UInt8(ascii: ";"))
        {
            throw SeedingError(
                .file,
                at: FilePlace(path, line: line),
                "the fields are separated by semicolons, but CSV uses commas",
                hint: "save the file with commas, or with tabs as .tsv"
            )
        }
        var known: Set<ExactText> = []
        var names: [String] = []
        for field in fields {
            let name = withText(of: scanner.bytes, field) { String(decoding: $0, as: UTF8.self) }
            guard !name.isEmpty else {
                throw SeedingError(.file, at: FilePlace(path, line: line), "a column of the header has no name")
            }
            guard known.insert(ExactText(name)).inserted else {
                throw SeedingError(.file, at: FilePlace(path, line: line), "the header names \(name) twice")
            }
            names.append(name)
        }
        return names
    }

    private static func records(
        _ scanner: inout DelimitedScanner,
        width: Int
    ) throws(SeedingError) -> (offsets: [UInt32], lines: [UInt32]) {
        var offsets: [UInt32] = []
        var lines: [UInt32] = []
        let most = scanner.recordsAtMost(width: width)
        offsets.reserveCapacity(most * (width + 1))
        lines.reserveCapacity(most)
        while let line = try scanner.record(&offsets) {
            lines.append(UInt32(truncatingIfNeeded: line))
            guard offsets.count == lines.count * (width + 1) else {
                let count = offsets.count - (lines.count - 1) * (width + 1) - 1
                throw SeedingError(
                    .file,
                    at: FilePlace(scanner.path, line: line),
                    "the row has \(count) fields, but the header has \(width)",
                    hint: scanner.separator == 0x09
                        ? "fields are separated by tabs" : "a field with a comma needs quotes"
                )
            }
        }
        return (offsets, lines)
    }

    /// The line of a record's first byte.
    package func line(_ record: Int) -> Int { Int(lines[record]) }

    package func isNull(_ record: Int, _ field: Int) -> Bool { range(record, field).isEmpty }

    /// The text of a field; nil for NULL.
    package func text(_ record: Int, _ field: Int) -> String? {
        withText(record, field) { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether the text of a field begins with a byte.
    func begins(_ record: Int, _ field: Int, with byte: UInt8) -> Bool {
        let written = bytes[range(record, field)]
        return (written.first == DelimitedScanner.quote ? written.dropFirst() : written).first == byte
    }

    /// Appends a field to COPY text.
    func append(_ record: Int, _ field: Int, to buffer: inout CopyBuffer) {
        if withText(record, field, { buffer.append(escaping: $0) }) == nil { buffer.appendNull() }
    }

    /// Passes the bytes of the text of a field to `body`.
    ///
    /// - Returns: nil for NULL.
    func withText<Result>(_ record: Int, _ field: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result? {
        let range = range(record, field)
        return range.isEmpty ? nil : Self.withText(of: bytes, range, body)
    }

    /// The bytes of a field as written, with its quotes.
    private func range(_ record: Int, _ field: Int) -> Range<Int> {
        let place = record * (header.count + 1) + field
        return Int(offsets[place])..<Int(offsets[place + 1]) - 1
    }

    private static func withText<Result>(
        of bytes: [UInt8],
        _ range: Range<Int>,
        _ body: (UnsafeBufferPointer<UInt8>) -> Result
    ) -> Result {
        let quote = DelimitedScanner.quote
        return bytes.withUnsafeBufferPointer { bytes in
            let written = UnsafeBufferPointer(rebasing: bytes[range])
            guard written.count > 1, written[0] == quote else { return body(written) }
            let inner = UnsafeBufferPointer(rebasing: written[1..<written.count - 1])
            guard inner.contains(quote) else { return body(inner) }
            // Each quote is written twice.
            var text: [UInt8] = []
            text.reserveCapacity(inner.count)
            var isSecond = false
            for byte in inner {
                isSecond = byte == quote && !isSecond
                if byte != quote || isSecond { text.append(byte) }
            }
            return text.withUnsafeBufferPointer(body)
        }
    }
}
