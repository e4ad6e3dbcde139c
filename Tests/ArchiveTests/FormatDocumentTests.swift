import FoundationEssentials
import TestSupport
import Testing

@testable import Archive

/// Compares the tables of keys and the examples of `docs/archive-format.md` with the code.
@Suite struct FormatDocumentTests {
    private let document: FormatDocument

    init() throws { document = try FormatDocument() }

    @Test func everyKeyOfTheManifestIsDocumentedAndNoOther() throws {
        let written = Set(try JSON(FormatDocument.everyKey).paths)
        let documented = document.keys.map(\.path)
        #expect(Set(documented) == written)
        #expect(documented.count == written.count, "a key is documented twice")
        #expect(written.count > 100)
    }

    @Test func typesAreThoseThatAreWritten() throws {
        let json = try JSON(FormatDocument.everyKey)
        for key in document.keys {
            let values = json.values(at: key.path)
            let kinds = Set(values.map(\.kind))
            #expect(kinds == [key.kind], "\(key.path)")
        }
    }

    /// A key marked `?` may be absent, and no other may.
    @Test func onlyKeysMarkedSoMayBeAbsent() throws {
        let json = try JSON(FormatDocument.everyKey)
        for key in document.keys {
            let bytes = try json.removing(key.path).encoded
            let error = archiveError { _ = try ManifestFile.decode(bytes) }
            #expect((error == nil) == key.isOptional, "\(key.path)")
            if let error { #expect(error.description.contains(key.name), "\(key.path): \(error.description)") }
        }
    }

    @Test func everyKeyOfTheSidecarIsDocumentedAndNoOther() throws {
        var sidecar = Sidecar(file: "a", bytes: 1, sha256: "", isEncrypted: false, FormatDocument.everyKey)
        (sidecar.address, sidecar.etag, sidecar.serverSideEncryption, sidecar.kmsKey) = ("", "", "", "")
        (sidecar.verifiedAt, sidecar.drilledAt, sidecar.drillOK, sidecar.lockedUntil) = ("", "", true, "")
        sidecar.locked = true
        sidecar.seal = FormatDocument.everyKey.seal
        let rows = document.section("The file beside an archive").split(separator: "\n").filter { $0.hasPrefix("| `") }
        let documented = rows.map { $0.dropFirst(3).prefix { $0 != "`" } }
        try #expect(Set(documented.map(String.init)) == JSON(sidecar).keys)
    }

    @Test func keysThatAreNotKnownAreIgnored() throws {
        let json = try JSON(FormatDocument.everyKey)
        let richer = try json.adding("addedLater", .array([.string("anything")])).encoded
        #expect(try ManifestFile.decode(richer) == FormatDocument.everyKey)
    }

    @Test func theFirstFormatThatIsRefusedIsTheNext() throws {
        let text = String(decoding: try JSON(FormatDocument.everyKey).encoded, as: UTF8.self)
        let newer = text.replacing("\"format\":1", with: "\"format\":2")
        #expect(newer != text)
        let error = archiveError { _ = try ManifestFile.decode(Array(newer.utf8)) }
        #expect(error?.code == .newerFormat)
        // Other parts of a newer format are ignored.
        #expect(archiveError { _ = try ManifestFile.decode(Array(#"{"format":2}"#.utf8)) }?.code == .newerFormat)
    }

    @Test func theWorkedDigestIsRight() throws {
        let block = try #require(document.block("digest"))
        let lines = block.dropLast()
        let total = try #require(block.last).replacing("= ", with: "")
        #expect(lines.count == 4)
        var digester = LineDigester()
        for line in lines {
            let hash = String(line.suffix(16))
            var row = String(line.dropLast(16)).replacing("→", with: "\t")
            while row.last == " " { row.removeLast() }
            var alone = LineDigester()
            Array("\(row)\n".utf8).withUnsafeBytes {
                alone.update($0)
                digester.update($0)
            }
            #expect(alone.digest.description == hash, "\(line)")
        }
        #expect(digester.rows == 4)
        #expect(digester.digest.description == total)
        // The order of rows does not matter.
        var builder = ChunkBuilder(compression: try Compression())
        for line in lines.reversed() {
            var row = String(line.dropLast(16)).replacing("→", with: "\t")
            while row.last == " " { row.removeLast() }
            Array("\(row)\n".utf8).withUnsafeBytes { builder.append($0) }
        }
        #expect(builder.digest.description == total)
    }

    @Test func theHashOfARowWithoutColumnsIsRight() throws {
        var digester = LineDigester()
        Array("\n".utf8).withUnsafeBytes { digester.update($0) }
        #expect(digester.rows == 1)
        #expect(document.text.contains("the empty line, has the hash `\(digester.digest)`"))
    }

    @Test func theLimitsAreThoseOfTheCode() {
        let text = document.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(text.contains("raw sizes beyond 1,032 times the packed size"))
        #expect(ZipFormat.ratioMax == 1032)
        #expect(text.contains("one of at most 1 GiB"))
        #expect(ZipFormat.directoryBytesMax == 1 << 30)
        #expect(text.contains("at most 16 MiB unpacked, or 50 times the packed size"))
        #expect(ManifestFile.bytesMax(storedBytes: 1) == 16 << 20)
        #expect(ManifestFile.bytesMax(storedBytes: 1 << 20) == 50 << 20)
        #expect(text.contains("one comma, colon or opening bracket outside strings for each eight bytes, or 65,536"))
        #expect(text.contains("nesting up to 512 levels"))
        for (depth, isTaken) in [(511, true), (512, false)] {
            let later = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
            let error = archiveError { _ = try ManifestFile.decode(Array("{\"format\":1,\"later\":\(later)}".utf8)) }
            #expect(error?.description == "manifest.json: \(isTaken ? "lacks the key granary" : "is not JSON")")
        }
    }

    @Test func theWorkedExampleMatchesTheWriter() throws {
        let local = try #require(document.bytes("hex local-header"))
        let record = try #require(document.bytes("hex directory-record"))
        let sink = MemorySink()
        let writer = ArchiveWriter(sink: sink)
        _ = try writer.add("README.txt", Array("Hi\n".utf8))
        try writer.finish(FormatDocument.everyKey)
        #expect(Array(sink.bytes.prefix(local.count)) == local)
        let directory = try ZipDirectory(MemorySource(sink.bytes))
        #expect(Array(sink.bytes[directory.offset..<(directory.offset + record.count)]) == record)
        #expect(directory.entries.map(\.name) == ["README.txt", "manifest.json"])
    }
}

/// The page, and a manifest in which every key has a value.
struct FormatDocument {
    struct Key {
        /// For example `tables[].columns[].name`.
        var path: String
        var name: String
        var kind: String
        var isOptional: Bool
    }

