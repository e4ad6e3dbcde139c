/// A file that a schedule consists of.
struct ScheduleFile: Sendable, Equatable {
    var name: String
    /// Where it belongs; nil for one that is passed to a program.
    var folder: String?
    var content: String

    private static let file = ResultDescription<ScheduleFile>([
        .init("name", \.name), .init("folder", \.folder), .init("content", \.content),
    ])

    static let result = ResultDescription<[ScheduleFile]>([.init("files", each: file, { $0 })])

    /// Each file below a comment with its path.
    static func text(_ files: [ScheduleFile]) -> String {
        files.map { file in
            let path = file.folder.map { "# \($0)/\(file.name)\n" } ?? ""
            return path + file.content
        }.joined(separator: "\n")
    }
}
