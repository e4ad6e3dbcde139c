internal import Cleaning
internal import Seeding

enum SeedTargets {
    static func yaml(_ input: [UInt8]) throws {
        try rows(input, "users.yaml")
        guard let text = try unless(SeedingError.self, { try SeedFolder.text(input, path: "seeds.yaml") }) else {
            return
        }
        // Both commands read seeds.yaml, and what is none for one must be none for the other.
        let seeding = try unless(SeedingError.self) {
            try SeedsFile(YAMLText.read(text, path: "seeds.yaml"), path: "seeds.yaml")
        }
        let cleaning = try unless(CleaningError.self) { try SeedsLists.parse(text, path: "seeds.yaml") }
        guard let seeding else { return }
        try require(cleaning != nil, "seeding takes a seeds.yaml that cleaning does not")
        try require(seeding.protect == cleaning?.protect, "seeding and cleaning protect different tables")
        for name in seeding.environments.keys { _ = try unless(SeedingError.self) { try seeding.layers(of: name) } }
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
