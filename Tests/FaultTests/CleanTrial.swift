import TestSupport

/// Either all tables are emptied or none, and deleted rows are always in a complete backup.
struct CleanTrial: Trial {
    enum Manner: CaseIterable { case undoable, forGood }

    let manner: Manner
    var name: String { manner == .undoable ? "clean" : "clean --no-undo" }
    var template: Template { .shop }
    var serverBytes: Int { 0 }
    var ownBytes: Int { manner == .undoable ? 700_000 : 0 }

    func prepare(_ scene: Scene) async throws -> String { try await scene.sql(shopDigest) }

    func arguments(_ scene: Scene) -> [String] {
        ["clean", "--service", "shop", "--confirm", scene.name, "--backups", scene.out]
            + (manner == .forGood ? ["--no-undo"] : [])
    }

    func standing(_ scene: Scene, before: String) async throws -> Standing {
        let now = try await scene.sql(shopDigest)
        if now == before { return .old }
        let rows = try await scene.sql(
            "SELECT (SELECT count(*) FROM shop.customers) + (SELECT count(*) FROM shop.orders)"
        )
        let schema = try await scene.sql("SELECT concat_ws(' ', \(shopSchema))")
        guard rows == "0", before.hasSuffix(schema) else {
            return .broken("neither old nor new: \(now), but \(before)")
        }
        guard manner == .undoable else { return .new }
        // Two cleanings at once make two backups, and the second one is empty.
        for undo in backups(scene) {
            let undone = try await scene.granary(
                ["restore", "\(scene.out)/\(undo)", "--data-only", "--if-empty", "--confirm", scene.name]
            )
            guard undone.status == 0 else { return .broken("the backup does not undo it: \(undone)") }
            if try await scene.sql(shopDigest) == before { return .new }
        }
        return .broken("the rows are gone, and no backup brings them back: \(backups(scene))")
    }

    private func backups(_ scene: Scene) -> [String] {
        scene.scratch.names(in: "out").filter { $0.hasSuffix(".zip") }
    }

    func again(_ scene: Scene, _ standing: Standing) async throws {
        try await expectSuccess(scene, arguments(scene))
        let partials = scene.scratch.names(in: "out").filter { $0.hasSuffix(".partial") }
        guard partials.isEmpty else { throw BrokenPromise("left behind: \(partials)") }
    }
}
