import Testing

@testable import Basics

@Suite struct OwnVariablesTests {
    @Test(arguments: [
        "GRANARY_AGE_IDENTITY", "GRANARY_PASSPHRASE_FILE", "GRANARY_ARCHIVE_KEY", "DATABASE_URL", "DATABASE_PASSWORD",
    ])
    func aVariableOfGranaryIsNotForItsChildren(_ name: String) {
        #expect(OwnVariables.contains(name))
    }

    @Test(arguments: ["PATH", "HOME", "LD_LIBRARY_PATH", "PGPASSWORD", "TZ"]) func othersAre(_ name: String) {
        #expect(!OwnVariables.contains(name))
    }
}