    let text: String
    private(set) var keys: [Key] = []

    init(file: String = #filePath) throws {
        let root = file.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        text = String(decoding: try #require(contents(of: "\(root)/docs/archive-format.md")), as: UTF8.self)
        var objects: [String] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("## ") { objects = [] }
            if line.hasPrefix("### ") {
                objects = line == "### The top" ? [""] : quoted(line).map { "\($0)." }
            }
            let cells = line.split(separator: "|").map { $0.trimmed }
            guard !objects.isEmpty, cells.count == 3, cells[0].hasPrefix("`") else { continue }
            let name = cells[0].filter { $0 != "`" }
            for object in objects {
                keys.append(
                    Key(
                        path: object + name,
                        name: name,
                        kind: FormatDocument.kinds[cells[1].filter { $0 != "?" }] ?? cells[1],
                        isOptional: cells[1].hasSuffix("?")
                    )
                )
            }
        }
    }

    /// The page's types are narrower than JSON's.
    private static let kinds = [
        "integer": "number", "oid": "number", "string": "string", "time": "string", "boolean": "boolean",
        "object": "object", "array": "array", "array of strings": "array", "array of integers": "array",
    ]

    private func quoted(_ line: Substring) -> [String] {
        line.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset % 2 == 1 }.map { String($0.element) }
    }

