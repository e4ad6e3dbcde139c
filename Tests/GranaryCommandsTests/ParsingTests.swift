import ArgumentParser
import Backup
import GranaryCommands
import Restore
import Testing

@Suite struct ParsingTests {
    private func backup(_ arguments: String...) throws -> BackupCommand {
        try #require(try Granary.parseAsRoot(["backup"] + arguments) as? BackupCommand)
    }

    private func restore(_ arguments: String...) throws -> RestoreCommand {
        try #require(try Granary.parseAsRoot(["restore"] + arguments) as? RestoreCommand)
    }

    /// The parser itself looks for this in debug builds alone.
    @Test func noCommandHasTwoOptionsOfOneName() throws {
        func check(_ command: CommandTree) {
            let names = (command.arguments ?? []).flatMap { $0.names ?? [] }.map { "\($0.kind) \($0.name)" }
            #expect(Set(names).count == names.count, "\(command.commandName)")
            for child in command.subcommands ?? [] { check(child) }
        }
        check(try #require(CommandTree.read(Granary.self)))
    }

    @Test func everyOptionOfBackupIsTaken() throws {
        let command = try backup(
            "--output",
            "x.zip",
            "--format",
            "zip",
            "--service",
            "user-service",
            "--schema",
            "a",
            "--schema",
            "b",
            "--table",
            "t",
            "--exclude-table-data",
            "u",
            "--jobs",
            "4",
            "--compress",
            "12",
            "--engine",
            "deflate",
            "--with-secrets",
            "--force",
            "--lock-timeout",
            "500ms",
            "--migrations",
            "m",
            "--env",
            "staging",
            "--backups",
            "b",
            "--database-url",
            "postgresql:///x",
            "--wait",
            "2m",
            "--postgres-bin",
            "/pg",
            "--json",
            "--quiet",
            "--log-format",
            "json",
            "--no-color"
        )
        #expect(command.destination.output == "x.zip")
        #expect(command.selection.schema == ["a", "b"])
        #expect(command.selection.service == "user-service")
        #expect(command.selection.table == ["t"])
        #expect(command.selection.excludeTableData == ["u"])
        #expect(command.selection.withSecrets)
        #expect(command.destination.force)
        #expect(command.destination.migrations == "m")
        #expect(command.packing.workers.count == 4)
        #expect(command.packing.compress == 12)
        #expect(command.packing.lockTimeout.duration == .milliseconds(500))
        #expect(command.database.wait?.duration == .seconds(120))
        #expect(command.database.env == "staging")
        #expect(command.database.programs.postgresBin == "/pg")
        #expect(command.settings.isJSON && command.settings.isQuiet && command.settings.logsJSON)
        #expect(!command.settings.wantsColor)
    }

    @Test func withoutOptionsBackupTakesTheWholeDatabaseFast() throws {
        let command = try backup()
        #expect(command.selection.schema.isEmpty && command.selection.table.isEmpty)
        #expect(command.destination.backups == "backups")
        #expect(command.packing.compress == 1)
        #expect(command.packing.engine == nil)
        #expect(command.packing.lockTimeout.duration == .seconds(60))
        #expect((1...8).contains(command.packing.workers.count))
        #expect(command.packing.workers.count == JobsOption.usual)
    }

    @Test(arguments: [
        ["--jobs", "0"], ["--jobs", "65"], ["--compress", "13"], ["--compress", "-1"],
        ["--compress", "10", "--engine", "zlib"], ["--compress", "4", "--engine", "igzip"], ["--engine", "lz4"],
        ["--format", "tar"], ["--wait", "soon"],
        ["--output", ""], ["--json", "--output", "-"], ["--quiet", "--verbose"], ["--log-format", "xml"], ["extra"],
    ])
    func contradictoryOptionsAreRefused(arguments: [String]) {
        #expect(throws: (any Error).self) { try Granary.parseAsRoot(["backup"] + arguments) }
    }

    @Test func limitsOfTheLevelBelongToTheEngine() throws {
        #expect(try backup("--compress", "9", "--engine", "zlib").packing.compress == 9)
        #expect(try backup("--compress", "0").packing.compress == 0)
        #expect(try backup("--compress", "12", "--engine", "deflate").packing.compress == 12)
    }

    @Test func everyOptionOfRestoreIsTaken() throws {
        let command = try restore(
            "x.zip",
            "--plan",
            "--into",
            "other",
            "--jobs",
            "3",
            "--schema",
            "a",
            "--table",
            "t",
            "--table",
            "u=v",
            "--rows",
            "missing",
            "--data-only",
            "--no-owner",
            "--role-map",
            "a=b",
            "--role-map",
            "c=d",
            "--drop-old",
            "--allow-invalid",
            "--force",
            "--confirm",
            "other",
            "--no-analyze",
            "--with-subscriptions",
            "--maintenance-db",
            "m",
            "--local"
        )
        #expect(command.file == "x.zip")
        #expect(command.plan)
        #expect(command.target.into == "other")
        #expect(command.target.dropOld && command.target.force)
        #expect(command.target.confirm == "other")
        #expect(command.target.maintenanceDb == "m")
        #expect(
            command.selection.table.map(\.selection) == [
                RestoreOptions.TableSelection(table: "t"), RestoreOptions.TableSelection(table: "u", newName: "v"),
            ]
        )
        #expect(command.selection.rows == .missing)
        #expect(command.selection.dataOnly && command.selection.withSubscriptions)
        #expect(command.manner.noOwner && command.manner.allowInvalid && command.manner.noAnalyze)
        #expect(command.manner.roleMap.map(\.here) == ["b", "d"])
        #expect(command.database.local)
        #expect(try restore("x", "--in-place").target.inPlace)
    }

