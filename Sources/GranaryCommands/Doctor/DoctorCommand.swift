internal import Archive
package import ArgumentParser
internal import Backup
internal import Glibc
internal import Inspection
internal import LocalServer
internal import PostgresClient
internal import Project
internal import Storage

/// `granary doctor`.
package struct DoctorCommand: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check programs, database, rights, marker, ledger, folders and disk, with a fix for each problem.",
        discussion: """
            Changes nothing. Exits with 2 if there is a problem.

            Example:
              granary doctor
              granary doctor --json

            \(variablesHelp)
            """
    )

    @Option(name: .long, help: ArgumentHelp("The folder of backups.", valueName: "folder"), completion: .directory)
    package var backups = "backups"
    @Option(name: .long, help: ArgumentHelp("The folder of seeds.", valueName: "folder"), completion: .directory)
    package var seeds = "seeds"
    @OptionGroup(title: "Which service") package var service: ServiceOptions
    @OptionGroup(title: "Which database") package var database: DatabaseOptions
    @OptionGroup(title: "Output") package var speech: OutputOptions

    package init() {}

    package func run(on console: Console) async throws {
        let (checks, facts) = await databaseChecks(on: console)
        let all =
            await programs(facts?.serverVersion, on: console) + checks + project()
            + [Doctor.judgeDisk(free: Self.freeBytes(backups), database: facts?.bytes, sizes: Formatting.bytes)]
        let listing = CheckListing(checks: all)
        try console.result(
            CheckListing.result.document(listing),
            else: listing.lines(columns: StandardOutput.columns)
        )
        if listing.problems > 0 { throw ExitCode(ExitStatus.findings.rawValue) }
    }

    private func programs(_ server: Int?, on console: Console) async -> [Doctor.Check] {
        var checks = [
            Doctor.Check("granary", .good, "\(granaryVersion), libpq \(ServerAddress.libraryVersion)")
        ]
        do {
            // Without a server, any version of pg_dump is suitable.
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

    /// An unreachable database is a finding, and so is a missing one.
    private func databaseChecks(on console: Console) async -> ([Doctor.Check], Doctor.DatabaseFacts?) {
        do {
            let connected = try await database.connect(on: console, migrations: service.migrations)
            let state = service.state.schema
            // Errors in the services' names are reported with the folders.
            let services = (try? service.services(variables: ProcessEnvironment.current)) ?? []
            let schemas = services.flatMap(\.service.schemas)
            let facts = try await withSession(connected.address, logger: console.logger) {
                try Doctor.facts(state, schemas: schemas, $0)
            }
            let checks = Doctor.judge(facts, environment: connected.environmentName, isLocal: connected.isLocal)
            return (checks, facts)
        } catch {
            let failure = FailureReport(error)
            let remedy =
                failure.status == .noConnection && (error as? CommandError)?.code == .noDatabase
                ? "granary server start, or set DATABASE_URL" : failure.hint
            return ([Doctor.Check("database", .problem, failure.message, remedy: remedy)], nil)
        }
    }

    private func project() -> [Doctor.Check] {
        var checks = [("migrations", service.migrations), ("seeds", seeds), ("backups", backups)].map { purpose, path in
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
