import ArgumentParser
import GranaryCommands
import LocalServer
import Testing

@testable import Archive
@testable import Backup
@testable import PostgresClient
@testable import Restore

@Suite struct ExitStatusTests {
    private func server(_ state: String) -> PostgresError {
        PostgresError(
            code: .server,
            message: "no",
            server: PostgresError.ServerFields(severity: "ERROR", sqlState: state, message: "no")
        )
    }

    @Test func everyKindOfErrorHasItsCode() {
        #expect(FailureReport(CancellationError()).status == .interrupted)
        #expect(PostgresError(code: .connection, message: "").exitStatus == .noConnection)
        #expect(PostgresError(code: .connectionLost, message: "").exitStatus == .failed)
        #expect(PostgresError(code: .timeout, message: "").exitStatus == .failed)
        #expect(server("57P03").exitStatus == .noConnection)
        #expect(server("55P03").exitStatus == .busy)
        #expect(server("42P01").exitStatus == .failed)
        #expect(BackupError(.busy, "").exitStatus == .busy)
        #expect(BackupError(.rights, "").exitStatus == .failed)
        #expect(RestoreError(.busy, "").exitStatus == .busy)
        #expect(RestoreError(.preflight, "").exitStatus == .failed)
        #expect(LocalServerError(.busy, "").exitStatus == .busy)
        #expect(LocalServerError(.notInstalled, "").exitStatus == .failed)
        #expect(ArchiveError(.damaged, "").exitStatus == .failed)
        #expect(CommandError(.usage, "").exitStatus == .usage)
        #expect(CommandError(.refused, "").exitStatus == .refused)
        #expect(CommandError(.noDatabase, "").exitStatus == .noConnection)
        #expect(CommandError(.file, "").exitStatus == .failed)
        #expect(FailureReport(ValidationError("")).status == .usage)
    }

    @Test func theNumbersAreTheContract() {
        #expect(ExitStatus.allCases.map(\.rawValue) == [0, 1, 2, 3, 4, 5, 64, 130])
    }

    @Test func aFailureIsASentenceAndAHint() {
        let failure = FailureReport(RestoreError(.preflight, "the role app is missing", hint: "create it"))
        #expect(failure.text() == "granary: error: the role app is missing\nhint: create it")
        #expect(
            failure.document.text
                == #"{"error":{"message":"the role app is missing","hint":"create it","sqlstate":null,"code":1}}"#
        )
        #expect(FailureReport(CommandError(.file, "no file")).text() == "granary: error: no file")
        #expect(FailureReport(server("55P03")).document.text.contains(#""sqlstate":"55P03","code":5"#))
    }

    @Test func aFailureHasNoPasswordAndNoControlCharacters() {
        let error = PostgresError(
            code: .connection,
            message: "no \u{1B}[2J postgresql://a:hush@b",
            hint: "password=hush"
        )
        let failure = FailureReport(error)
        #expect(failure.message == #"no \u{1b}[2J postgresql://a:***@b"#)
        #expect(failure.hint == "password=***")
    }
}

@Suite struct SummaryTests {
    private static let backup = BackupReport(
        file: "backups/shop-20261123T071500Z.zip",
        database: "shop",
        bytes: 312_400_000,
        rawBytes: 1_062_160_000,
        rows: 6_001_215,
        tables: 8,
        chunks: 130,
        seconds: 7.44,
        snapshot: "00000003-0000001B-1",
        serverVersion: "15.18",
        environment: nil,
        notes: []
    )

