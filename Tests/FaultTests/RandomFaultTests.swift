import Glibc
import Synchronization
import TestSupport
import Testing

/// Runs commands with random faults, and checks their promises: the old state or the new one, nothing in between,
/// nothing lost, and the next run succeeds.
///
/// `make test` makes the same few runs each time, `make test-faults RUNS=1000 SEED=…` a thousand. Run n of a seed is the
/// same as run 1 of the seed plus n - 1.
@Suite(.serialized) struct RandomFaultTests {
    @Test func afterAnyFailureTheStateIsOldOrNewAndTheNextRunSucceeds() async throws {
        for promise in try await brokenPromises(Fault.Kind.failures) { Issue.record("\(promise)") }
    }

    @Test func afterAnyInterferenceTheStateIsOldOrNewAndTheNextRunSucceeds() async throws {
        for promise in try await brokenPromises(Fault.Kind.meddling) { Issue.record("\(promise)") }
    }

    /// Makes the runs, and describes each one after which a promise is broken.
    private func brokenPromises(_ kinds: [Fault.Kind]) async throws -> [String] {
        let runs = getenv("GRANARY_FAULT_RUNS").flatMap { Int(String(cString: $0)) } ?? 8
        let first = testSeed(of: "\(kinds)")
        print("\(runs) runs with faults: SEED=\(first)")
        let ground = try await Ground.prepare()
        let cramped = try await Ground.prepare(diskBytes: 160 << 20)
        var measures: [Int: Measure] = [:]
        var tally = Tally()
        var broken: [String] = []
        do {
            for number in 0..<runs {
                let run = try await FaultRun(seed: first + UInt64(number), kinds: kinds) { trial in
                    let measure = if let known = measures[trial] { known } else { try await measure(trial, on: ground) }
                    measures[trial] = measure
                    return measure
                }
                let place = "SEED=\(run.seed): \(run.trial.name), \(run.fault)"
                if runs > 20 { print("\(number + 1)/\(runs) \(place)") }
                do {
                    let isCramped = run.fault.kind == .serverDisk
                    tally.add(run, try await run.run(on: isCramped ? cramped : ground, number: number))
                } catch {
                    tally.add(broken: run)
                    broken.append("\(place): \(error)")
                    print("broken: \(place): \(error)")
                    ground.proxy.mend()
                    if ground.server.processID == nil { try await ground.server.restart() }
                }
            }
        } catch {
            broken.append("\(error)")
        }
        print(tally)
        try await ground.end()
        try await cramped.end()
        return broken
    }

    /// Runs a command without a fault through the same network.
    private func measure(_ number: Int, on ground: Ground) async throws -> Measure {
        let trial = trials[number]
        return try await Scene.with(trial.template, on: ground, number: 1_000_000 + number) { scene in
            let before = try await trial.prepare(scene)
            ground.proxy.mend()
            let start = ContinuousClock.now
            let outcome = try await scene.granary(trial.arguments(scene))
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            let traffic = ground.proxy.mend()
            let standing = try await trial.standing(scene, before: before)
            guard outcome.status == 0, standing == .new else {
                throw BrokenPromise("\(trial.name) without a fault: \(standing), \(outcome)")
            }
            return Measure(seconds: seconds, traffic: traffic)
        }
    }
}
