import PostgresClient
import Synchronization
import TestSupport
import Testing

@testable import Restore

/// Steps have the same result with several workers and with one session.
@Suite struct RestoreStepTests {
    private static let table = "CREATE TABLE done (step text, number integer)"

    private static let steps = [
        RestoreStep(work: .once { try $0.execute("INSERT INTO public.done VALUES ('once', 0)") }),
        RestoreStep(
            work: .each {
                (0..<12).map { number in
                    RestoreStep.Job(title: "\(number)") { session in
                        try session.execute("INSERT INTO public.done VALUES ('each', \(number))")
                    }
                }
            }
        ),
        RestoreStep(
            work: .shared(count: 12) { session, next in
                while let number = next() {
                    try session.execute("INSERT INTO public.done VALUES ('shared', \(number))")
                }
            }
        ),
        RestoreStep(
            work: .chains {
                (0..<4).map { chain in
                    (0..<3).map { number in
                        RestoreStep.Job(title: "\(chain) \(number)") { session in
                            try session.execute("INSERT INTO public.done VALUES ('chains', \(3 * chain + number))")
                        }
                    }
                }
            }
        ),
        RestoreStep(work: .each { [] }), RestoreStep(work: .chains { [] }),
        RestoreStep(work: .shared(count: 0) { _, _ in }),
    ]

    private static let done =
        "SELECT step, count(*), count(DISTINCT number), max(number) FROM done GROUP BY 1 ORDER BY 1"
    private static let all = "chains|12|12|11\neach|12|12|11\nonce|1|1|0\nshared|12|12|11"

    @Test(arguments: [1, 3, 40]) func workersDoEachJobOnce(workers: Int) async throws {
        try await withDatabase(Self.table) { _, url, _ in
            try await StepsBeside(
                database: ServerAddress(url),
                workers: workers,
                logger: quietLogger,
                progress: { _ in },
                prepare: { _, _ in }
            ).run(Self.steps)
            try await #expect(psql(url, Self.done) == Self.all)
        }
    }

    /// In order, each job with the number of jobs that have begun before it.
    @Test func oneWorkerDoesAChain() async throws {
        let table = "CREATE TABLE done (at serial, chain integer, number integer, pid integer)"
        try await withDatabase(table) { _, url, _ in
            let step = RestoreStep(
                work: .chains {
                    (0..<6).map { chain in
                        (0..<5).map { number in
                            RestoreStep.Job(title: "\(chain) \(number)") { session in
                                try session.execute(
                                    """
                                    INSERT INTO public.done (chain, number, pid)
                                    VALUES (\(chain), \(number), pg_catalog.pg_backend_pid())
                                    """
                                )
                            }
                        }
                    }
                }
            )
            let numbers = Mutex<[Int]>([])
            try await StepsBeside(
                database: ServerAddress(url),
                workers: 3,
                logger: quietLogger,
                progress: { event in
                    if case .made(_, let number, 30) = event { numbers.withLock { $0.append(number) } }
                },
                prepare: { _, _ in }
            ).run([step])
            #expect(numbers.withLock { $0.sorted() } == Array(1...30))
            let chains = try await psql(
                url,
                """
                SELECT chain, string_agg(number::text, '' ORDER BY at), count(DISTINCT pid)
                FROM done GROUP BY 1 ORDER BY 1
                """
            )
            #expect(chains == (0..<6).map { "\($0)|01234|1" }.joined(separator: "\n"))
        }
    }

    /// ANALYZE of a partitioned table locks its partitions, of which another worker may check a foreign key for hours.
    @Test func chainsThatLockTheSameTableWaitForEachOther() async throws {
        try await withDatabase("CREATE TABLE locked ()") { _, url, _ in
            let step = RestoreStep(
                work: .chains {
                    (0..<2).map { chain in
                        [
                            RestoreStep.Job(title: "\(chain)") { session in
                                try session.execute(
                                    """
                                    BEGIN; LOCK TABLE public.locked; SELECT pg_catalog.pg_sleep(0.3); COMMIT
                                    """
                                )
                            }
                        ]
                    }
                }
            )
            try await StepsBeside(
                database: ServerAddress(url),
                workers: 2,
                logger: quietLogger,
                progress: { _ in },
                prepare: { session, _ in try session.set([("lock_timeout", "50ms")]) }
            ).run([step])
        }
    }

    /// A worker that has no other beside it may use the server's processes in their place.
    @Test func aJobAloneHasTheHelpersOfTheOtherWorkers() async throws {
        try await withDatabase("CREATE TABLE done (helpers text)") { _, url, _ in
            for count in [1, 2, 4] {
                let step = RestoreStep(
                    work: .each {
                        (0..<count).map { number in
                            RestoreStep.Job(title: "\(number)") { session in
                                try session.execute(
                                    """
                                    INSERT INTO public.done
                                    VALUES ('\(count) ' || pg_catalog.current_setting('max_parallel_maintenance_workers'))
                                    """
                                )
                            }
                        }
                    }
                )
                try await StepsBeside(
                    database: ServerAddress(url),
                    workers: 4,
                    logger: quietLogger,
                    progress: { _ in },
                    prepare: { _, _ in }
                ).run([step])
            }
            let helpers = try await psql(url, "SELECT string_agg(DISTINCT helpers, ', ' ORDER BY helpers) FROM done")
            #expect(helpers == "1 3, 2 1, 4 0")
        }
    }

    @Test func oneSessionDoesEachJobOnce() async throws {
        try await withDatabase(Self.table) { _, url, _ in
            try await withSession(ServerAddress(url), logger: quietLogger) { session in
                try session.transaction { try StepsInPlace(progress: { _ in }).run(Self.steps, &$0) }
            }
            try await #expect(psql(url, Self.done) == Self.all)
        }
    }

    @Test func aStepThatFailsInOneSessionTakesBackTheStepsBeforeIt() async throws {
        try await withDatabase(Self.table) { _, url, _ in
            let failing = RestoreStep(work: .once { try $0.execute("SELECT 1 / 0") })
            await #expect(throws: PostgresError.self) {
                try await withSession(ServerAddress(url), logger: quietLogger) { session in
                    try session.transaction { try StepsInPlace(progress: { _ in }).run(Self.steps + [failing], &$0) }
                }
            }
            let rows = try await psql(url, "SELECT count(*) FROM done")
            #expect(rows == "0")
        }
    }

    @Test func anAttemptThatFailsLeavesTheTransactionAsItWas() async throws {
        try await withDatabase(Self.table) { _, url, _ in
            try await withSession(ServerAddress(url), logger: quietLogger) { session in
                try session.transaction { session in
                    try session.execute("INSERT INTO public.done VALUES ('before', 1)")
                    do {
                        try session.attempt { try $0.execute("INSERT INTO public.done VALUES ('attempt', 1 / 0)") }
                        Issue.record("the division succeeded")
                    } catch let error as PostgresError {
                        #expect(error.sqlState == "22012")
                    }
                    try session.attempt { try $0.execute("INSERT INTO public.done VALUES ('after', 1)") }
                }
            }
            try await #expect(psql(url, "SELECT string_agg(step, ',' ORDER BY step) FROM done") == "after,before")
        }
    }
}