    @Test(arguments: [
        [], ["x", "--table", "=u"], ["x", "--table", "t="], ["x", "--role-map", "a"], ["x", "--role-map", "a=b=c"],
        ["x", "--role-map", "a=b", "--role-map", "a=c"], ["x", "--rows", "some"], ["x", "--in-place", "--drop-old"],
        ["x", "--into", ""], ["x", "--confirm", ""],
    ])
    func contradictoryOptionsOfRestoreAreRefused(arguments: [String]) {
        #expect(throws: (any Error).self) { try Granary.parseAsRoot(["restore"] + arguments) }
    }

    @Test func psqlGetsEverythingBehindIt() throws {
        let command = try Granary.parseAsRoot(["server", "psql", "-c", "SELECT 1", "--quiet", "-v", "a=b"])
        #expect((command as? ServerPsql)?.arguments == ["-c", "SELECT 1", "--quiet", "-v", "a=b"])
    }

    @Test(arguments: [
        ("500ms", Duration.milliseconds(500)), ("30s", .seconds(30)), ("2m", .seconds(120)), ("60", .seconds(60)),
        ("1.5", .milliseconds(1500)), ("1h", .seconds(3600)), ("0", .zero), ("7d", .seconds(7 * 86_400)),
        ("2w", .seconds(14 * 86_400)),
    ])
    func durationsHaveUnits(text: String, duration: Duration) {
        #expect(DurationArgument(argument: text)?.duration == duration)
    }

    @Test(arguments: ["", "s", "-1s", "1 s", "1y", "ms", "1.2.3", "99999h", "١"])
    func invalidDurationsAreRefused(text: String) {
        #expect(DurationArgument(argument: text) == nil)
    }

    @Test(arguments: [
        (Duration.seconds(60), "60s"), (.milliseconds(500), "500ms"), (.milliseconds(1500), "1500ms"),
    ])
    func durationsAreShownAsTheyAreWritten(duration: Duration, text: String) {
        #expect(DurationArgument(duration).defaultValueDescription == text)
    }
}

@Suite struct BackupTargetTests {
    @Test func theNameOfTheFileDeterminesItsFormat() throws {
        #expect(try BackupTarget(output: "a.zip", kind: nil, folder: "b").format == .zip)
        #expect(try BackupTarget(output: "a.sql", kind: nil, folder: "b").format == .sql)
        #expect(try BackupTarget(output: "A.SQL.GZ", kind: nil, folder: "b").format == .sqlGzip)
        #expect(try BackupTarget(output: "a.sql.gz", kind: .sql, folder: "b").format == .sqlGzip)
        #expect(try BackupTarget(output: "a", kind: nil, folder: "b").format == .zip)
        #expect(try BackupTarget(output: "a", kind: .sql, folder: "b").format == .sql)
    }

