import Testing

@testable import PostgresClient

/// The detection of poolers that change sessions, and of the server behind them.
@Suite struct PoolingTests {
    @Test(arguments: [
        (own: [7, 7, 7], other: 8, isShared: false), ([7, 7, 7], nil, false), ([7, 7, 7], 7, true),
        ([7, 8, 7], 9, true), ([7, 8, 8], 8, true),
    ])
    func aSessionThatSomebodyElseIsGivenToIsShared(_ found: (own: [Int], other: Int?, isShared: Bool)) {
        #expect(SessionPooling.isShared(own: found.own, other: found.other) == found.isShared)
    }

    @Test(
        arguments: [
            ("ep-cool-1-pooler.eu.neon.tech", "5432", nil, "5432", "the host ep-cool-1.eu.neon.tech (without -pooler)"),
            ("aws-0.pooler.supabase.com", "6543", "10.0.0.7", "5432", "port 5432 of aws-0.pooler.supabase.com"),
            ("pool.example.org", "6432", "10.0.0.7", "5433", "which the pooler reaches at 10.0.0.7, port 5433"),
            ("/run/pgbouncer", "6432", nil, "5434", "at port 5434 instead of 6432"),
        ] as [(host: String, port: String, server: String?, serverPort: String, hint: String)]
    )
    func theHintNamesTheServerItself(
        _ found: (host: String, port: String, server: String?, serverPort: String, hint: String)
    ) {
        let direct = SessionPooling.direct(
            host: found.host,
            port: found.port,
            server: found.server,
            serverPort: found.serverPort
        )
        #expect(direct.hasSuffix(found.hint), "\(direct)")
    }
}
