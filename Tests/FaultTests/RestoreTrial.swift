import TestSupport

/// A restore succeeds completely or changes nothing. The old data is not lost.
struct RestoreTrial: Trial {
    enum Manner: CaseIterable { case swap, dropOld, inPlace, dataOnly, plain }

    let manner: Manner
    var name: String {
        switch manner {
        case .swap: "restore"
        case .dropOld: "restore --drop-old"
        case .inPlace: "restore --in-place"
        case .dataOnly: "restore --data-only"
        case .plain: "restore of .sql.gz"
        }
    }
    var template: Template { .shop }
    var serverBytes: Int { manner == .inPlace || manner == .dataOnly ? 4_000_000 : 12_000_000 }
    var ownBytes: Int { 0 }

    private func file(_ scene: Scene) -> String {
        "\(scene.ground.archives)/\(manner == .plain ? "b.sql.gz" : "b.zip")"
    }

    func prepare(_ scene: Scene) async throws -> String {
        // A target that is not replaced keeps the value of its sequence if it is higher.
        if manner == .dataOnly { try await scene.sql("SELECT setval('shop.orders_id_seq', 20000)") }
        let restored = try await scene.sql(shopDigest)
        try await scene.sql(
            """
            ALTER TABLE shop.orders DISABLE TRIGGER USER;
            DELETE FROM shop.orders WHERE id % 2 = 0;
            ALTER TABLE shop.orders ENABLE TRIGGER USER;
            SELECT setval('shop.orders_id_seq', 20000);
            """
        )
        return try await scene.sql(shopDigest) + "\n" + restored
    }

    func arguments(_ scene: Scene) -> [String] {
        let flags: [String] =
            switch manner {
            case .swap, .plain: []
            case .dropOld: ["--drop-old"]
            case .inPlace: ["--in-place"]
            case .dataOnly: ["--data-only"]
            }
        return ["restore", file(scene), "--confirm", scene.name, "--jobs", "3"] + flags
    }

    func standing(_ scene: Scene, before: String) async throws -> Standing {
        let states = before.split(separator: "\n").map(String.init)
        let now = try await scene.sql(shopDigest)
        if now == states[0] { return .old }
        guard now == states[1] else { return .broken("neither old nor new: \(now), but \(before)") }
        guard manner == .swap || manner == .plain else { return .new }
        let kept = try await scene.sqlBeside(
            "SELECT min(datname) FROM pg_database WHERE datname LIKE '\(scene.name)!_before!_%' ESCAPE '!'"
        )
        guard !kept.isEmpty else { return .broken("the old database is gone") }
        let old = try await psql(scene.ground.server.url(database: kept), shopDigest)
        return old == states[0] ? .new : .broken("the old database is not what it was: \(old), but \(states[0])")
    }

    func again(_ scene: Scene, _ standing: Standing) async throws {
        try await expectSuccess(scene, arguments(scene))
        let left = try await scene.sqlBeside(
            "SELECT string_agg(datname, ', ') FROM pg_database WHERE datname LIKE '\(scene.name)!_granary!_%' ESCAPE '!'"
        )
        guard left.isEmpty else { throw BrokenPromise("left behind: \(left)") }
    }
}