    @Test(arguments: [("a.zip", BackupTarget.Kind.sql), ("a.sql", .zip), ("a.sql.gz", .zip)])
    func aNameThatContradictsTheFormatIsAMistake(name: String, kind: BackupTarget.Kind) throws {
        let error = try #require(throws: CommandError.self) { try BackupTarget(output: name, kind: kind, folder: "b") }
        #expect(error.code == .usage)
    }

    @Test func aDashIsStandardOutputAndNothingIsANewFile() throws {
        #expect(try BackupTarget(output: "-", kind: nil, folder: "b").place == .standardOutput)
        #expect(try BackupTarget(output: "-", kind: .sql, folder: "b").format == .sql)
        #expect(try BackupTarget(output: nil, kind: nil, folder: "b").place == .named(folder: "b"))
        #expect(try BackupTarget(output: nil, kind: .sql, folder: "b").format == .sql)
    }

    @Test(arguments: [
        ("shop", "shop"), ("user-service.v2", "user-service.v2"), ("../../etc/passwd", "_._.._etc_passwd"),
        ("-rf", "_rf"), (".hidden", "_hidden"), ("a b\n\u{0}c", "a_b__c"), ("käse", "k_se"), ("", "database"),
        (String(repeating: "x", count: 300), String(repeating: "x", count: 100)),
    ])
    func anyDatabaseGivesAHarmlessFileName(database: String, safe: String) {
        let stem = BackupFile.stem(database: database, secondsSince1970: 1_795_418_100)
        #expect(stem == "\(safe)-20261123T071500Z")
    }

    /// What looks like a backup of granary's may be given up when it was never completed.
    @Test(arguments: [
        ("shop-20261123T071500Z.zip", true), ("shop-20261123T071500Z-2.sql.gz", true),
        ("a-b-20261123T071500Z-482913.zip.age", true), ("shop-20261123T071500Z-4829131.zip", false),
        ("shop-20261123T071500Z-x.zip", false), ("20261123T071500Z.zip", false), ("shop.zip", false),
        ("shop-20261123T071500Z.tar", false),
    ])
    func theNamesOfNewBackupsAreKnown(name: String, isUsual: Bool) {
        #expect(BackupFile.isUsualName(name) == isUsual)
    }
}

@Suite struct OptionVariablesTests {
    private func complete(_ arguments: [String], _ variables: [String: String]) throws -> [String] {
        guard let options = OptionVariables(of: Granary.self, variables: variables) else {
            return arguments
        }
        return try options.complete(arguments).arguments
    }