    @Test func aBackupIsReportedInOneLine() {
        #expect(
            BackupCommand.summary(Self.backup)
                == "backups/shop-20261123T071500Z.zip  312.4 MB (3.4×)  6,001,215 rows in 8 tables  7.4 s"
        )
        var empty = Self.backup
        (empty.file, empty.rawBytes, empty.rows, empty.tables) = (nil, 0, 0, 1)
        #expect(BackupCommand.summary(empty) == "standard output  312.4 MB  0 rows in 1 table  7.4 s")
    }

    @Test func theDocumentOfABackupHasTheKeysOfTheContract() {
        #expect(
            BackupCommand.result.document(Self.backup).text
                == #"{"file":"backups/shop-20261123T071500Z.zip","database":"shop","bytes":312400000,"#
                + #""raw_bytes":1062160000,"rows":6001215,"tables":8,"chunks":130,"seconds":7.44,"#
                + #""snapshot":"00000003-0000001B-1","server_version":"15.18","environment":null,"encrypted":false,"#
                + #""pruned":[],"notes":[]}"#
        )
    }

    private static let restore = RestoreReport(
        database: "shop",
        rows: 6_001_215,
        tables: 8,
        seconds: 12.3,
        swapped: true,
        kept: "shop_old",
        keptBytes: 1_200_000_000,
        invalid: ["orders: orders_total_check"],
        notes: ["subscriptions were left out"],
        rewinds: [.init(service: "user-service", from: 5, to: 3), .init(service: "orders", from: nil, to: 1)]
    )

    @Test func aRestoreReportsTheKeptDatabaseAndHowToDropIt() {
        #expect(
            RestoreCommand.lines(Self.restore, drop: "psql …") == [
                "note: subscriptions were left out", "the ledger of user-service went from version 5 to version 3",
                "the ledger of orders went from no version to version 1", "left NOT VALID: orders: orders_total_check",
                "shop  6,001,215 rows in 8 tables  12.3 s", "the old database is kept as shop_old (1.2 GB)",
                "to drop it: psql …",
            ]
        )
    }

    @Test func theDocumentOfARestoreHasTheKeysOfTheContract() {
        #expect(
            RestoreCommand.result.document((Self.restore, nil)).text
                == #"{"database":"shop","rows":6001215,"tables":8,"seconds":12.3,"swapped":true,"kept":"shop_old","#
                + #""kept_bytes":1200000000,"invalid":["orders: orders_total_check"],"#
                + #""notes":["subscriptions were left out"],"#
                + #""rewinds":[{"service":"user-service","from":5,"to":3},{"service":"orders","from":null,"to":1}],"#
                + #""trusted":null,"complete":true,"left_out":[],"beside":null}"#
        )
        #expect(RestoreCommand.result.document((Self.restore, true)).text.contains(#""trusted":true,"complete":true"#))
    }

    @Test func omittedObjectsAreListedWithTheirDependents() {
        var report = Self.restore
        (report.notes, report.rewinds, report.invalid, report.swapped, report.kept) = ([], [], [], false, nil)
        report.leftOut = [
            LeftOut(object: "statistics of t", reason: "no", effect: .fallback),
            LeftOut(object: "trigger t g", reason: "no f", effect: .unprotected, dependents: ["comment g"]),
        ]
        report.beside = "shop_restored_1"
        #expect(
            RestoreCommand.lines(report, drop: "psql d", swap: "psql s") == [
                "left out: trigger t g: no f", "  and with it: comment g", "shop  6,001,215 rows in 8 tables  12.3 s",
                "shop is unchanged, because skipped objects protect its data; the new database is shop_restored_1",
                "to replace the old one: psql s", "to drop it: psql d",
            ]
        )
        #expect(
            RestoreCommand.result.document((report, nil)).text.hasSuffix(
                #""left_out":[{"object":"statistics of t","reason":"no","effect":"fallback","dependents":[]},"#
                    + #"{"object":"trigger t g","reason":"no f","effect":"unprotected","dependents":["comment g"]}],"#
                    + #""beside":"shop_restored_1"}"#
            )
        )
    }

    @Test func aPlanListsItsStepsAndObstacles() {
        let plan = RestorePlanReport(
            database: "shop",
            steps: ["make a database", "swap it"],
            tables: 8,
            rows: 10,
            rawBytes: 1000,
            obstacles: ["the role app is missing (create it)"]
        )
        #expect(
            RestoreCommand.lines(plan) == [
                "database shop: 8 tables, 10 rows, 1.0 kB", "1. make a database", "2. swap it", "It would fail:",
                "- the role app is missing (create it)",
            ]
        )
    }

    @Test func theTargetIsNamedBeforeAnythingHappens() {
        var intent = RestoreIntent(file: "b.zip", database: "shop", host: "db:5432", exists: true)
        (intent.tables, intent.rowsEstimate, intent.bytes, intent.steps) = (2, 1500, 1_000_000, ["swap it"])
        #expect(
            intent.lines == [
                "restoring b.zip", "into database shop at db:5432 (now 2 tables, about 1,500 rows, 1.0 MB)",
                "- swap it",
            ]
        )
        #expect(
            RestoreIntent(file: "b.zip", database: "shop", host: "db:5432", exists: false).lines.last
                == "into database shop at db:5432 (not there yet)"
        )
    }

    @Test func irreversibleActionsNeedAConfirmation() {
        func destroys(isPartial: Bool = false, _ change: (inout RestoreOptions) -> Void) -> Bool {
            var options = RestoreOptions(file: "b.zip")
            change(&options)
            return options.destroys(isPartial: isPartial)
        }
        #expect(!destroys { _ in })
        #expect(destroys { $0.dropOld = true })
        #expect(destroys { $0.inPlace = true })
        #expect(destroys { $0.dataOnly = true })
        #expect(destroys { $0.rows = .replace })
        #expect(!destroys { $0.rows = .missing })
        #expect(destroys { $0.schemas = ["a"] })
        #expect(destroys(isPartial: true) { _ in })
        // The database that --into names may exist; if it does not, there is no question.
        #expect(destroys(isPartial: true) { $0.into = "other" })
        #expect(destroys { ($0.into, $0.schemas) = ("other", ["a"]) })
        #expect(!destroys { $0.into = "other" })
        #expect(!destroys { $0.tables = [RestoreOptions.TableSelection(table: "t")] })
    }

    @Test func aWholeArchiveIsOneLine() {
        var found = VerificationReport()
        (found.members, found.rows, found.rawBytes) = (142, 6_001_215, 7)
        let report = VerifyReport(file: "b.zip", found: found, seconds: 1.23)
        #expect(report.lines == ["ok  b.zip  142 members, 6,001,215 rows  1.2 s"])
        #expect(
            VerifyReport.result.document(report).text
                == #"{"file":"b.zip","format":"archive","ok":true,"members":142,"tables":null,"rows":6001215,"raw_bytes":7,"seconds":1.23,"#
                + #""problems":[],"notes":[],"distribution":null}"#
        )
        found.distribution = "1 reference table; rows of one moment"
        let ofCluster = VerifyReport(file: "b.zip", found: found, seconds: 1.23)
        #expect(ofCluster.lines.last == "distributed by Citus: 1 reference table; rows of one moment")
    }

    @Test func everyProblemIsNamedWithItsMember() {
        var found = VerificationReport()
        found.problems = [
            VerificationReport.Problem(member: "data/000001-t/000001.copy", problem: "the CRC-32 differs"),
            VerificationReport.Problem(member: "archive", problem: "the end \u{1B}is missing"),
        ]
        let report = VerifyReport(file: "b.zip", found: found, seconds: 1)
        #expect(
            report.lines == [
                "data/000001-t/000001.copy: the CRC-32 differs", #"archive: the end \u{1b}is missing"#,
                "2 problems in b.zip",
            ]
        )
        #expect(
            VerifyReport.result.document(report).text
                == #"{"file":"b.zip","format":"archive","ok":false,"members":0,"tables":null,"rows":0,"raw_bytes":0,"seconds":1,"problems":["#
                + #"{"member":"data/000001-t/000001.copy","problem":"the CRC-32 differs"},"#
                + #"{"member":"archive","problem":"the end \u001bis missing"}],"notes":[],"distribution":null}"#
        )
    }
}
