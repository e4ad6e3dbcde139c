import Glibc
import TestSupport
import Testing

@testable import Project

/// The parts of `seeds.yaml` that cleaning and seeding read.
@Suite struct SeedsFileTests {
    private func parse(_ text: String) throws -> SeedsFile {
        try SeedsFile.parse(Array(text.utf8), path: "seeds.yaml")
    }

    @Test func bothListsAreRead() throws {
        let file = try parse(
            """
            # what is seeded
            seed: 42
            environments: {staging: {scale: 0.1}}
            protect:
              - audit.log
              - "My Shop.Users"   # mixed case
              - no
            reference: countries
            """
        )
        #expect(file.protect == ["audit.log", "My Shop.Users", "no"])
        #expect(file.reference == ["countries"])
    }

    @Test(arguments: ["", "# nothing\n", "~", "protect:\nreference: []\n", "protect: ~", "seed: 1"])
    func withoutListsNothingIsProtected(text: String) throws {
        let file = try parse(text)
        #expect(file.protect == [])
        #expect(file.reference == [])
    }

    @Test(arguments: [
        ("protect:\n  - audit.log\n  - {table: x}\n", "seeds.yaml:3: protect is a list of tables"),
        ("protect:\n  - audit.log\n  -\n", "seeds.yaml:3: protect is a list of tables"),
        ("seed: 1\nreference: {x: y}\n", "seeds.yaml:2: reference is a list of tables"),
        ("- a\n- b\n", "seeds.yaml:1: the document is a list and not a mapping"),
        ("protect: ['']", "seeds.yaml:1: protect is a list of tables"),
        ("protected: [users]\n", "seeds.yaml:1: the key protected is unknown"),
    ])
    func invalidValuesAreReportedWithTheLine(text: String, message: String) throws {
        let error = #expect(throws: EnvironmentsError.self) { try parse(text) }
        #expect(error?.code == .file)
        #expect(error?.description == message)
    }

    @Test(arguments: ["protect: [*_log]\n", "protect:\n  - *\n"])
    func aPatternThatYAMLReadsAsAnAliasGetsAHint(text: String) throws {
        let error = #expect(throws: EnvironmentsError.self) { try parse(text) }
        #expect(error?.hint?.contains("in quotes") == true, "\(error?.description ?? "") \(error?.hint ?? "")")
    }

    @Test func withoutTheFolderOrTheFileNothingIsProtected() async throws {
        try await ScratchFolder.with { folder in
            let none = try SeedsFile.read(folder: folder.file("missing"))
            #expect(none.protect == [])
            #expect(none.path == folder.file("missing/seeds.yaml"))
            try #expect(SeedsFile.read(folder: folder.path).protect == [])
        }
    }

    @Test(arguments: ["seeds.yaml", "seeds.yml"])
    func bothSpellingsAreRead(name: String) async throws {
        try await ScratchFolder.with { folder in
            try folder.write("protect: [a.b]", to: name)
            let file = try SeedsFile.read(folder: folder.path + "/")
            #expect(file.protect == ["a.b"])
            #expect(file.path == folder.file(name))
        }
    }

    @Test func bothTogetherAreAnError() async throws {
        try await ScratchFolder.with { folder in
            try folder.write("protect: [a.b]", to: "seeds.yaml")
            try folder.write("", to: "seeds.yml")
            let error = #expect(throws: EnvironmentsError.self) { try SeedsFile.read(folder: folder.path) }
            #expect(
                error?.description == "\(folder.file("seeds.yaml")) and \(folder.file("seeds.yml")) both exist, "
                    + "but only one of them can be used"
            )
        }
    }

    @Test(arguments: ["Seeds.yaml", "seeds.YML"])
    func anotherSpellingIsAnErrorAndNotNothing(name: String) async throws {
        try await ScratchFolder.with { folder in
            try folder.write("protect: [a.b]", to: name)
            let error = #expect(throws: EnvironmentsError.self) { try SeedsFile.read(folder: folder.path) }
            #expect(error?.description == "\(folder.file(name)) is ignored because of its name")
        }
    }

    /// If it were treated as missing, nothing would be protected.
    @Test func anUnreadableFileIsAnError() async throws {
        try await ScratchFolder.with { folder in
            try folder.write("", to: "folder/seeds.yaml/x")
            try folder.write("", to: "dangling/x")
            symlink("nowhere", folder.file("dangling/seeds.yml"))
            for name in ["folder/seeds.yaml", "dangling/seeds.yml"] {
                let parent = folder.file(String(name.prefix { $0 != "/" }))
                let error = #expect(throws: EnvironmentsError.self) { try SeedsFile.read(folder: parent) }
                #expect(error?.description == "\(folder.file(name)) cannot be read")
            }
            try folder.write("", to: "file")
            let error = #expect(throws: EnvironmentsError.self) { try SeedsFile.read(folder: folder.file("file")) }
            #expect(error?.description == "\(folder.file("file")) cannot be read: Not a directory")
            let latin = #expect(throws: EnvironmentsError.self) {
                try SeedsFile.parse(Array("protect: [caf".utf8) + [0xE9, UInt8(ascii: "]")], path: "seeds.yaml")
            }
            #expect(latin?.message == "seeds.yaml is not UTF-8")
        }
    }
}
