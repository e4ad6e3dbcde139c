internal import AgeEncryption
internal import Archive
internal import Backup
internal import Bookkeeping
internal import Databases
internal import Glibc
internal import Inspection
internal import LocalServer
internal import PostgresClient
internal import Project
internal import Storage

/// All checks of `granary doctor`.
struct Checkup {
    let backups: String
    /// The limit for the newest backup, and what opens it; nil if its age does not matter.
    var newest: (ageMax: Duration, keyring: AgeKeyring)?
    let stores: ObjectStores
    let seeds: String
    let service: ServiceOptions
    let database: DatabaseOptions
    let console: Console

    /// - Throws: `CancellationError`.
    func run() async throws -> [Doctor.Check] {
        let (checks, facts) = await databaseChecks()
        return try await programs(facts?.serverVersion) + checks + project()
            + BucketCheck(backups: backups, stores: stores).run() + newestBackup(facts) + disk(facts)
    }

    /// Also if the database does not answer: then its backups are needed.
    ///
    /// - Throws: `CancellationError`.
    private func newestBackup(_ facts: Doctor.DatabaseFacts?) async throws -> [Doctor.Check] {
        guard let newest else { return [] }
        do {
            let outlook = try? database.outlook(on: console, migrations: service.migrations)
            let age = BackupAge(
                database: facts?.database ?? outlook?.server?.databaseName,
                environment: facts?.marker.name ?? outlook?.choice?.name,
                ageMax: newest.ageMax
            )
            let catalogue = try await BackupCatalogue.read(
                folder: backups,
                keyring: newest.keyring,
                stores: stores,
                sealKeys: try Installation(console).knownKeys()
            )
            return [age.judge(catalogue, now: time(nil)) { Formatting.duration(seconds: Double($0)) }]
        } catch {
            if error is CancellationError { throw error }
            let failure = FailureReport(error)
            return [Doctor.Check(BackupAge.name, .problem, failure.message, remedy: failure.hint)]
        }
    }

    /// A bucket has no limit.
    private func disk(_ facts: Doctor.DatabaseFacts?) -> [Doctor.Check] {
        guard !ObjectAddress.isMeant(by: backups) else { return [] }
        return [Doctor.judgeDisk(free: Self.freeBytes(backups), database: facts?.bytes, sizes: Formatting.bytes)]
    }

    private func programs(_ server: Int?) async -> [Doctor.Check] {
        var checks = [
            Doctor.Check("granary", .good, "\(granaryVersion), libpq \(ServerAddress.libraryVersion)")
        ]
        do {
            // Without a server, any pg_dump will do.
            let found = try await SchemaOnlyDump.program(
                serverVersion: server ?? 0,
                postgresBin: database.programs.postgresBin
            )
            checks.append(Doctor.judgePgDump(found, server: server, reason: nil))
        } catch {
            checks.append(Doctor.judgePgDump(nil, server: server, reason: FailureReport(error).message))
        }
        do {
            let search = PostgresInstallation.Search(explicitFolder: database.programs.postgresBin)
            let found = try await PostgresInstallation.find(search)
            checks.append(Doctor.Check("local server", .good, "PostgreSQL \(found.version) (\(found.folder))"))
        } catch {
            let failure = FailureReport(error)
            checks.append(Doctor.Check("local server", .note, failure.message, remedy: "apt-get install postgresql"))
        }
        return checks
    }

    /// A database that cannot be reached is a finding, and so is a missing one.
    private func databaseChecks() async -> ([Doctor.Check], Doctor.DatabaseFacts?) {
        do {
            let connected = try await database.connect(on: console, migrations: service.migrations)
            let state = service.state.schema
            // Errors in the services' names are reported with the folders.
            let services = (try? service.services(variables: ProcessEnvironment.current)) ?? []
            let schemas = services.flatMap(\.service.schemas)
            let name = connected.name
            let (facts, kept) = try await withSession(connected.address, logger: console.logger) {
                (try Doctor.facts(state, schemas: schemas, $0), try KeptDatabase.all(of: name, $0))
            }
            let checks = Doctor.judge(facts, environment: connected.environmentName, isLocal: connected.isLocal)
            return (checks + judge(kept, of: connected), facts)
        } catch {
            let failure = FailureReport(error)
            let remedy =
                failure.status == .noConnection && (error as? CommandError)?.code == .noDatabase
                ? "granary server start, or set DATABASE_URL" : failure.hint
            return ([Doctor.Check("database", .problem, failure.message, remedy: remedy)], nil)
        }
    }

    /// They take room until someone drops them.
    private func judge(_ kept: [KeptDatabase], of connected: ConnectedDatabase) -> [Doctor.Check] {
        guard let oldest = kept.first else { return [] }
        let size = kept.reduce(0) { $0 + ($1.bytes ?? 0) }
        return [
            Doctor.Check(
                "old databases",
                .note,
                "restores have kept \(kept.map(\.name).listed()) (\(Formatting.bytes(size)))",
                remedy: database.dropLine(for: oldest.name, of: connected, migrations: service.migrations)
            )
        ]
    }

    private func project() -> [Doctor.Check] {
        let folders = [("migrations", service.migrations), ("seeds", seeds), ("backups", backups)]
        var checks = folders.filter { !ObjectAddress.isMeant(by: $0.1) }.map { purpose, path in
            Doctor.judge(
                .init(
                    purpose: purpose,
                    path: path,
                    exists: Files.isFolder(path),
                    isWritable: access(path, W_OK) == 0
                )
            )
        }
        do {
            let services = try service.services(variables: ProcessEnvironment.current)
            let names = services.map { "\($0.service.name) (\($0.service.schemas.joined(separator: ", ")))" }
            checks.append(Doctor.Check("service", .good, names.joined(separator: "; ")))
        } catch {
            let failure = FailureReport(error)
            checks.append(Doctor.Check("service", .problem, failure.message, remedy: failure.hint))
        }
        return checks
    }

    /// The free bytes at the folder, or where it would be created. `statvfs`.
    private static func freeBytes(_ folder: String) -> Int? {
        var place = statvfs()
        guard statvfs(Files.isFolder(folder) ? folder : ".", &place) == 0 else { return nil }
        return Int(place.f_bavail) * Int(place.f_frsize)
    }
}
