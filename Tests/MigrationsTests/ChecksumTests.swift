import Migrations
import Project
import TestSupport
import Testing

/// Checksums do not depend on line ends, which editors, git and other systems may change.
@Suite struct ChecksumTests {
    private static let text = "CREATE TABLE a (id int);\nCREATE TABLE b (id int);\n"
    static let spellings = [
        text.replacing("\n", with: "\r\n"), String(text.dropLast()), text + "\n\n", "\u{FEFF}" + text,
        "\u{FEFF}" + text.replacing("\n", with: "\r\n") + "\r\n",
    ]

    @Test(arguments: spellings)
    func theSameLinesAreTheSameMigrationInBothDirections(other: String) async throws {
        for (before, after) in [(Self.text, other), (other, Self.text)] {
            try await TestProject.with(migrations: ["1_a.up.sql": before]) { project in
                try await project.up()
                try project.writeMigration(after, to: "1_a.up.sql")
                try await #expect(project.states() == "1 applied")
                try await #expect(project.up().appliedSteps.isEmpty)
                let sum = try await project.sql("SELECT up_sha256 FROM granary.migrations")
                try await #expect(sum == project.sql("SELECT encode(sha256('\(Self.text)'::bytea), 'hex')"))
            }
        }
    }

    @Test(arguments: [
        " CREATE TABLE a (id int);\nCREATE TABLE b (id int);\n",
        "CREATE TABLE a (id int);\n\nCREATE TABLE b (id int);\n",
    ])
    func otherLinesAreAnEdit(other: String) async throws {
        try await TestProject.with(migrations: ["1_a.up.sql": Self.text]) { project in
            try await project.up()
            try project.writeMigration(other, to: "1_a.up.sql")
            try await #expect(project.states() == "1 modified")
        }
    }

    /// Earlier versions recorded the checksum of the bytes.
    @Test(arguments: spellings)
    func checksumsOfEarlierVersionsStillCount(spelling: String) async throws {
        try await TestProject.with(migrations: ["1_a.up.sql": spelling]) { project in
            try await project.up()
            let bytes = spelling.utf8.map { String(0x100 + Int($0), radix: 16).dropFirst() }
            try await project.sql(
                "UPDATE granary.migrations SET up_sha256 = encode(sha256('\\x\(bytes.joined())'::bytea), 'hex')"
            )
            try await #expect(project.states() == "1 applied")
            // Under another number, the file is identified by its content.
            try project.rename("1_a.up.sql", "2_a.up.sql")
            try await #expect(project.states() == "1 other_layer, 2 other_layer")
        }
    }

    @Test(arguments: spellings)
    func anApprovalHoldsForTheSameLines(other: String) async throws {
        try await TestProject.with(migrations: ["1_a.up.sql": Self.text]) { project in
            try project.writeMigration(
                #"{"environments": {"development": {"config": {"require_approval": true}}}}"#,
                to: "environments.json"
            )
            let sum = try await project.sql("SELECT encode(sha256('\(Self.text)'::bytea), 'hex')")
            try project.writeMigration(
                "{\"migrations\": {\"1\": {\"approved\": {\"sha256\": \"\(sum)\"}}}}",
                to: "dependencies.json"
            )
            try project.writeMigration(other, to: "1_a.up.sql")
            try await #expect(project.up().appliedSteps.map(\.version) == [1])
        }
    }
}
