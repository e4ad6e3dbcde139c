internal import PostgresClient

/// CSV and TSV by the rules of COPY. The first line is a header. An unquoted empty field is NULL, a quoted one the
/// empty string.
///
/// Quoted fields may contain line breaks and doubled quotes. TSV has the same rules, with tabs.
package struct DelimitedText: Sendable {
    package struct Field: Sendable, Equatable {
        package var text: String
        package var isQuoted: Bool
    }

    package struct Record: Sendable, Equatable {
        package var fields: [Field]
        /// The line of its first byte, counted from 1.
        package var line: Int
    }

    package let header: [String]
    package let records: [Record]

    /// - Throws: `SeedingError` with `.file`, naming the line.
    package init(_ bytes: [UInt8], separator: UInt8, path: String) throws(SeedingError) {
        var scanner = Scanner(bytes: bytes, separator: separator, path: path)
        guard let first = try scanner.record() else {
            throw SeedingError(.file, "\(path): the file is empty", hint: "its first line names the columns")
        }
        if separator == UInt8(ascii: ","), first.fields.count == 1, !first.fields[0].isQuoted,
            first.fields[0].text.contains(";")
        {
            throw SeedingError(
                .file,
                at: FilePlace(path, line: first.line),
                "the fields are separated by semicolons, but CSV uses commas",
                hint: "save the file with commas, or with tabs as .tsv"
            )
        }
        var names: [String] = []
        var known: Set<ExactText> = []
        for field in first.fields {
            guard !field.text.isEmpty else {
                throw SeedingError(.file, at: FilePlace(path, line: first.line), "a column of the header has no name")
            }
            guard known.insert(ExactText(field.text)).inserted else {
                throw SeedingError(.file, at: FilePlace(path, line: first.line), "the header names \(field.text) twice")
            }
            names.append(field.text)
        }
        var found: [Record] = []
        while let record = try scanner.record() {
            guard record.fields.count == names.count else {
                throw SeedingError(
                    .file,
                    at: FilePlace(path, line: record.line),
                    "the row has \(record.fields.count) fields, but the header has \(names.count)",
                    hint: separator == 0x09 ? "fields are separated by tabs" : "a field with a comma needs quotes"
                )
            }
            found.append(record)
        }
        header = names
        records = found
    }

    private struct Scanner {
        let bytes: [UInt8]
        let separator: UInt8
        let path: String
        var position: Int
        var line = 1

        init(bytes: [UInt8], separator: UInt8, path: String) {
            self.bytes = bytes
            self.separator = separator
            self.path = path
            position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        }

        /// The next record; nil at the end. Skips empty lines.
        mutating func record() throws(SeedingError) -> Record? {
            while position < bytes.count, bytes[position] == 0x0A || bytes[position] == 0x0D {
                if bytes[position] == 0x0A { line += 1 }
                position += 1
            }
            guard position < bytes.count else { return nil }
            var record = Record(fields: [], line: line)
            while true {
                record.fields.append(try field())
                guard position < bytes.count else { return record }
                if bytes[position] == separator {
                    position += 1
                    continue
                }
                if bytes[position] == 0x0D { position += 1 }
                if position < bytes.count, bytes[position] == 0x0A {
                    position += 1
                    line += 1
                }
                return record
            }
        }

        private mutating func field() throws(SeedingError) -> Field {
            let begin = line
            var text: [UInt8] = []
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
                while position < bytes.count, bytes[position] != separator, bytes[position] != 0x0A,
                    !(bytes[position] == 0x0D && (position + 1 == bytes.count || bytes[position + 1] == 0x0A))
                {
                    // JSON between tabs needs no quotes around it.
                    guard bytes[position] != UInt8(ascii: "\"") || separator == 0x09 else {
                        throw problem(line, "a field contains a quote but does not begin with one")
                    }
                    text.append(bytes[position])
                    position += 1
                }
                return Field(text: try string(text, begin), isQuoted: false)
            }
            position += 1
            while position < bytes.count {
                let byte = bytes[position]
                if byte == UInt8(ascii: "\"") {
                    position += 1
                    guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
                        guard position == bytes.count || [separator, 0x0A, 0x0D].contains(bytes[position]) else {
                            throw problem(line, "text follows the closing quote of a field")
                        }
                        return Field(text: try string(text, begin), isQuoted: true)
                    }
                }
                if byte == 0x0A { line += 1 }
                text.append(byte)
                position += 1
            }
            throw problem(begin, "a quoted field is not closed")
        }

        private func string(_ bytes: [UInt8], _ line: Int) throws(SeedingError) -> String {
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw problem(line, "the text is not UTF-8")
            }
            return text
        }

        private func problem(_ line: Int, _ what: String) -> SeedingError {
            SeedingError(
                .file,
                at: FilePlace(path, line: line),
                what,
                hint: "write quotes inside a quoted field twice, as in \"a \"\"b\"\"\""
            )
        }
    }
}