    @Test func aVariableReplacesItsOption() throws {
        #expect(try complete(["backup"], ["GRANARY_JOBS": "3"]) == ["backup", "--jobs=3"])
        #expect(try complete(["restore", "x"], ["GRANARY_JOBS": "3"]) == ["restore", "--jobs=3", "x"])
        #expect(
            try complete(["backup"], ["GRANARY_DATABASE_URL": "postgresql:///x"])
                == ["backup", "--database-url=postgresql:///x"]
        )
        #expect(try complete(["backup"], ["GRANARY_ENV": "staging"]) == ["backup", "--env=staging"])
    }

    /// `granary backups` is `granary backups list`.
    @Test func aVariableReplacesAnOptionOfACommandThatNeedsNoName() throws {
        let variables = ["GRANARY_BACKUPS": "s3://b/", "GRANARY_ENV": "staging"]
        #expect(try complete(["backups"], variables) == ["backups", "--backups=s3://b/"])
        #expect(try complete(["backups", "--json"], variables) == ["backups", "--backups=s3://b/", "--json"])
        #expect(try complete(["env"], variables) == ["env", "--env=staging"])
        #expect(try complete(["backups", "--help"], variables) == ["backups", "--help"])
        #expect(try complete(["backups", "lst"], variables) == ["backups", "lst"])
    }

    /// GRANARY_DRY_RUN=1 must not run a command whose plan has another name first.
    @Test func everyNameOfAnOptionHasItsVariable() throws {
        #expect(try complete(["restore", "x"], ["GRANARY_DRY_RUN": "1"]) == ["restore", "--dry-run", "x"])
        #expect(try complete(["migrate", "up"], ["GRANARY_PLAN": "1"]) == ["migrate", "up", "--plan"])
        #expect(try complete(["clean", "--plan"], ["GRANARY_DRY_RUN": "0"]) == ["clean", "--plan"])
    }

    /// A command without a plan would make the change that the variable is there to prevent.
    @Test(arguments: [
        ["backup"], ["convert", "x.dump"], ["init"], ["env", "mark", "qa"], ["server", "stop"], ["server", "psql"],
        ["migrate", "generate", "x"], ["migrate", "repair"], ["key", "new"],
    ])
    func aCommandThatCannotPlanRefuses(words: [String]) throws {
        for name in ["DRY_RUN", "PLAN"] {
            let error = try #require(throws: CommandError.self) { try complete(words, ["GRANARY_\(name)": "1"]) }
            #expect(
                error.code == .refused && error.message.hasPrefix("GRANARY_\(name) is set, but `granary \(words[0])")
            )
        }
        #expect(try complete(words, ["GRANARY_DRY_RUN": "0"]) == words)
        #expect(try complete(words + ["--help"], ["GRANARY_DRY_RUN": "1"]) == words + ["--help"])
    }

    @Test func aCommandThatOnlyReadsNeedsNoPlan() throws {
        for words in [
            ["tables"], ["backups", "list"], ["backups"], ["migrate", "plan"], ["verify", "x"], ["help", "backup"],
        ] {
            #expect(try complete(words, ["GRANARY_PLAN": "1"]) == words)
        }
    }

    @Test func theCommandLineWins() throws {
        let variables = ["GRANARY_JOBS": "3"]
        for given in [["--jobs", "2"], ["--jobs=2"], ["-j", "2"]] {
            #expect(try complete(["backup"] + given, variables) == ["backup"] + given)
        }
        #expect(try complete(["server", "status", "-qv"], ["GRANARY_QUIET": "1"]) == ["server", "status", "-qv"])
    }

    /// Variables serve many commands, and forms of commands.
    @Test(arguments: [
        (["backup"], ["EXCLUDE_DATABASE": "x*", "KEEP_DAILY": "7", "KEEP_WITHIN": "2d"]),
        (["backup"], ["PRUNE": "0", "KEEP_LAST": "7"]), (["counts"], ["DIGESTS": "1"]),
        (["seed"], ["ROWS": "9", "STRICT": "1", "WRITE": "x", "OUTPUT": "/x.zip"]),
        (["seed", "--common"], ["GENERATE": "users", "ROWS": "9"]),
        (["backup", "--all-databases"], ["SERVICE": "shop", "SCHEMA": "a", "TABLE": "b"]),
        (["drill", "--server", "postgresql://x/y"], ["LOCAL": "1"]), (["drill", "--local"], ["SERVER": "x"]),
        (["validate", "--offline"], ["SCRATCH_URL": "postgresql://x/y"]), (["init", "--grant", "a"], ["SCHEMA": "x"]),
        (["tables", "--all"], ["SCHEMA": "x"]), (["tables", "--schema", "a"], ["ALL": "1"]),
    ])
    func aVariableOfAnOptionThatNeedsOrExcludesAnotherIsIgnored(words: [String], variables: [String: String]) throws {
        let all = Dictionary(uniqueKeysWithValues: variables.map { ("GRANARY_\($0)", $1) })
        try #expect(complete(words, all) == words)
        _ = try Granary.parseAsRoot(complete(words, all))
    }

    @Test(arguments: [
        (["backup", "--all-databases"], ["EXCLUDE_DATABASE": "x*"], ["--exclude-database=x*"]),
        (["backup"], ["ALL_DATABASES": "1", "EXCLUDE_DATABASE": "x"], ["--all-databases", "--exclude-database=x"]),
        (["backup", "--prune"], ["KEEP_LAST": "7"], ["--keep-last=7"]),
        (["backups", "prune"], ["KEEP_LAST": "7"], ["--keep-last=7"]),
        (["seed", "--generate", "users"], ["ROWS": "9"], ["--rows=9"]),
        (["backup"], ["OUTPUT": "x.zip"], ["--output=x.zip"]),
        // Ignoring these would change what is written or destroyed.
        (["backup", "--all-databases"], ["EXCLUDE_TABLE_DATA": "a"], ["--exclude-table-data=a"]),
        (["restore", "x"], ["IF_EMPTY": "1"], ["--if-empty"]), (["clean", "--all"], ["SCHEMA": "x"], ["--schema=x"]),
    ])
    func itCountsWhereItMeansSomething(words: [String], variables: [String: String], added: [String]) throws {
        let all = Dictionary(uniqueKeysWithValues: variables.map { ("GRANARY_\($0)", $1) })
        try #expect(complete(words, all).sorted() == (words + added).sorted())
    }

    @Test(arguments: [
        ["backup", "--exclude-database", "x"], ["counts", "--digests"], ["seed", "--rows", "9"], ["seed", "--strict"],
        ["drill", "x.zip", "--latest"], ["migrate", "down", "1", "--all"], ["migrate", "renumber", "1", "--base", "x"],
    ])
    func onTheCommandLineItIsAMistake(words: [String]) {
        #expect(throws: (any Error).self) { try Granary.parseAsRoot(words) }
        for name in ["latest", "all", "base"] where words.contains("--\(name)") {
            // A variable gave it.
            #expect(throws: Never.self) {
                try OptionVariables.$used.withValue([name: "x"]) { _ = try Granary.parseAsRoot(words) }
            }
        }
    }

    @Test func repeatedOptionsAreSplitByCommas() throws {
        #expect(
            try complete(["backup"], ["GRANARY_TABLE": "a, b,,c", "GRANARY_OUTPUT": "a,b"]).sorted()
                == ["--output=a,b", "--table=a", "--table=b", "--table=c", "backup"]
        )
    }

    @Test(arguments: ["1", "true", "YES", "on"]) func flagsAreSwitchedOn(value: String) throws {
        #expect(try complete(["backup"], ["GRANARY_WITH_SECRETS": value]) == ["backup", "--with-secrets"])
    }

    @Test(arguments: ["0", "false", "No", "off", ""]) func orNot(value: String) throws {
        #expect(try complete(["backup"], ["GRANARY_WITH_SECRETS": value]) == ["backup"])
    }

    @Test func aFlagThatIsNeitherIsAMistake() throws {
        let error = try #require(throws: CommandError.self) { _ = try complete(["backup"], ["GRANARY_FORCE": "maybe"]) }
        #expect(error.code == .usage)
        #expect(error.message.contains("GRANARY_FORCE"))
    }

    @Test func onlyOptionsOfTheCommandCount() throws {
        #expect(
            try complete(["server", "stop"], ["GRANARY_DROP_OLD": "1", "GRANARY_SERVER_FOLDER": "/x"]) == [
                "server", "stop",
            ]
        )
        #expect(try complete(["--help"], ["GRANARY_JOBS": "3"]) == ["--help"])
        #expect(try complete(["help", "backup"], ["GRANARY_JOBS": "3"]) == ["help", "backup"])
        #expect(try complete([], ["GRANARY_JOBS": "3"]) == [])
    }

    /// --trust is a flag of `restore` but takes a word in `migrate repair`. The value of one is not valid for the
    /// other.
    @Test func optionsOfOtherCommandsAreNotAccepted() throws {
        let (restore, repair) = (["restore", "x"], ["migrate", "repair"])
        #expect(try complete(restore, ["GRANARY_TRUST": "1"]) == ["restore", "--trust", "x"])
        #expect(try complete(repair, ["GRANARY_TRUST": "1"]) == repair)
        #expect(try complete(restore, ["GRANARY_TRUST": "row"]) == restore)
        #expect(try complete(repair, ["GRANARY_TRUST": "row"]) == repair + ["--trust=row"])
        #expect(throws: CommandError.self) { try complete(restore, ["GRANARY_TRUST": "maybe"]) }
    }

    @Test func oneOfTwoThatContradictSilencesTheOthersVariable() throws {
        #expect(try complete(["backup", "--local"], ["GRANARY_DATABASE_URL": "x"]) == ["backup", "--local"])
        #expect(
            try complete(["backup", "--database-url", "x"], ["GRANARY_LOCAL": "1"]) == [
                "backup", "--database-url", "x",
            ]
        )
        #expect(try complete(["backup", "--verbose"], ["GRANARY_QUIET": "1"]) == ["backup", "--verbose"])
    }

    @Test func wordsAfterTheTerminatorAreNotOptions() throws {
        #expect(
            try complete(["restore", "--", "--jobs"], ["GRANARY_JOBS": "3"]) == ["restore", "--jobs=3", "--", "--jobs"]
        )
    }
}
