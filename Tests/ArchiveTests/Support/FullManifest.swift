@testable import Archive

/// A manifest in which every key has a value.
enum FullManifest {
    static var value: Manifest {
        var manifest = Manifest(
            granary: "0.1.0",
            createdAt: "2026-11-23T07:15:00Z",
            environment: "production",
            database: .init(
                name: "shop",
                encoding: "SQL_ASCII",
                collate: "C",
                ctype: "C",
                localeProvider: "icu",
                locale: "de",
                icuRules: "&a < b",
                owner: "sh\u{00e9}p \"quoted\" \u{0} \u{7} \u{2028}",
                tablespace: "fast",
                connectionLimit: 7,
                comment: "a\nb",
                privileges: [.init(grantee: nil, privilege: "CONNECT", grantable: false)],
                settings: [.init(role: "app", name: "work_mem", value: "64MB")]
            ),
            server: .init(version: "15.18", versionNumber: 150018, systemIdentifier: "7438211234567890123"),
            snapshot: "00000003-0000001B-1",
            walPosition: "0/1A2B3C4D",
            scope: .init(schemas: ["shop"], tables: ["shop.orders"])
        )
        manifest.recipients = ["age1example"]
        manifest.schemaVersions = [.init(table: "public.m", service: "shop", version: "12", dirty: true)]
        manifest.ledger = [
            .init(
                service: "shop",
                schemas: ["public"],
                migrations: [
                    .init(
                        version: 3,
                        name: "000003_c",
                        layer: "staging",
                        upSHA256: "00",
                        downSHA256: "01",
                        downSQL: "DROP TABLE t;",
                        verified: true,
                        appliedAt: "2026-11-23T07:15:00.000001Z",
                        appliedBy: "ada",
                        milliseconds: 12,
                        requires: ["users/3"]
                    )
                ],
                log: [
                    .init(
                        version: 4,
                        name: "000004_d",
                        event: "up",
                        layer: "staging",
                        sha256: "02",
                        actor: "ada",
                        startedAt: "2026-11-23T07:15:00.000001Z",
                        outcome: "failed",
                        statementsDone: 1,
                        statementsTotal: 2,
                        wrapped: false,
                        sqlState: "22012",
                        note: "late"
                    )
                ]
            )
        ]
        manifest.schemas = ["public", "shop"]
        manifest.extensions = [.init(name: "citext", version: "1.6", schema: "public")]
        manifest.roles = ["app", "shop"]
        manifest.schema = [
            .init(
                id: 214,
                section: .postData,
                kind: "CONSTRAINT",
                schema: "shop",
                name: "orders orders_pkey",
                owner: "shop",
                catalogOID: 2606,
                objectOID: .max,
                sql: "ALTER TABLE …",
                ownable: "TABLE shop.orders",
                dropSQL: "DROP …",
                tablespace: "fast",
                accessMethod: "heap",
                dependsOn: [213],
                index: .init(create: "CREATE UNIQUE INDEX …", attach: "ALTER TABLE …")
            )
        ]
        manifest.tables = [
            .init(
                number: 1,
                oid: 16384,
                schema: "shop",
                name: "orders",
                kind: .partitioned,
                isUnlogged: true,
                parents: [.init(schema: "shop", name: "documents")],
                extensionName: "citext",
                dataLeftOut: true,
                columns: [.init(name: "id", type: "bigint")],
                primaryKey: ["id"]
            )
        ]
        manifest.tables[0].chunks = [
            .init(member: "data/x", rows: 0, rawBytes: 0, storedBytes: 0, sha256: "", isBinary: true)
        ]
        manifest.sequences = [
            .init(oid: 16390, schema: "shop", name: "orders_id_seq", lastValue: .min, isCalled: true)
        ]
        manifest.largeObjects = .init(
            objects: [
                .init(
                    oid: 24576,
                    owner: "shop",
                    comment: "a picture",
                    privileges: [.init(grantee: "app", privilege: "SELECT", grantable: true)]
                )
            ]
        )
        manifest.needs = [.init(kind: "function", name: "audit.stamp()", neededBy: [16384])]
        manifest.distributed = [.init(schema: "shop", name: "orders")]
        manifest.distribution = .init(
            version: "12.1-1",
            tables: [
                .init(schema: "shop", name: "orders", kind: .hash, column: "id", group: 1, shards: 32, replicas: 2)
            ],
            schemas: ["tenant"],
            functions: [.init(name: "shop.f(integer)", argument: 1, group: 1)]
        )
        manifest.redacted = ["USER MAPPING x"]
        manifest.recipients = ["age1xmwwc06ly3ee5rytxm9mflaz2u56jjj36s0mypdrwsvlul66mv4q47ryef"]
        manifest.files = [.init(member: "README.txt", rawBytes: 1, storedBytes: 1, sha256: "00")]
        manifest.seal = .init(key: "00112233aabbccdd", hmac: Manifest.Seal.zeros)
        return manifest
    }
}
