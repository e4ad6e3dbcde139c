import FoundationEssentials
import TestSupport

/// A page of the documentation, divided into its parts.
///
/// A page's examples are its ```` ```sh ```` blocks. `<!-- tested -->` on the line before one has it run; a
/// ```` ```text ```` block that follows is what it must print. What readers need not see is run from a comment:
///
///     <!-- tested
///     touch something
///     -->
struct Document: Sendable {
    struct Block: Sendable {
        var language: String
        var text: String
        /// The line of the file that the text begins at, from 1.
        var line: Int
        var isTested = false
    }

    /// A piece of the page's script.
    struct Step: Sendable {
        var script: String
        var line: Int
        var expected: Block?
    }

    struct Heading: Sendable {
        var level: Int
        var text: String
        var line: Int
    }

    /// The path from the project's folder.
    let path: String
    private(set) var blocks: [Block] = []
    private(set) var steps: [Step] = []
    private(set) var headings: [Heading] = []
    /// The lines outside blocks and comments, with their numbers.
    private(set) var prose: [(text: String, line: Int)] = []
    /// The text between backticks, outside blocks.
    private(set) var codeSpans: [(text: String, line: Int)] = []

    init(_ path: String) throws {
        try self.init(path, text: Project.text(path))
    }

    init(_ path: String, text: String) throws {
        self.path = path
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var index = 0
        var isTested = false
        while index < lines.count {
            let line = lines[index]
            if line.hasPrefix("```") {
                let end = lines[(index + 1)...].firstIndex { $0 == "```" } ?? lines.count
                take(
                    Block(
                        language: String(line.dropFirst(3).prefix { $0 != " " }),
                        text: lines[(index + 1)..<end].joined(separator: "\n"),
                        line: index + 2,
                        isTested: isTested
                    )
                )
                isTested = false
                index = end + 1
            } else if line == "<!-- tested -->" {
                isTested = true
                index += 1
            } else if line == "<!-- tested" {
                let end = lines[(index + 1)...].firstIndex { $0 == "-->" } ?? lines.count
                let script = lines[(index + 1)..<end].joined(separator: "\n")
                steps.append(Step(script: script, line: index + 2))
                index = end + 1
            } else {
                if isTested { throw CommandFailure(description: "\(path):\(index + 1): no block follows the comment") }
                takeProse(line, index + 1)
                index += 1
            }
        }
    }

    private mutating func take(_ block: Block) {
        if block.language == "text", steps.last?.expected == nil, blocks.last?.isTested == true {
            steps[steps.count - 1].expected = block
        }
        if block.isTested { steps.append(Step(script: block.text, line: block.line)) }
        blocks.append(block)
    }

    private mutating func takeProse(_ line: String, _ number: Int) {
        let level = line.prefix { $0 == "#" }.count
        if (1...6).contains(level), line.dropFirst(level).first == " " {
            headings.append(Heading(level: level, text: String(line.dropFirst(level + 1)), line: number))
        }
        prose.append((line, number))
        for (place, part) in line.split(separator: "`", omittingEmptySubsequences: false).enumerated()
        where place % 2 == 1 { codeSpans.append((String(part), number)) }
    }

    /// The targets of `[text](target)`, outside code.
    var links: [(target: String, line: Int)] {
        prose.flatMap { line in
            let text = line.text.split(separator: "`", omittingEmptySubsequences: false).enumerated()
                .map { $0.offset % 2 == 0 ? String($0.element) : "" }.joined()
            return text.matches(of: #/\]\(([^)\s]+)\)/#).map { (String($0.1), line.line) }
        }
    }

    /// The anchors that GitHub derives from headings.
    var anchors: Set<String> {
        Set(
            headings.map { heading in
                String(
                    heading.text.lowercased().compactMap { character -> Character? in
                        character == " "
                            ? "-"
                            : character.isLetter || character.isNumber || "-_".contains(character) ? character : nil
                    }
                )
            }
        )
    }

    /// The headings above a line, from the outermost.
    func path(to line: Int) -> [Heading] {
        headings.filter { $0.line <= line }.reduce(into: []) { path, heading in
            path.removeAll { $0.level >= heading.level }
            path.append(heading)
        }
    }
}

/// The files of this project.
enum Project {
    static let folder: String = {
        let file = #filePath
        return file.firstRange(of: "/Tests/").map { String(file[..<$0.lowerBound]) } ?? "."
    }()

    static func path(_ name: String) -> String { "\(folder)/\(name)" }

    static func text(_ name: String) throws -> String {
        guard let data = FileManager.default.contents(atPath: path(name)) else {
            throw CommandFailure(description: "there is no file \(name)")
        }
        return String(decoding: data, as: UTF8.self)
    }

    static func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

    /// The names in a folder, sorted; empty if it does not exist.
    static func names(in name: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path(name))) ?? []).sorted()
    }

    /// Folders and files below `name`, at every level, as paths from the project's folder.
    static func everything(below name: String) -> [String] {
        names(in: name).flatMap { entry in ["\(name)/\(entry)"] + everything(below: "\(name)/\(entry)") }
    }

    /// The pages: those in the top folder and those in docs.
    static let pages: [String] =
        names(in: ".").filter { $0.hasSuffix(".md") }
        + names(in: "docs").filter { $0.hasSuffix(".md") }.map { "docs/\($0)" }

    static let documents: [Document] = pages.compactMap { try? Document($0) }
}
