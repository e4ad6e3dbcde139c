import TestSupport
import Testing

@testable import Backup

/// The search for a pg_dump that fits the server.
@Suite struct PgDumpTests {
    @Test(arguments: [
        ("#!/bin/sh\necho 'pg_dump (PostgreSQL) 14.2'\n", "only 14"),
        ("#!/nowhere/sh\n", "FILE cannot be started: No such file or directory"),
        ("#!/bin/sh\necho hello\n", "FILE --version does not print a version of pg_dump"),
        ("#!/bin/sh\necho 'pg_dump (PostgreSQL) 15.2'; exit 1\n", "FILE --version does not print a version of pg_dump"),
        (
            "#!/bin/sh\necho 'cannot load libpq.so.5' >&2; exit 127\n",
            "FILE --version does not print a version of pg_dump: cannot load libpq.so.5"
        ),
        ("#!/bin/sh\nyes | head -c 1100000\n", "FILE writes more than 1 MB, which is too much"),
        ("#!/bin/sh\nkill -KILL $$\n", "FILE was killed by SIGKILL"),
    ])
    func oneThatDoesNotDoIsNamedWithTheReason(script: String, reason: String) async throws {
        try await ScratchFolder.with { folder in
            try await writeScript(script, to: folder.file("pg_dump"))
            let error = await #expect(throws: BackupError.self) {
                try await PgDump.find(serverVersion: 150000, folder: folder.path)
            }
            let why = reason.replacing("FILE", with: folder.file("pg_dump"))
            #expect(error?.message == "no pg_dump of PostgreSQL 15 or newer was found (\(why))")
        }
    }

    @Test func theHintIsThatOfTheReason() async throws {
        try await ScratchFolder.with { folder in
            try await writeScript("#!/bin/sh\nkill -KILL $$\n", to: folder.file("pg_dump"))
            let error = await #expect(throws: BackupError.self) {
                try await PgDump.find(serverVersion: 150000, folder: folder.path)
            }
            #expect(error?.hint == "the system may have run out of memory: its log says so")
        }
    }

    @Test func whereThereIsNoneNoReasonIsGiven() async throws {
        try await ScratchFolder.with { folder in
            let error = await #expect(throws: BackupError.self) {
                try await PgDump.find(serverVersion: 150000, folder: folder.path)
            }
            #expect(error?.message == "no pg_dump of PostgreSQL 15 or newer was found")
            #expect(error?.hint == "install postgresql-client-15, or name its folder with --postgres-bin")
        }
    }
}
