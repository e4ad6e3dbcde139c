import FoundationEssentials
import FuzzTargets
import Testing

/// Reads the corpus of the fuzzer again. It includes every input that once caused a finding.
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
