internal import Project
internal import Seeding

enum SeedTargets {
    static func yaml(_ input: [UInt8]) throws {
        try rows(input, "users.yaml")
        let file = try unless(EnvironmentsError.self) { try SeedsFile.parse(input, path: "seeds.yaml") }
        guard let file else { return }
        for name in file.environments.keys { _ = try unless(EnvironmentsError.self) { try file.layers(of: name) } }
    }

    static func csv(_ input: [UInt8]) throws {
        try rows(input, "users.csv")
        try rows(input, "users.tsv")
    }

    static func json(_ input: [UInt8]) throws {
        try rows(input, "users.json")
        try rows(input, "users.jsonl")
    }

    /// Lines are those of the file, and every cell can be asked whether it is a reference.
    private static func rows(_ input: [UInt8], _ name: String) throws {
        guard let file = SeedFile(layer: "common", file: name, folder: "seeds") else { return }
        guard let table = try unless(SeedingError.self, { try TableFile(file, bytes: input) }) else { return }
        let lines = 1 + input.count { $0 == 0x0A }
        for row in table.rows {
            try require(isLine(row.line, lines, input), "\(name): a row of line \(row.line) of \(lines)")
            for cell in row.cells {
                try require(isLine(cell.line, lines, input), "\(name): a cell of line \(cell.line) of \(lines)")
                _ = try unless(SeedingError.self) {
                    try Reference.of(cell.value, inReferenceColumn: true, file: name)
                }
            }
        }
    }

    private static func isLine(_ line: Int, _ lines: Int, _ input: [UInt8]) -> Bool {
        // YAML has more line breaks than the newline: U+000D, U+0085, U+2028 and U+2029.
        line >= 1 && line <= lines + input.count { $0 == 0x0D || $0 == 0x85 || $0 == 0xA8 || $0 == 0xA9 }
    }
}
