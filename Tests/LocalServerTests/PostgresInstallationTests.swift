import Glibc
import Storage
import TestSupport
import Testing

@testable import LocalServer

@Suite struct PostgresInstallationTests {
    /// A folder of programs that only print their version.
    private func fake(
        _ scratch: ScratchFolder,
        _ folder: String,
        _ versions: [String: String]
    ) async throws -> String {
        for (name, version) in versions {
            let path = "\(scratch.file(folder))/\(name)"
            try await writeScript("#!/bin/sh\necho '\(name) (PostgreSQL) \(version)'\n", to: path)
        }
        return scratch.file(folder)
    }

    private func whole(_ version: String) -> [String: String] {
        ["initdb": version, "pg_ctl": version, "postgres": version]
    }

    private func versioned(_ scratch: ScratchFolder) -> [PostgresInstallation.Search.Versioned] {
        [.init(parent: scratch.file("lib"), prefix: "")]
    }

    @Test func theInstalledOneIsFound() async throws {
        let found = try await PostgresInstallation.find()
        #expect(found.major >= 10)
        #expect(Files.isExecutable(found.program("initdb")))
    }

    /// A dump can be restored into its own version and newer ones.
    @Test func theSameVersionOrElseTheNextNewerIsTaken() async throws {
        try await ScratchFolder.with { scratch in
            for version in ["15.4", "16.2", "18.1"] {
                _ = try await fake(scratch, "lib/\(version.prefix(2))/bin", whole(version))
            }
            let search = PostgresInstallation.Search(path: "", versioned: versioned(scratch))
            for (wanted, found) in [(14, 15), (16, 16), (17, 18)] {
                try await #expect(PostgresInstallation.find(search, atLeast: wanted).major == found)
            }
            let error = await localServerError { _ = try await PostgresInstallation.find(search, atLeast: 19) }
            #expect(error?.code == .wrongVersion)
            #expect(error?.message.hasPrefix("PostgreSQL 19 or newer is needed, but only ") == true)
        }
    }

    @Test func aStrayProgramInThePathIsPassedOver() async throws {
        try await ScratchFolder.with { scratch in
            var mixed = whole("15.4")
            mixed["postgres"] = "13.1 (wrapper)"
            let stray = try await fake(scratch, "stray", mixed)
            let alone = try await fake(scratch, "alone", ["pg_ctl": "15.4"])
            let good = try await fake(scratch, "lib/15/bin", whole("15.4 (Debian 15.4-1)"))
            let search = PostgresInstallation.Search(path: "\(stray):\(alone)", versioned: versioned(scratch))
            let found = try await PostgresInstallation.find(search)
            #expect(found == PostgresInstallation(folder: good, version: "15.4"))
        }
    }

    @Test func aLinkInThePathLeadsToItsInstallation() async throws {
        try await ScratchFolder.with { scratch in
            let good = try await fake(scratch, "opt/pg", whole("16.2"))
            mkdir(scratch.file("links"), 0o755)
            symlink("\(good)/pg_ctl", scratch.file("links/pg_ctl"))
            let found = try await PostgresInstallation.find(.init(path: scratch.file("links"), versioned: []))
            #expect(found == PostgresInstallation(folder: good, version: "16.2"))
        }
    }

    @Test func theNewestVersionedFolderComesFirstAndAClusterGetsItsOwn() async throws {
        try await ScratchFolder.with { scratch in
            let nine = try await fake(scratch, "lib/9.6/bin", whole("9.6.24"))
            let old = try await fake(scratch, "lib/14/bin", whole("14.9"))
            let new = try await fake(scratch, "lib/16/bin", whole("16beta1"))
            let search = PostgresInstallation.Search(path: nine, versioned: versioned(scratch))
            #expect(try await PostgresInstallation.find(search).folder == new)
            #expect(try await PostgresInstallation.find(search, major: 14).folder == old)
            let error = await localServerError { _ = try await PostgresInstallation.find(search, major: 15) }
            #expect(error?.code == .wrongVersion)
            #expect(error?.message.contains("PostgreSQL 15") == true)
        }
    }

    @Test func anExplicitFolderIsTheOnlyOne() async throws {
        try await ScratchFolder.with { scratch in
            let half = try await fake(scratch, "half", ["initdb": "15.4", "pg_ctl": "15.4"])
            let error = await localServerError {
                _ = try await PostgresInstallation.find(.init(explicitFolder: half))
            }
            #expect(error?.code == .notInstalled)
            #expect(error?.message == "\(half) has no postgres")
        }
    }

    @Test func withoutPostgreSQLTheHintSaysHowToInstallIt() async throws {
        let error = await localServerError {
            _ = try await PostgresInstallation.find(.init(path: "/nonexistent", versioned: []))
        }
        #expect(error?.code == .notInstalled)
        #expect(error?.hint?.contains("make deps") == true)
    }
}
