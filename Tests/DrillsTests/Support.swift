import Backup
import Bookkeeping
import Drills
import FoundationEssentials
import Glibc
import PostgresClient
import Storage
import TestSupport
import Testing

@testable import Archive

/// The key of the installation that makes and drills the backups.
let key = SealKey(String(repeating: "key of the drills ", count: 3))!

/// A database whose backup is drilled on its own server, which is faster than a temporary one.
struct DrillProject: Sendable {
    let project: TestProject
    var file: String { project.folder.file("a.zip") }

    /// Tables with a sequence, a foreign key, an index, a CHECK and a time.
    static let content = """
        CREATE TABLE public.users (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text CHECK (name <> ''),
            created_at timestamptz NOT NULL DEFAULT now());
        CREATE TABLE public.orders (id serial PRIMARY KEY, user_id int REFERENCES public.users, total numeric);
        CREATE INDEX orders_total ON public.orders (total);
        INSERT INTO public.users (name) SELECT 'user ' || g FROM generate_series(1, 500) g;
        INSERT INTO public.orders (user_id, total) SELECT id, id * 1.5 FROM public.users;
        SELECT lo_from_bytea(0, 'large'::bytea);
        """

    /// Marks a database with `sql`, backs it up into `a.zip`, and passes it to `body`.
    static func with(
        _ sql: String = content,
        files: KeyValuePairs<String, String> = [:],
        sealedBy seal: SealKey? = key,
        on server: ThrowawayServer? = nil,
        _ body: (DrillProject) async throws -> Void
    ) async throws {
        try await TestProject.with(sql, files: files, on: server) { project in
            let drill = DrillProject(project: project)
            try await drill.mark()
            try await drill.backup(to: drill.file, sealedBy: seal)
            try await body(drill)
        }
    }

    func mark() async throws {
        try await withSession(ServerAddress(project.url), logger: quietLogger) { session in
            try Marker().write("development", &session)
        }
    }

    func backup(to file: String, sealedBy seal: SealKey? = key) async throws {
        var options = BackupOptions(output: .file(path: file, overwrite: true))
        options.environment = "development"
        options.sealKey = seal
        _ = try await BackupRun(options, server: ServerAddress(project.url), logger: quietLogger) { _ in }.run()
    }

    /// Drills the backup in a database beside the source.
    ///
    /// - Parameter damage: SQL that runs in the restored database before the checks.
    func drill(
        _ damage: String = "",
        _ change: (inout DrillOptions) -> Void = { _ in }
    ) async throws -> DrillReport {
        var options = DrillOptions(file: file, place: .server(ServerAddress(project.url)), now: time(nil))
        options.allowsSameServer = true
        options.keys = [key]
        change(&options)
        return try await DrillRun(options, logger: quietLogger, progress: { _ in }) { database in
            guard !damage.isEmpty else { return }
            try await withSession(database, logger: quietLogger) { try $0.execute(damage) }
        }.run()
    }

    /// The databases of drills that are still there; on a server that other tests do not use.
    func leftOvers() async throws -> String {
        try await project.sql("SELECT datname FROM pg_database WHERE datname ~ '^granary_drill'")
    }
}

extension DrillReport {
    /// What was found, as `rows`, `sequences`.
    var found: [Subject] { findings.map(\.subject) }

    func detail(_ subject: Subject) -> String { checks.first { $0.subject == subject }?.detail ?? "not checked" }

    /// Fails the test, and shows all findings.
    func expectNothing(sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(findings == [], sourceLocation: sourceLocation)
    }
}

/// The `DrillError` that `body` throws; nil, and an issue, if it throws none.
func drillError(
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> some Any
) async -> DrillError? { await thrownError(sourceLocation: sourceLocation, by: body) }

/// Gives an archive the manifest that `change` makes of its own, in a valid ZIP: what someone can do who has no key.
///
/// - Parameter hidesSidecar: Also remove the sidecar, which the forged file does not fit.
func forge(_ file: String, hidesSidecar: Bool = true, _ change: (inout Manifest) -> Void) throws {
    if hidesSidecar { unlink(file + Sidecar.ending) }
    let bytes = try Files.bytes(of: file)
    let entries = try ZipDirectory(MemorySource(bytes)).entries
    var manifest = try ArchiveReader(MemorySource(bytes)).manifest
    change(&manifest)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let text = Array(try encoder.encode(manifest))
    var last = ZipEntry(
        name: Manifest.member,
        method: ZipFormat.stored,
        crc: text.withUnsafeBytes { CRC32.of($0) },
        rawBytes: text.count,
        storedBytes: text.count
    )
    let kept = entries.dropLast()
    last.offset = entries.last?.offset ?? 0
    var forged = Array(bytes[..<last.offset]) + last.localHeader + text
    let offset = forged.count
    for entry in kept + [last] { forged += entry.directoryHeader }
    forged += ZipFormat.end(entries: entries.count, directoryOffset: offset, directorySize: forged.count - offset)
    try Files.overwrite(file, forged)
}
