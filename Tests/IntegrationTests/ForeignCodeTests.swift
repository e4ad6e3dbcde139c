import TestSupport
import Testing

/// To plan a query, the server evaluates constant parts of the expressions in a table's indexes and statistics, as the
/// role that runs the query. Commands that only inspect a database must avoid this.
@Suite(.serialized) struct ForeignCodeTests {
    private static let role = "foreign_code_owner"

    private static func with(
        _ trap: String,
        _ body: (_ url: String, _ granary: (String...) async throws -> CommandOutcome) async throws -> Void
    ) async throws {
        try await ThrowawayServer.shared().withDatabase { url in
            try await psql(
                url,
                """
                CREATE ROLE \(role); GRANT CREATE ON SCHEMA public TO \(role); SET ROLE \(role);
                CREATE FUNCTION public.own(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
                BEGIN
                    IF current_user = '\(ThrowawayServer.superuser)' THEN RAISE EXCEPTION 'ran as the superuser'; END IF;
                    RETURN i;
                END $$;
                CREATE TABLE public.t (id int, other int); INSERT INTO public.t VALUES (1, 1), (2, 2);
                \(trap)
                """
            )
            do {
                try await ScratchFolder.with { folder in
                    try await body(url) { (arguments: String...) in
                        try await runCommand(
                            granaryBinary(),
                            arguments,
                            environment: ["DATABASE_URL": url],
                            workingDirectory: folder.path
                        )
                    }
                }
            } catch {
                Issue.record("\(error)")
            }
            try await psql(url, "DROP OWNED BY \(role); DROP ROLE \(role)")
        }
    }

    @Test(arguments: [
        "CREATE INDEX ON public.t ((id + public.own(1)));", "CREATE INDEX ON public.t (id) WHERE id > public.own(0);",
        "CREATE STATISTICS public.s ON (id + public.own(1)), other FROM public.t;",
    ])
    func aSuperuserWhoLooksRunsNoFunctionOfAnOwner(trap: String) async throws {
        try await Self.with(trap) { url, granary in
            // The trap works: a plain count fails.
            await #expect(throws: CommandFailure.self) { try await psql(url, "SELECT count(*) FROM public.t") }
            let counts = try await granary("counts", "--all", "--exact")
            #expect(counts.status == 0, "\(counts)")
            #expect(counts.stdout.contains("counting would run a function of its owner"), "\(counts)")
            for command in [["tables", "--all"], ["schema", "--all"], ["backup", "-o", "a.zip"]] {
                let outcome = try await granary(command[0], command[1], command.count > 2 ? command[2] : "--quiet")
                #expect(outcome.status == 0, "\(command): \(outcome)")
            }
            let verified = try await granary("verify", "a.zip", "--json")
            #expect(verified.stdout.contains(#""rows":2"#), "\(verified)")
        }
    }
}
