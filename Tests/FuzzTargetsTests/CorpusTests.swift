import FoundationEssentials
import FuzzTargets
import Testing

/// What the fuzzer has found worth keeping, read again: every input that once was a finding is among it.
@Suite struct CorpusTests {
    @Test(arguments: FuzzTarget.allCases)
    func everyInputOfTheCorpusIsReadWithoutAFinding(target: FuzzTarget) async throws {
        let files = try Corpus.files(of: target)
        #expect(!files.isEmpty)
        for file in files {
            do {
                try await target.read(Array(Data(contentsOf: file)))
            } catch {
                Issue.record("\(file.lastPathComponent): \(error)")
            }
        }
    }
}

enum Corpus {
    static func files(of target: FuzzTarget) throws -> [URL] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fuzzing/corpus/\(target.rawValue)")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map {
            folder.appending(path: $0)
        }
    }
}
