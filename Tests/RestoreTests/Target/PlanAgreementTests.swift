import Glibc
import PostgresClient
import Restore
import TestSupport
import Testing

/// A restore does what its plan says, for generated databases, roles and options.
@Suite struct PlanAgreementTests {
    /// How many databases are generated; `make test-matrix` generates more.
    private static let trials = getenv("GRANARY_TEST_PLANS").flatMap { Int(String(cString: $0)) } ?? 6

    /// The files that are restored.
    enum Form: String, CaseIterable {
        case archive
        case plainDump

        var choices: [Choice] {
            // A plain dump does not drop existing objects, so in place it would meet its own.
            self == .archive ? Choice.allCases : Choice.allCases.filter { !$0.isInPlace }
        }

        fileprivate func write(_ url: String, to path: String) async throws {
            switch self {
            case .archive: try await backup(url, to: path)
            case .plainDump:
                let dump = try await runCommand("pg_dump", ["-d", url, "-f", path])
                #expect(dump.status == 0)
            }
        }
    }

    @Test(.serialized, arguments: Form.allCases)
    func aPlanWithoutObstaclesIsDoneAndOneWithThemIsRefused(form: Form) async throws {
        var random = seededRandom()
        // Grants of another role than the owner are always among them, because options and forms change them most.
        var trials = [Trial([.grantByMember], [.ownerInto, .ownerMapped, .ownerIntoWithoutOwners])]
        for _ in 0..<(form == .archive ? Self.trials : (Self.trials + 1) / 2) {
            trials.append(Trial(form.choices, &random))
        }
        for trial in trials {
            try await ScratchFolder.with { folder in
                let server = try await ThrowawayServer.shared()
                try await server.withDatabase { url in
                    let roles = Roles(databaseName(of: url))
                    try await server.execute(roles.creation)
                    try await psql(url, roles.schema + trial.sql(roles, available: extensions(url)))
                    try await server.execute("ALTER DATABASE \"\(databaseName(of: url))\" OWNER TO \(roles.owner)")
                    try await form.write(url, to: folder.file("a"))
                    for choice in trial.choices {
                        try await expectAgreement(choice, trial, roles, folder.file("a"), url, server)
                    }
                    try await drop(databasesOf: url, on: server)
                    // One role after the other: for several, the server may process the same default privileges twice.
                    for role in roles.all { try await psql(url, "DROP OWNED BY \(role) CASCADE") }
                }
            }
        }
        let server = try await ThrowawayServer.shared()
        for role in try await psql(server.url(database: "postgres"), Roles.left).split(separator: "\n") {
            try await server.execute("DROP OWNED BY \(role); DROP ROLE \(role)")
        }
    }

    private func expectAgreement(
        _ choice: Choice,
        _ trial: Trial,
        _ roles: Roles,
        _ file: String,
        _ url: String,
        _ server: ThrowawayServer
    ) async throws {
        let copy = "\(databaseName(of: url))_copy"
        let (what, before): (Comment, _) = ("\(choice) of \(trial.features)", try await databases(like: url, server))
        var outcomes: [Outcome] = []
        for keepGoing in [false, true] {
            var options = RestoreOptions(file: file)
            choice.apply(to: &options, roles, copy)
            options.keepGoing = keepGoing
            let run = RestoreRun(
                options,
                server: ServerAddress(url.replacing("user=granary", with: "user=\(choice.role(roles))")),
                logger: quietLogger,
                progress: { _ in }
            )
            try await waitUntilUnused(url, server)
            let plan = try await run.plan()
            let outcome = try await outcome(of: run)
            outcomes.append(outcome)
            #expect(plan.obstacles.isEmpty == outcome.isDone, "\(what): \(plan.obstacles) \(outcome)")
            if case .failed(let message) = outcome {
                #expect(message.hasPrefix("nothing was changed, because "), what)
                let after = try await databases(like: url, server)
                #expect(after == before, what)
            }
            try await drop(databasesOf: url, on: server)
            guard !plan.obstacles.isEmpty, !keepGoing else { break }
        }
        // A plan has an obstacle only if something would be missing after the restore. For a REVOKE of a plain dump
        // that has no effect, the server only warns.
        guard case .done(let missing) = outcomes.last, outcomes.count > 1 else { return }
        #expect(!missing.isEmpty || trial.features.contains(.revokeFromSystem), what)
    }

    private enum Outcome: CustomStringConvertible {
        case done(missing: [LeftOut])
        case failed(String)

        var isDone: Bool { if case .done = self { true } else { false } }
        var description: String {
            switch self {
            case .done(let missing): "done without \(missing.map(\.object))"
            case .failed(let message): message
            }
        }
    }