    /// The text of a section.
    func section(_ title: String) -> Substring {
        guard let start = text.firstRange(of: "\n## \(title)\n") else { return "" }
        let rest = text[start.upperBound...]
        return rest[..<(rest.firstRange(of: "\n## ")?.lowerBound ?? rest.endIndex)]
    }

    /// The lines of the fenced block with this name.
    func block(_ name: String) -> [String]? {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let start = lines.firstIndex(of: "```\(name)") else { return nil }
        return lines[(start + 1)...].prefix { $0 != "```" }.map(String.init)
    }

    /// The bytes of a block of hexadecimal pairs; text after three spaces is for people.
    func bytes(_ name: String) -> [UInt8]? {
        block(name)?.flatMap { line in
            line.split(separator: "   ", maxSplits: 1)[0].split(separator: " ").compactMap { UInt8($0, radix: 16) }
        }
    }

    static var everyKey: Manifest {
        let privileges = [Manifest.Privilege(grantee: "reader", privilege: "CONNECT", grantable: true)]
        let chunk = Manifest.Chunk(
            member: "data/000001-t/000001.copy",
            rows: 1,
            rawBytes: 2,
            storedBytes: 2,
            sha256: String(repeating: "0", count: 64)
        )
        var manifest = Manifest(
            granary: "0.1.0",
            createdAt: "2026-11-23T07:15:00Z",
            environment: "staging",
            database: .init(
                name: "shop",
                encoding: "UTF8",
                collate: "C",
                ctype: "C",
                localeProvider: "icu",
                locale: "de",
                icuRules: "& a < b",
                owner: "shop",
                comment: "a shop",
                privileges: privileges,
                settings: [.init(role: "reader", name: "work_mem", value: "4MB")]
            ),
            server: .init(version: "16.2", versionNumber: 160002, systemIdentifier: "7"),
            snapshot: "00000003-0000001B-1",
            walPosition: "0/16B3748",
            scope: .init(schemas: ["public"], tables: ["public.t"])
        )
        (manifest.undoFor, manifest.isConverted) = ("clean", true)
        manifest.scope.excluded = .init(schemas: ["audit"], tables: ["public.log"], dependents: ["view public.recent"])
        manifest.scope.requested = .init(
            schemas: ["public"],
            tables: ["public.t"],
            excludedSchemas: ["audit"],
            excludedTables: ["public.log*"],
            tablesWithoutData: ["public.events_*"]
        )
        manifest.roleDefinitions = [
            .init(
                name: "reader",
                attributes: ["LOGIN"],
                connectionLimit: 7,
                validUntil: "2031-02-03 04:05:06+00",
                settings: [.init(name: "work_mem", value: "7MB")],
                comment: "reads",
                password: "SCRAM-SHA-256$4096:salt$stored:server",
                memberOf: [.init(role: "readers", admin: true, inherit: true, set: false)]
            )
        ]
        manifest.schemaVersions = [.init(table: "public.schema_migrations", service: "users", version: "3")]
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
        manifest.schemas = ["public"]
        manifest.extensions = [.init(name: "citext", version: "1.6", schema: "public")]
        manifest.roles = ["shop"]
        manifest.schema = [
            .init(
                id: 7,
                section: .postData,
                kind: "CONSTRAINT",
                schema: "public",
                name: "t t_pkey",
                owner: "shop",
                catalogOID: 2606,
                objectOID: 16390,
                sql: "ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id);",
                ownable: "TABLE public.t",
                dropSQL: "ALTER TABLE ONLY public.t DROP CONSTRAINT t_pkey;",
                tablespace: "fast",
                accessMethod: "heap",
                dependsOn: [6],
                index: .init(create: "CREATE UNIQUE INDEX t_pkey ON public.t (id)", attach: "ALTER TABLE …")
            )
        ]
        manifest.tables = [
            .init(
                number: 1,
                oid: 16384,
                schema: "public",
                name: "t",
                parents: [.init(schema: "public", name: "all_of_t")],
                extensionName: "citext",
                columns: [.init(name: "id", type: "bigint")],
                primaryKey: ["id"],
                rows: 1,
                rawBytes: 2,
                chunks: [chunk]
            )
        ]
        manifest.sequences = [.init(oid: 16385, schema: "public", name: "s", lastValue: .max, isCalled: true)]
        manifest.largeObjects = .init(
            objects: [.init(oid: 24576, owner: "shop", comment: "a picture", privileges: privileges)],
            rows: 1,
            rawBytes: 2,
            chunks: [chunk]
        )
        manifest.needs = [.init(kind: "type", name: "other.mood", neededBy: [16384])]
        manifest.distributed = [.init(schema: "public", name: "t")]
        manifest.distribution = .init(
            version: "12.1-1",
            tables: [
                .init(schema: "public", name: "t", kind: .hash, column: "id", group: 1, shards: 32, replicas: 2)
            ],
            schemas: ["tenant"],
            functions: [.init(name: "public.f(integer)", argument: 1, group: 1)]
        )
        manifest.distribution?.moment = .nodes
        manifest.redacted = ["user mapping USER MAPPING shop SERVER other"]
        manifest.recipients = ["age1xmwwc06ly3ee5rytxm9mflaz2u56jjj36s0mypdrwsvlul66mv4q47ryef"]
        manifest.files = [.init(member: "README.txt", rawBytes: 1, storedBytes: 1, sha256: chunk.sha256)]
        manifest.seal = .init(key: "00112233aabbccdd", hmac: Manifest.Seal.zeros)
        return manifest
    }
}

