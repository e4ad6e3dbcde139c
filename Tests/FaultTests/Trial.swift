import TestSupport

/// A command that is struck, and what it promises.
protocol Trial: Sendable {
    /// With the options that make it another command.
    var name: String { get }
    var template: Template { get }
    /// Bytes that it takes on the server's disk, roughly; 0 where the server writes nothing that counts.
    var serverBytes: Int { get }
    /// Bytes that it writes on our disk, roughly; 0 where it writes none.
    var ownBytes: Int { get }

    /// Whether a failure means that nothing has changed, unless it says that nobody knows. Of migrations the ledger says it.
    var isAllOrNothing: Bool { get }

    /// Makes what the command will find; returns what `standing` needs to know of it.
    func prepare(_ scene: Scene) async throws -> String
    func arguments(_ scene: Scene) -> [String]
    /// How things stand now, whatever happened.
    func standing(_ scene: Scene, before: String) async throws -> Standing
    /// What a person does next: the same command, in most cases.
    func again(_ scene: Scene, _ standing: Standing) async throws
}

enum Standing: Sendable, Equatable {
    case old, new
    /// A run of several steps, some of which are done and said to be.
    case partWay
    /// What must not be.
    case broken(String)
}

/// A promise that was not kept.
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

/// Every trial there is.
let trials: [any Trial] =
    BackupTrial.Manner.allCases.map(BackupTrial.init) + RestoreTrial.Manner.allCases.map(RestoreTrial.init)
    + SeedTrial.Manner.allCases.map(SeedTrial.init) + CleanTrial.Manner.allCases.map(CleanTrial.init)
    + MigrateTrial.Manner.allCases.map(MigrateTrial.init)

/// All of the shop that a restore must bring back, in one line.
let shopDigest = """
    SELECT concat_ws(' ',
        (SELECT count(*) || ':' || coalesce(md5(string_agg(c::text, ',' ORDER BY id)), '') FROM shop.customers c),
        (SELECT count(*) || ':' || coalesce(md5(string_agg(o::text, ',' ORDER BY id)), '') FROM shop.orders o),
        (SELECT last_value FROM shop.orders_id_seq), \(shopSchema))
    """

/// Its schema alone.
let shopSchema = """
    (SELECT md5(string_agg(concat(conname, convalidated, pg_get_constraintdef(oid)), ',' ORDER BY conname))
        FROM pg_constraint WHERE connamespace = 'shop'::regnamespace),
    (SELECT string_agg(concat(tgname, tgenabled), ',' ORDER BY tgname) FROM pg_trigger WHERE NOT tgisinternal),
    (SELECT string_agg(concat(relname, relkind), ',' ORDER BY relname) FROM pg_class
        WHERE relnamespace = 'shop'::regnamespace)
    """