    private func outcome(of run: RestoreRun) async throws -> Outcome {
        do {
            return .done(missing: try await run.run().leftOut.missing)
        } catch let error as any GranaryError {
            return .failed(error.message)
        }
    }

    /// A session that has just ended may be listed for a moment, and would be an obstacle to a swap.
    private func waitUntilUnused(_ url: String, _ server: ThrowawayServer) async throws {
        let query = """
            SELECT count(*) FROM pg_stat_activity
            WHERE datname = '\(databaseName(of: url))' AND backend_type <> 'autovacuum worker'
            """
        for _ in 0..<100 {
            guard try await psql(server.url(database: "postgres"), query) != "0" else { return }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private func databases(like url: String, _ server: ThrowawayServer) async throws -> [String] {
        try await server.databases().filter { $0.hasPrefix(databaseName(of: url) + "_") }
    }

    private func drop(databasesOf url: String, on server: ThrowawayServer) async throws {
        for database in try await databases(like: url, server) {
            try await server.execute("DROP DATABASE \"\(database)\" WITH (FORCE)")
        }
    }

    private func extensions(_ url: String) async throws -> Set<String> {
        Set(try await psql(url, "SELECT name FROM pg_available_extensions").split(separator: "\n").map(String.init))
    }
}

/// The roles for one generated database.
private struct Roles {
    /// `owner` owns the database; `plain` has the same rights without CREATEDB.
    let owner, plain, member, other, stranger: String

    init(_ database: String) {
        func role(_ name: String) -> String { "plan_\(name)_\(database)" }
        (owner, plain, member) = (role("owner"), role("plain"), role("member"))
        (other, stranger) = (role("other"), role("stranger"))
    }

    var all: [String] { [owner, plain, member, other, stranger] }

    /// `plain` may act for `owner`, and both for `member`; none may act for `other`.
    var creation: String {
        """
        CREATE ROLE \(owner) LOGIN CREATEDB; CREATE ROLE \(plain) LOGIN; CREATE ROLE \(member); CREATE ROLE \(other);
        CREATE ROLE \(stranger) LOGIN CREATEDB; GRANT \(owner) TO \(plain); GRANT \(member) TO \(owner)
        """
    }

    var schema: String {
        """
        CREATE SCHEMA shop AUTHORIZATION \(owner); CREATE TABLE shop.t (id integer PRIMARY KEY, v text);
        ALTER TABLE shop.t OWNER TO \(owner); INSERT INTO shop.t VALUES (1, 'a'), (2, 'b');
        CREATE TABLE public.u (id integer REFERENCES shop.t); ALTER TABLE public.u OWNER TO \(owner);
        """
    }

    static let left = "SELECT rolname FROM pg_roles WHERE rolname ~ '^plan_(owner|plain|member|other|stranger)_'"
}

/// Who restores, and how.
enum Choice: CaseIterable {
    case superuser, owner, ownerWithoutOwners, ownerInto, ownerIntoWithoutOwners, ownerMapped, plain, plainInPlace
    case plainInPlaceWithoutOwners, stranger, strangerIntoWithoutOwners

    var isInPlace: Bool { self == .plainInPlace || self == .plainInPlaceWithoutOwners }

    fileprivate func role(_ roles: Roles) -> String {
        switch self {
        case .superuser: "granary"
        case .owner, .ownerWithoutOwners, .ownerInto, .ownerIntoWithoutOwners, .ownerMapped: roles.owner
        case .plain, .plainInPlace, .plainInPlaceWithoutOwners: roles.plain
        case .stranger, .strangerIntoWithoutOwners: roles.stranger
        }
    }

    fileprivate func apply(to options: inout RestoreOptions, _ roles: Roles, _ copy: String) {
        options.jobs = 1
        switch self {
        case .superuser, .owner, .plain, .stranger: break
        case .ownerWithoutOwners: options.noOwner = true
        case .ownerInto: options.into = copy
        case .ownerIntoWithoutOwners, .strangerIntoWithoutOwners:
            options.into = copy
            options.noOwner = true
        case .ownerMapped: options.roleMap = [roles.other: roles.owner, roles.member: roles.owner]
        case .plainInPlace: options.inPlace = true
        case .plainInPlaceWithoutOwners:
            options.inPlace = true
            options.noOwner = true
        }
    }
}

/// The content of a generated database, and the roles that restore it.
private struct Trial {
    enum Feature: CaseIterable {
        case eventTrigger, untrustedExtension, trustedExtension, tableOfOther, tableOfMember, schemaOfMember
        case defaultsOfOther, defaultsOfOwner, grantByMember, leakproofFunction, internalFunction, castWithoutFunction
        case publicationOfAll, publication, superusersSetting, roleSetting, policy, materializedView, largeObjectOfOther
        case revokeFromSystem, operatorClass, foreignWrapper, functionOfOther, grantToOther
    }

    let features: [Feature]
    let choices: [Choice]

    init(_ features: [Feature], _ choices: [Choice]) {
        (self.features, self.choices) = (features, choices)
    }

    init(_ choices: [Choice], _ random: inout SeededRandom) {
        features = Array(Feature.allCases.shuffled(using: &random).prefix(Int.random(in: 0...3, using: &random)))
        self.choices = Array(choices.shuffled(using: &random).prefix(3))
    }

    func sql(_ roles: Roles, available: Set<String>) -> String {
        features.map { Self.sql(of: $0, roles, available) }.joined(separator: "\n")
    }

    private static func sql(of feature: Feature, _ roles: Roles, _ available: Set<String>) -> String {
        func making(_ names: [String]) -> String {
            names.first(where: available.contains).map { "CREATE EXTENSION \($0);" } ?? ""
        }
        return switch feature {
        case .eventTrigger:
            """
            CREATE FUNCTION shop.told() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
            CREATE EVENT TRIGGER told ON ddl_command_end EXECUTE FUNCTION shop.told();
            """
        case .untrustedExtension: making(["pageinspect", "pg_stat_statements", "postgres_fdw"])
        case .trustedExtension: making(["pg_trgm", "hstore", "pgcrypto"])
        case .tableOfOther: "CREATE TABLE shop.o (a integer); ALTER TABLE shop.o OWNER TO \(roles.other);"
        case .tableOfMember: "CREATE TABLE shop.m (a integer); ALTER TABLE shop.m OWNER TO \(roles.member);"
        case .schemaOfMember:
            "CREATE SCHEMA ms AUTHORIZATION \(roles.member); CREATE TABLE ms.t (a integer); ALTER TABLE ms.t OWNER TO \(roles.member);"
        case .defaultsOfOther:
            "ALTER DEFAULT PRIVILEGES FOR ROLE \(roles.other) GRANT SELECT ON TABLES TO \(roles.member);"
        case .defaultsOfOwner:
            "ALTER DEFAULT PRIVILEGES FOR ROLE \(roles.owner) GRANT SELECT ON TABLES TO \(roles.other);"
        case .grantByMember:
            """
            GRANT SELECT ON shop.t TO \(roles.member) WITH GRANT OPTION; GRANT USAGE ON SCHEMA shop TO \(roles.member);
            SET ROLE \(roles.member); GRANT SELECT ON shop.t TO \(roles.other); RESET ROLE;
            """
        case .leakproofFunction:
            "CREATE FUNCTION shop.leak() RETURNS integer LANGUAGE sql LEAKPROOF AS 'SELECT 1'; ALTER FUNCTION shop.leak() OWNER TO \(roles.owner);"
        case .internalFunction:
            "CREATE FUNCTION shop.now() RETURNS timestamptz LANGUAGE internal AS 'now'; ALTER FUNCTION shop.now() OWNER TO \(roles.owner);"
        case .castWithoutFunction:
            "CREATE TYPE shop.pair AS (a integer, b integer); CREATE CAST (shop.pair AS text) WITH INOUT; CREATE CAST (date AS integer) WITHOUT FUNCTION;"
        case .publicationOfAll: "CREATE PUBLICATION every FOR ALL TABLES;"
        case .publication: "CREATE PUBLICATION one FOR TABLE shop.t; ALTER PUBLICATION one OWNER TO \(roles.owner);"
        case .superusersSetting:
            "SELECT format('ALTER DATABASE %I SET log_min_duration_statement = 0', current_database()) \\gexec\n"
        case .roleSetting:
            "SELECT format('ALTER ROLE \(roles.other) IN DATABASE %I SET work_mem = ''5MB''', current_database()) \\gexec\n"
        case .policy:
            "ALTER TABLE shop.t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON shop.t TO \(roles.other) USING (true);"
        case .materializedView:
            "CREATE MATERIALIZED VIEW shop.counted AS SELECT count(*) FROM shop.t; ALTER MATERIALIZED VIEW shop.counted OWNER TO \(roles.owner);"
        case .largeObjectOfOther: "SELECT lo_create(4711); ALTER LARGE OBJECT 4711 OWNER TO \(roles.other);"
        case .revokeFromSystem: "REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep(float8) FROM PUBLIC;"
        case .operatorClass:
            "CREATE OPERATOR CLASS shop.ops FOR TYPE integer USING hash AS OPERATOR 1 =, FUNCTION 1 hashint4(integer);"
        case .foreignWrapper: "CREATE FOREIGN DATA WRAPPER nothing;"
        case .functionOfOther:
            "CREATE FUNCTION shop.theirs() RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'; ALTER FUNCTION shop.theirs() OWNER TO \(roles.other);"
        case .grantToOther: "GRANT SELECT ON shop.t TO \(roles.other);"
        }
    }
}
