import TestSupport

/// A command to be disturbed, and its promise.
protocol Trial: Sendable {
    /// The name, including the options that matter.
    var name: String { get }
    var template: Template { get }
    /// The approximate number of bytes that it writes to the server's disk; 0 if it writes none that matter.
    var serverBytes: Int { get }
    /// The approximate number of bytes that it writes to the local disk; 0 if it writes none.
    var ownBytes: Int { get }

    /// Whether a failure means that nothing has changed, unless its message says that the outcome is unknown. For
    /// migrations the ledger shows it.
    var isAllOrNothing: Bool { get }

    /// Creates the initial state for the command. Returns a text that `standing` needs.
    func prepare(_ scene: Scene) async throws -> String
    func arguments(_ scene: Scene) -> [String]
    /// The state after the run.
    func standing(_ scene: Scene, before: String) async throws -> Standing
    /// The next step of a user: usually the same command.
    func again(_ scene: Scene, _ standing: Standing) async throws
}

enum Standing: Sendable, Equatable {
    case old, new
    /// Some steps of a run are done and recorded.
    case partWay
    /// A state that must not occur.
    case broken(String)
}

/// A broken promise.
struct BrokenPromise: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

extension Trial {
    var isAllOrNothing: Bool { true }

    func expectSuccess(_ scene: Scene, _ arguments: [String]) async throws {
        let outcome = try await scene.granary(arguments)
        guard outcome.status == 0 else { throw BrokenPromise("the next run fails: \(arguments[0]): \(outcome)") }
    }

    func again(_ scene: Scene, _ standing: Standing) async throws {
        try await expectSuccess(scene, arguments(scene))
    }
}

/// All trials.
let trials: [any Trial] =
    BackupTrial.Manner.allCases.map(BackupTrial.init) + RestoreTrial.Manner.allCases.map(RestoreTrial.init)
    + SeedTrial.Manner.allCases.map(SeedTrial.init) + CleanTrial.Manner.allCases.map(CleanTrial.init)
    + MigrateTrial.Manner.allCases.map(MigrateTrial.init)

/// A digest of everything in the shop that a restore must bring back, on one line.
let shopDigest = """
    SELECT concat_ws(' ',
        (SELECT count(*) || ':' || coalesce(md5(string_agg(c::text, ',' ORDER BY id)), '') FROM shop.customers c),
        (SELECT count(*) || ':' || coalesce(md5(string_agg(o::text, ',' ORDER BY id)), '') FROM shop.orders o),
        (SELECT last_value FROM shop.orders_id_seq), \(shopSchema))
    """

/// A digest of the shop's schema only.
let shopSchema = """
    (SELECT md5(string_agg(concat(conname, convalidated, pg_get_constraintdef(oid)), ',' ORDER BY conname))
        FROM pg_constraint WHERE connamespace = 'shop'::regnamespace),
    (SELECT string_agg(concat(tgname, tgenabled), ',' ORDER BY tgname) FROM pg_trigger WHERE NOT tgisinternal),
    (SELECT string_agg(concat(relname, relkind), ',' ORDER BY relname) FROM pg_class
        WHERE relnamespace = 'shop'::regnamespace)
    """
