import TestSupport
import Testing

/// Everything that was reported as done survives a crash of the server.
@Suite(.serialized) struct CrashTests {
    /// A restore loads with `synchronous_commit` off, but turns it on before it ends. Otherwise the last part of the
    /// log would stay in the server's memory until its writer runs, which takes ten seconds here.
    @Test func aFinishedRestoreSurvivesACrashRightAfterIt() async throws {
        let ground = try await Ground.prepare(options: ["wal_writer_delay": "10s", "wal_writer_flush_after": "1GB"])
        for (number, manner) in RestoreTrial.Manner.allCases.enumerated() {
            let trial = RestoreTrial(manner: manner)
            try await Scene.with(.shop, on: ground, number: number) { scene in
                let before = try await trial.prepare(scene)
                let outcome = try await scene.granary(trial.arguments(scene))
                try await ground.server.crash()
                try await ground.server.restart()
                #expect(outcome.status == 0, "\(outcome)")
                try await #expect(trial.standing(scene, before: before) == .new, "\(trial.name)")
            }
        }
        try await ground.end()
    }
}
