import TestSupport

/// Each migration is applied and in the ledger, or neither. A migration without a transaction may stop between two of
/// its statements. Then `status` reports it and `repair` continues it.
struct MigrateTrial: Trial {
    enum Manner: CaseIterable { case up, down }

    let manner: Manner
    var name: String { manner == .up ? "migrate up" : "migrate down" }
    var template: Template { .bare }
    var isAllOrNothing: Bool { false }
    var serverBytes: Int { manner == .up ? 1_500_000 : 300_000 }
    var ownBytes: Int { 100_000 }

    func prepare(_ scene: Scene) async throws -> String {
        for (name, text) in Self.files { try scene.scratch.write(text, to: "migrations/\(name)") }
        if manner == .down { try await expectSuccess(scene, Self.command(["up"], scene)) }
        return ""
    }

    static func command(_ words: [String], _ scene: Scene) -> [String] {
        ["migrate"] + words + ["--service", "app"]
            + (words[0] == "status" || words[0] == "repair" ? [] : ["--backups", scene.out])
    }

    func arguments(_ scene: Scene) -> [String] {
        Self.command(manner == .up ? ["up"] : ["down", "--all"], scene)
    }

    func standing(_ scene: Scene, before: String) async throws -> Standing {
        let effects = try await scene.sql(Self.effects).split(separator: " ").map { Int($0) ?? -1 }
        let applied = try await scene.sql("SELECT version FROM granary.migrations WHERE service = 'app' ORDER BY 1")
            .split(separator: "\n").map { Int($0) ?? 0 }
        for (version, (found, all)) in zip(1..., zip(effects, Self.statements)) {
            let isApplied = applied.contains(version)
            // Indexes are built concurrently, one after the other.
            let mayBePartWay = version == 3
            guard found == (isApplied ? all : 0) || mayBePartWay else {
                return .broken("of \(version) there are \(found) of \(all), and the ledger says \(applied)")
            }
        }
        // The up files delete 500 rows, the down files 2000.
        let haveGone = manner == .up ? applied.contains(5) : !applied.contains(2)
        if haveGone, try await !hasBackup(ofRows: manner == .up ? 500 : 2000, scene) {
            return .broken("a table with rows was dropped, and no backup of it is there")
        }
        switch applied.count {
        case 0: return manner == .up ? .old : .new
        case 5: return manner == .up ? .new : .old
        default: return .partWay
        }
    }

    private func hasBackup(ofRows rows: Int, _ scene: Scene) async throws -> Bool {
        for name in scene.scratch.names(in: "out") where name.hasSuffix(".zip") {
            let found = try await scene.granary(["verify", "\(scene.out)/\(name)", "--json"])
            if found.status == 0, found.stdout.contains("\"rows\":\(rows),") { return true }
        }
        return false
    }

    func again(_ scene: Scene, _ standing: Standing) async throws {
        let outcome = try await scene.granary(arguments(scene))
        if outcome.status != 0 {
            let isInDoubt = outcome.stderr.contains("granary migrate repair") && outcome.stderr.contains("3_index")
            guard isInDoubt else { throw BrokenPromise("the next run fails: \(outcome)") }
            try await expectSuccess(scene, Self.command(["repair"], scene))
            try await expectSuccess(scene, arguments(scene))
        }
        let status = try await scene.granary(Self.command(["status", "--check"], scene))
        guard status.status == (manner == .up ? 0 : 2) else { throw BrokenPromise("status: \(status)") }
    }

    /// Counts the effects of each version.
    private static let effects = """
        SELECT concat_ws(' ',
            CASE WHEN to_regclass('app.a') IS NULL THEN 0
                ELSE 1 + (SELECT (xpath('/row/n/text()', query_to_xml('SELECT count(*) AS n FROM app.a', true, true, '')))[1]::text::int) / 1000 END,
            (SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass('app.a') AND attname = 'extra' AND NOT attisdropped)
                + (SELECT count(*) FROM pg_class WHERE oid = to_regclass('app.b')),
            (SELECT count(*) FROM pg_index WHERE indexrelid IN (to_regclass('app.a_v'), to_regclass('app.a_w')) AND indisvalid),
            (SELECT count(*) FROM pg_class WHERE oid IN (to_regclass('app.c'), to_regclass('app.d'))),
            (SELECT count(*) FROM pg_class WHERE oid = to_regclass('app.successor'))
                + CASE WHEN to_regclass('app.old') IS NULL THEN 1 ELSE 0 END)
        """
    private static let statements = [2, 2, 2, 2, 2]

    private static let files = [
        "environments.json": """
        {"service": "app", "environments": {"development": {"config": {
            "allow_destructive_operations": true, "backup_required": true}}}, "current_environment": "development"}
        """,
        "1_rows.up.sql": """
        CREATE TABLE app.a (id int PRIMARY KEY, v text, w text);
        INSERT INTO app.a SELECT i, md5(i::text), md5((i + 1)::text) FROM generate_series(1, 1000) i;
        """,
        "1_rows.down.sql": "DROP TABLE app.a;",
        "2_more.up.sql": "ALTER TABLE app.a ADD extra int; CREATE TABLE app.b AS SELECT id FROM app.a;",
        "2_more.down.sql": "DROP TABLE app.b; ALTER TABLE app.a DROP extra;",
        "3_index.up.sql": """
        -- no-transaction
        CREATE INDEX CONCURRENTLY a_v ON app.a (v);
        CREATE INDEX CONCURRENTLY a_w ON app.a (w);
        """,
        "3_index.down.sql": """
        -- no-transaction
        DROP INDEX CONCURRENTLY IF EXISTS app.a_w;
        DROP INDEX CONCURRENTLY IF EXISTS app.a_v;
        """,
        "4_own.up.sql": "BEGIN;\nCREATE TABLE app.c (id int);\nCREATE TABLE app.d (id int);\nCOMMIT;\n",
        "4_own.down.sql": "BEGIN;\nDROP TABLE app.d;\nDROP TABLE app.c;\nCOMMIT;\n",
        "5_old.up.sql": "CREATE TABLE app.successor (id int); DROP TABLE app.old;",
        "5_old.down.sql": "CREATE TABLE app.old (i int); DROP TABLE app.successor;",
    ]
}
