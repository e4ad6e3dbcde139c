// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .swiftLanguageMode(.v6),
]

/// For modules that wait for a server or for a person. They compile in a third of the time, and no run is slower by an
/// amount that can be measured.
let unhurried = settings + [.unsafeFlags(["-Onone"], .when(configuration: .release))]

let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")

let package = Package(
    name: "granary",
    products: [.executable(name: "granary", targets: ["granary"])],
    traits: [.trait(name: "Igzip", description: "ISA-L's igzip for backups and gzip: needs libisal-dev.")],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.5.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0", traits: []),
    ],
    targets: [
        // 0: system libraries, a module map and a shim each.
        .systemLibrary(name: "CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CDeflate", pkgConfig: "libdeflate", providers: [.apt(["libdeflate-dev"])]),
        .systemLibrary(name: "CIsal", providers: [.apt(["libisal-dev"])]),
        .systemLibrary(name: "CXXHash", providers: [.apt(["libxxhash-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CCurl", providers: [.apt(["libcurl4"])]),
        .systemLibrary(name: "CChild"),
        .systemLibrary(name: "CThread"),
        .systemLibrary(name: "CYaml", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CPgQuery", providers: [.apt(["libpg-query-dev"])]),

        // ½: what every module needs.
        .target(name: "Basics", dependencies: ["CThread"], swiftSettings: settings),

        // ¾: ciphers and digests.
        .target(name: "Cryptography", dependencies: ["Basics", "CCrypto"], swiftSettings: settings),

        // 1: the server, bytes, SQL; they do not know each other.
        .target(name: "PostgresClient", dependencies: ["Basics", "CLibpq", log], swiftSettings: settings),
        .target(name: "Storage", dependencies: ["Basics", "Cryptography", "CCurl"], swiftSettings: settings),
        .target(name: "SQLText", dependencies: ["Basics", "CPgQuery"], swiftSettings: settings),

        // 2: the archive, the project's files, our tables, whole databases, generated values; nor do these.
        .target(
            name: "Archive",
            dependencies: [
                "CZlib", "CDeflate", .target(name: "CIsal", condition: .when(traits: ["Igzip"])), "CXXHash",
                "Cryptography", "Storage",
            ],
            swiftSettings: settings
        ),
        .target(
            name: "Project",
            dependencies: ["Basics", "CYaml", "Storage"],
            swiftSettings: settings
        ),
        .target(name: "Bookkeeping", dependencies: ["Basics", "PostgresClient", log], swiftSettings: settings),
        .target(
            name: "LocalServer",
            dependencies: ["Storage", "PostgresClient", log, subprocess, system],
            swiftSettings: unhurried
        ),
        .target(name: "Databases", dependencies: ["Basics", "PostgresClient", log], swiftSettings: unhurried),
        .target(name: "SyntheticData", dependencies: ["Basics"], swiftSettings: settings),

        // 1½: encryption around any file.
        .target(name: "AgeEncryption", dependencies: ["Basics", "Storage", "Cryptography"], swiftSettings: settings),

        // 2½: the archives of pg_dump, in terms of ours.
        .target(
            name: "DumpArchives",
            dependencies: ["Basics", "Archive", "Storage", "PostgresClient"],
            swiftSettings: settings
        ),

        // 2½: the distribution of tables over the nodes of a cluster.
        .target(
            name: "Citus",
            dependencies: ["Basics", "Archive", "PostgresClient"],
            swiftSettings: settings
        ),

        // 3: the capabilities, which do not know each other either.
        .target(
            name: "Backup",
            dependencies: [
                "AgeEncryption", "Basics", "CChild", "Citus", "Project", "Bookkeeping", "PostgresClient", "Archive",
                "DumpArchives", "Storage",
                "SQLText", log,
            ],
            swiftSettings: settings
        ),
        .target(
            name: "Restore",
            dependencies: [
                "AgeEncryption", "Basics", "Citus", "PostgresClient", "Archive", "DumpArchives", "Storage", "SQLText",
                "Project", "Bookkeeping", "Databases", log,
            ],
            swiftSettings: settings
        ),
        .target(
            name: "Migrations",
            dependencies: [
                "Basics", "Storage", "PostgresClient", "SQLText", "Project", "Bookkeeping", log, subprocess,
                system, "Cryptography",
            ],
            swiftSettings: settings
        ),
        .target(
            name: "Cleaning",
            dependencies: ["Basics", "PostgresClient", "Project", "Bookkeeping", "Citus", log],
            swiftSettings: unhurried
        ),
        .target(
            name: "Seeding",
            dependencies: [
                "PostgresClient", "SQLText", "Project", "Bookkeeping", "SyntheticData", "Archive", "Citus", "Storage",
                log,
                "Cryptography",
            ],
            swiftSettings: settings
        ),
        .target(
            name: "Inspection",
            dependencies: [
                "AgeEncryption", "Basics", "PostgresClient", "Archive", "Citus", "Storage", "Bookkeeping", log,
            ],
            swiftSettings: unhurried
        ),

        // 4: what is built of capabilities.
        .target(
            name: "MigrationChecks",
            dependencies: [
                "Basics", "Storage", "Migrations", "PostgresClient", "SQLText", "Project", "Bookkeeping",
                "Databases", log,
            ],
            swiftSettings: settings
        ),

        .target(
            name: "Drills",
            dependencies: [
                "AgeEncryption", "Archive", "Backup", "Basics", "Bookkeeping", "Citus", "Databases", "DumpArchives",
                "Inspection",
                "LocalServer", "Migrations", "PostgresClient", "Project", "Restore", "SQLText", "Storage", log,
            ],
            swiftSettings: unhurried
        ),

        // 5 and 6: the commands, and the executable.
        .target(
            name: "GranaryCommands",
            dependencies: [
                "AgeEncryption", "Basics", "Backup", "Restore", "Migrations", "MigrationChecks", "Drills", "Seeding",
                "Citus", "Cleaning", "Inspection", "LocalServer", "Project", "Bookkeeping", "Databases", "Archive",
                "DumpArchives",
                "Storage", "PostgresClient", "SQLText",
                log, .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            // A link to the file that is installed.
            resources: [.embedInCode("Init/granary.mk")],
            swiftSettings: unhurried
        ),
        .executableTarget(name: "granary", dependencies: ["GranaryCommands"], swiftSettings: settings),

        // Tests: a folder per module, and the whole command against real servers.
        .target(
            name: "TestSupport",
            dependencies: ["PostgresClient", "LocalServer", "Storage", log, subprocess, system],
            path: "Tests/TestSupport",
            swiftSettings: settings
        ),
        .testTarget(name: "BasicsTests", dependencies: ["Basics"], swiftSettings: settings),
        .testTarget(
            name: "PostgresClientTests",
            dependencies: ["PostgresClient", "TestSupport"],
            swiftSettings: settings
        ),
        .testTarget(name: "CryptographyTests", dependencies: ["Cryptography"], swiftSettings: settings),
        .testTarget(
            name: "AgeEncryptionTests",
            dependencies: ["AgeEncryption", "Archive", "Cryptography", "Storage", "TestSupport"],
            swiftSettings: settings
        ),
        .testTarget(name: "StorageTests", dependencies: ["Storage", "TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "ArchiveTests",
            dependencies: ["Archive", "Cryptography", "Storage", "TestSupport", "granary"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ProjectTests",
            dependencies: ["Project", "TestSupport"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "BookkeepingTests",
            dependencies: ["Bookkeeping", "PostgresClient", "TestSupport"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "SQLTextTests",
            dependencies: ["SQLText", "PostgresClient", "TestSupport"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "LocalServerTests",
            dependencies: ["LocalServer", "Storage", "TestSupport"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "DatabasesTests",
            dependencies: ["Databases", "PostgresClient", "TestSupport"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "DumpArchivesTests",
            dependencies: ["DumpArchives", "Archive", "Storage", "TestSupport", "granary"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "BackupTests",
            dependencies: ["Backup", "Citus", "Archive", "Storage", "PostgresClient", "TestSupport"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "RestoreTests",
            dependencies: [
                "AgeEncryption", "Restore", "Backup", "Project", "Bookkeeping", "Archive", "DumpArchives", "Storage",
                "Citus", "PostgresClient",
                "TestSupport",
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "DrillsTests",
            dependencies: [
                "Drills", "Backup", "Bookkeeping", "Project", "Archive", "Storage", "PostgresClient", "TestSupport",
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "MigrationsTests",
            dependencies: [
                "Migrations", "Project", "Bookkeeping", "LocalServer", "SQLText", "PostgresClient", "TestSupport",
                log,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "MigrationChecksTests",
            dependencies: [
                "MigrationChecks", "Migrations", "Project", "SQLText", "PostgresClient", "TestSupport", log,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "CleaningTests",
            dependencies: ["Cleaning", "granary", "Archive", "Storage", "PostgresClient", "TestSupport", log],
            swiftSettings: settings
        ),
        .testTarget(name: "SyntheticDataTests", dependencies: ["SyntheticData", "Basics"], swiftSettings: settings),
        .testTarget(
            name: "SeedingTests",
            dependencies: ["Seeding", "Project", "PostgresClient", "TestSupport", log],
            swiftSettings: settings
        ),
        .testTarget(
            name: "InspectionTests",
            dependencies: [
                "Inspection", "Backup", "Citus", "GranaryCommands", "granary", "AgeEncryption", "Archive", "Storage",
                "PostgresClient",
                "TestSupport",
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "GranaryCommandsTests",
            dependencies: [
                "GranaryCommands", "granary", "AgeEncryption", "Backup", "Restore", "LocalServer", "Project",
                "Bookkeeping", "Archive", "Storage",
                "PostgresClient", "TestSupport", log,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "IntegrationTests",
            dependencies: ["granary", "Archive", "PostgresClient", "TestSupport", subprocess, system],
            swiftSettings: settings
        ),
        .testTarget(name: "FaultTests", dependencies: ["granary", "TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "DocumentationTests",
            dependencies: ["granary", "GranaryCommands", "Project", "TestSupport"],
            swiftSettings: settings
        ),

        // Hostile input: the readers as the fuzzer calls them, and its corpus as a test.
        .target(
            name: "FuzzTargets",
            dependencies: [
                "AgeEncryption", "Archive", "DumpArchives", "Storage", "SQLText", "Project", "MigrationChecks",
                "Migrations", "Seeding",
            ],
            path: "Fuzzing/Targets",
            swiftSettings: settings
        ),
        .testTarget(name: "FuzzTargetsTests", dependencies: ["FuzzTargets"], swiftSettings: settings),
    ]
)
