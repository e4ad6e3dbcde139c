import Backup
import PostgresClient
import Restore
import TestSupport
import Testing

/// Backs up and restores a database with every feature.
@Suite(.serialized)
struct TortureTests {
    @Test func everythingComesBackInANewDatabaseAndAgainFromThatOne() async throws {
        let server = try await Torture.sharedServer()
        try await ScratchFolder.with { folder in
            try await server.withDatabase { url in
                try await Torture.fill(url)
                let original = try await DatabasePortrait.of(url)
                try await backup(url, to: folder.file("first.zip"))
                try await server.withName { first in
                    try await server.withName { second in
                        try await restore(folder.file("first.zip"), url) { $0.into = first }
                        expectSame(try await .of(server.url(database: first)), original)
                        try await backup(server.url(database: first), to: folder.file("second.zip")) { $0.jobs = 1 }
                        try await restore(folder.file("second.zip"), url) {
                            $0.into = second
                            $0.jobs = 4
                        }
                        expectSame(try await .of(server.url(database: second)), original)
                    }
                }
                // The backup has not changed the original.
                expectSame(try await .of(url), original)
            }
        }
    }

    @Test func everythingComesBackInPlace() async throws {
        let server = try await Torture.sharedServer()
        try await ScratchFolder.with { folder in
            try await server.withDatabase { url in
                try await Torture.fill(url)
                let original = try await DatabasePortrait.of(url)
                try await backup(url, to: folder.file("a.zip"))
                // Over the original, and into an empty database.
                try await restore(folder.file("a.zip"), url) { $0.inPlace = true }
                expectSame(try await .of(url), original)
                try await server.withDatabase { empty in
                    try await restore(folder.file("a.zip"), empty) { $0.inPlace = true }
                    expectSame(try await .of(empty), original)
                }
            }
        }
    }
}
