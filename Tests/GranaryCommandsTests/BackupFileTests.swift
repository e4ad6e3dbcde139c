import AgeEncryption
import TestSupport
import Testing

@testable import GranaryCommands

@Suite struct BackupFileTests {
    @Test func onlyAFolderWithATableOfContentsIsADump() async throws {
        try await ScratchFolder.with { folder in
            #expect(try BackupsShow.dumpArchive(folder.path, .none) == nil)
            try folder.write("PGDMP", to: "toc.dat")
            #expect(throws: (any Error).self) { try BackupsShow.dumpArchive(folder.path, .none) }
        }
    }
}
