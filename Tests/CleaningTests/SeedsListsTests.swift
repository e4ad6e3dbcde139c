import Cleaning
import TestSupport
import Testing

/// What cleaning reads of `seeds.yaml`.
@Suite struct SeedsListsTests {
    @Test func theTwoListsAreReadAndTheRestIsLeftToSeeding() throws {
        let lists = try SeedsLists.parse(
            """
            # what is seeded
            seed: 42
            locale: [en, de]
            environments: {staging: {scale: 0.1}}
            protect:
              - audit.log
              - "My Shop.Users"   # mixed case
              - no
            reference: countries
            future: !thing {a: [1]}
            """,
            path: "seeds.yaml"
        )
        #expect(lists.protect == ["audit.log", "My Shop.Users", "no"])
        #expect(lists.reference == ["countries"])
    }

    @Test(arguments: ["", "# nothing\n", "~", "protect:\nreference: []\n", "protect: ~", "other: 1"])
    func withoutListsNothingIsProtected(text: String) throws {
        let lists = try SeedsLists.parse(text, path: "seeds.yaml")
        #expect(lists.protect == [])
        #expect(lists.reference == [])
    }

    @Test(arguments: [
        ("protect:\n  - audit.log\n  - {table: x}\n", "seeds.yaml:3: protect is a list of tables"),
        ("a: 1\nreference: {x: y}\n", "seeds.yaml:2: reference is a list of tables"),
        ("- a\n- b\n", "seeds.yaml:1: keys with values are expected"),
        ("a: 1\nprotect: [x\nb: 2\n", "seeds.yaml:3: this is no YAML"),
        ("protect: ['']", "seeds.yaml:1: protect is a list of tables"),
    ])
    func whatCannotBeMeantIsNamedWithItsLine(text: String, message: String) async throws {
        let error = await failure { try SeedsLists.parse(text, path: "seeds.yaml") }
        #expect(error?.code == .file)
        #expect(error?.message == message)
    }

    @Test func withoutTheFileBothListsAreEmpty() async throws {
        try await ScratchFolder.with { folder in
            let none = try SeedsLists.read(folder: folder.path)
            #expect(none.protect == [])
            #expect(none.path == folder.file("seeds.yaml"))
            try folder.write("protect: [a.b]", to: "seeds.yaml")
            try #expect(SeedsLists.read(folder: folder.path + "/").protect == ["a.b"])
        }
    }
}
