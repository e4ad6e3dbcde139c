import AgeEncryption
import Storage
import TestSupport
import Testing

@testable import GranaryCommands

@Suite struct BackupFileTests {
    @Test func onlyAFolderWithATableOfContentsIsADump() async throws {
        try await ScratchFolder.with { folder in
            #expect(try BackupsShow.dumpArchive(folder.path, .none, .none) == nil)
            try folder.write("PGDMP", to: "toc.dat")
            #expect(throws: (any Error).self) { try BackupsShow.dumpArchive(folder.path, .none, .none) }
        }
    }
}
