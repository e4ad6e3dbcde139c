@testable import SyntheticData

/// The first rows of a generator, as COPY text.
func values(_ generator: any CellGenerator, _ count: Int = 100) -> [String] {
    (0..<count).map { number in
        var buffer = CopyBuffer()
        generator.write(GeneratedRow(identity: UInt64(number), number: number), &buffer)
        return String(decoding: buffer.bytes(), as: UTF8.self)
    }
}

/// 2026-06-01, in microseconds since 1970.
let now = 1_780_272_000_000_000

extension GeneratorInference {
    /// Inference for a table with these columns, each given as `name type`.
    static func of(_ columns: [String], in table: String = "things", locale: String = "en") -> GeneratorInference {
        let shapes = columns.map { column in
            let parts = column.split(separator: " ").map(String.init)
            return ColumnShape(name: parts[0], type: parts[1], baseType: parts[1], typeName: parts[1].bare)
        }
        let shape = TableShape(name: "shop.\(table)", bareName: table, columns: shapes)
        return GeneratorInference(table: shape, seed: 7, locale: locale, now: SyntheticDataTests.now)
    }

    func choose(_ column: String, isUnique: Bool = false) -> Choice? {
        table.column(column).flatMap { choose($0, isUnique: isUnique) }
    }
}

extension String {
    /// The name of a type without its size.
    fileprivate var bare: String { String(prefix { $0 != "(" }) }
}
