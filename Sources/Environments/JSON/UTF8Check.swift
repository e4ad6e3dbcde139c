/// Whether a file is UTF-8, and where it stops to be.
enum UTF8Check {
    /// - Throws: `EnvironmentsError.invalidFile` with the place of the first byte that is not UTF-8.
    static func requireText(_ bytes: [UInt8], path: String) throws {
        guard String(validating: bytes, as: UTF8.self) == nil else { return }
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw error(TextPlace(file: path, line: 1, column: 1), "is UTF-16")
        }
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var place = TextPlace(file: path, line: 1, column: 1)
        while case .scalarValue(let scalar) = decoder.decode(&iterator) {
            place.column += 1
            if scalar == "\n" {
                place.line += 1
                place.column = 1
            }
        }
        throw error(place, "has bytes that are not UTF-8")
    }

    private static func error(_ place: TextPlace, _ finding: String) -> EnvironmentsError {
        EnvironmentsError(.invalidFile, "\(place): the file \(finding)", hint: "save it as UTF-8")
    }
}