extension Substring {
    fileprivate var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}

/// Any JSON.
private enum JSON: Codable, Equatable {
    case string(String)
    case number(Int64)
    case boolean(Bool)
    case array([JSON])
    case object([String: JSON])

    init(_ document: some Encodable) throws {
        self = try JSONDecoder().decode(JSON.self, from: JSONEncoder().encode(document))
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSON].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSON].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .string(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .boolean(let value): try container.encode(value)
        case .array(let values): try container.encode(values)
        case .object(let values): try container.encode(values)
        }
    }

    /// Its own keys.
    var keys: Set<String> {
        guard case .object(let object) = self else { return [] }
        return Set(object.keys)
    }

    var encoded: [UInt8] {
        get throws { Array(try JSONEncoder().encode(self)) }
    }

    var kind: String {
        switch self {
        case .string: "string"
        case .number: "number"
        case .boolean: "boolean"
        case .array: "array"
        case .object: "object"
        }
    }

    /// Every key below it, such as `tables[].columns[].name`.
    var paths: [String] {
        switch self {
        case .array(let values): values.flatMap { $0.paths.map { "[].\($0)" } }
        case .object(let values):
            values.flatMap { key, value in
                [key] + value.paths.map { $0.hasPrefix("[]") ? key + $0 : "\(key).\($0)" }
            }
        default: []
        }
    }

    func values(at path: String) -> [JSON] {
        guard case .object(let object) = self else { return [] }
        let (key, rest) = JSON.step(path)
        guard let value = object[key] else { return [] }
        guard let rest else { return [value] }
        if case .array(let elements) = value { return elements.flatMap { $0.values(at: rest) } }
        return value.values(at: rest)
    }

    func removing(_ path: String) -> JSON {
        guard case .object(var object) = self else { return self }
        let (key, rest) = JSON.step(path)
        if let rest, let value = object[key] {
            if case .array(let elements) = value {
                object[key] = .array(elements.map { $0.removing(rest) })
            } else {
                object[key] = value.removing(rest)
            }
        } else {
            object[key] = nil
        }
        return .object(object)
    }

    /// The same with an additional key in every object.
    func adding(_ key: String, _ value: JSON) -> JSON {
        switch self {
        case .array(let elements): .array(elements.map { $0.adding(key, value) })
        case .object(let object): .object(object.mapValues { $0.adding(key, value) }.merging([key: value]) { $1 })
        default: self
        }
    }

    /// The first key of a path, and the rest.
    private static func step(_ path: String) -> (key: String, rest: String?) {
        guard let dot = path.firstIndex(of: ".") else { return (path, nil) }
        return (String(path[..<dot]).replacing("[]", with: ""), String(path[path.index(after: dot)...]))
    }
}
