import TestSupport

/// Seeds are written completely or not at all, and the record shows which.
struct SeedTrial: Trial {
    enum Manner: CaseIterable { case first, changed }

    let manner: Manner
    var name: String { manner == .first ? "seed" : "seed of changed files" }
    var template: Template { .empty_shop }
    var serverBytes: Int { 1_000_000 }
    var ownBytes: Int { 0 }

    func prepare(_ scene: Scene) async throws -> String {
        try scene.scratch.write(
            "schema: shop\nas_of: 2026-01-01\nseed: 7\n",
            to: "seeds/seeds.yaml"
        )
        try scene.scratch.write(
            "generate:\n  per: customers\n  count: 3\n  columns: {total: {between: [1, 100]}}\n",
            to: "seeds/development/orders.yaml"
        )
        try write(["anna", "ben", "carla"], scene)
        if manner == .changed {
            try await expectSuccess(scene, arguments(scene))
            try write(["anna", "ben", "dora", "emil"], scene)
        }
        return try await state(scene)
    }

    private func write(_ names: [String], _ scene: Scene) throws {
        let many = (1...400).map { "number \($0)" }
        let rows = (names + many).map { "  - {name: \($0)}\n" }.joined()
        try scene.scratch.write("key: name\nprune: true\nrows:\n\(rows)", to: "seeds/common/customers.yaml")
        try scene.scratch.write(
            "INSERT INTO shop.customers (name) VALUES ('by script, of \(names.count)') ON CONFLICT DO NOTHING;\n",
            to: "seeds/common/020_more.sql"
        )
    }

    func arguments(_ scene: Scene) -> [String] {
        ["seed", "--env", "development", "--service", "shop"]
    }

    /// Without values from sequences, which a rollback does not restore.
    private func state(_ scene: Scene) async throws -> String {
        try await scene.sql(
            """
            SELECT concat_ws(' ', (SELECT md5(string_agg(name, ',' ORDER BY name)) FROM shop.customers),
                (SELECT count(*) FROM shop.orders),
                (SELECT md5(string_agg(source || sha256, ',' ORDER BY source)) FROM granary.seeds), \(shopSchema))
            """
        )
    }

    func standing(_ scene: Scene, before: String) async throws -> Standing {
        if try await state(scene) == before { return .old }
        let now = try await scene.sql(
            """
            SELECT concat_ws(' ', (SELECT count(*) FROM shop.customers),
                (SELECT string_agg(name, ' ' ORDER BY name) FROM shop.customers WHERE name !~ '^number'),
                (SELECT count(*) FROM shop.orders), (SELECT count(*) > 2 FROM granary.seeds))
            """
        )
        let wanted =
            manner == .first
            ? "404 anna ben by script, of 3 carla 1209 t"
            : "406 anna ben by script, of 3 by script, of 4 dora emil 1212 t"
        return now == wanted ? .new : .broken("neither old nor new: \(now), but \(wanted)")
    }

    func again(_ scene: Scene, _ standing: Standing) async throws {
        try await expectSuccess(scene, arguments(scene))
        let second = try await scene.granary(arguments(scene))
        guard second.status == 0, second.stdout.contains("nothing changed") else {
            throw BrokenPromise("the run after the next changes something: \(second)")
        }
    }
}
