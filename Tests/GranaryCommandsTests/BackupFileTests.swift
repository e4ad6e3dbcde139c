import TestSupport
import Testing

@testable import GranaryCommands

@Suite struct BackupFileTests {
    @Test func onlyAFolderWithATableOfContentsIsADump() async throws {
        try await ScratchFolder.with { folder in
            #expect(try !BackupFile.isPgDumpArchive(folder.path))
            try folder.write("PGDMP", to: "toc.dat")
            #expect(try BackupFile.isPgDumpArchive(folder.path))
        }
    }
}
