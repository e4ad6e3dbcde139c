import TestSupport
import Testing

/// What was said to be done is there after a crash of the server.
@Suite(.serialized) struct CrashTests {
    /// Restores load with `synchronous_commit` off, which is over before they end. Without that the last of the log would
    /// lie in the server's memory for the ten seconds of this server's writer.
    @Test func aRestoreThatSaysDoneOutlivesACrashRightAfterIt() async throws {
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
