import Glibc
import TestSupport

/// A backup is complete, or does not exist.
struct BackupTrial: Trial {
    enum Manner: CaseIterable { case archive, overwriting, plain }

    let manner: Manner
    var name: String {
        switch manner {
        case .archive: "backup"
        case .overwriting: "backup --force"
        case .plain: "backup to .sql.gz"
        }
    }
    var template: Template { .shop }
    var serverBytes: Int { 0 }
    var ownBytes: Int { 700_000 }

    private func file(_ scene: Scene) -> String { "\(scene.out)/\(manner == .plain ? "b.sql.gz" : "b.zip")" }

    func prepare(_ scene: Scene) async throws -> String {
        guard manner == .overwriting else { return "" }
        try await expectSuccess(scene, arguments(scene))
        return try await digest(scene)
    }

    func arguments(_ scene: Scene) -> [String] {
        ["backup", "--output", file(scene), "--jobs", "3"] + (manner == .overwriting ? ["--force"] : [])
    }

    func standing(_ scene: Scene, before: String) async throws -> Standing {
        guard access(file(scene), F_OK) == 0 else {
            return before.isEmpty ? .old : .broken("the old backup is gone")
        }
        if !before.isEmpty, try await digest(scene) == before { return .old }
        if manner == .plain {
            let script = "gzip -dc \"$0\" | grep -c '^[0-9]*\t'"
            let lines = try await runCommand("bash", ["-c", "set -o pipefail; \(script)", file(scene)])
            return lines.stdout == "17000\n" ? .new : .broken("the plain dump is not whole: \(lines)")
        }
        let verified = try await scene.granary(["verify", file(scene), "--json"])
        let isWhole = verified.status == 0 && verified.stdout.contains("\"rows\":17000,")
        return isWhole ? .new : .broken("the backup is not whole: \(verified)")
    }

    private func digest(_ scene: Scene) async throws -> String {
        try await runCommand("sha256sum", [file(scene)]).stdout
    }

    func again(_ scene: Scene, _ standing: Standing) async throws {
        if manner != .overwriting { unlink(file(scene)) }
        try await expectSuccess(scene, arguments(scene))
        // A complete archive has its sidecar.
        let names = scene.scratch.names(in: "out").filter { !$0.hasSuffix(".zip.json") }
        guard names.count == 1 else { throw BrokenPromise("left behind: \(names)") }
    }
}
