internal import Archive
internal import PostgresClient

/// A worker's job: read a chunk → check it → decompress → COPY → compare the counts.
struct TableLoad: ~Copyable {
    let archive: RestoreArchive
    let encoding: String
    let userCode: UserCodeSettings
    let record: RestoreRecord
    let allowInvalid: Bool
    let progress: @Sendable (RestoreProgress) -> Void
    /// Citus refuses FREEZE, and distributes the rows of each COPY anyway.
    private let distributed: Set<TableName>
    private var reader: RowReader
    /// The settings of the session; nil if unknown.
    private var settings: [String: String]?
    /// From this size on, a table is emptied first, which gives it a new file, so that its rows are frozen.
    private static let unfrozenBytesMax = 8 << 20

    init(
        _ archive: RestoreArchive,
        encoding: String,
        userCode: UserCodeSettings,
        record: RestoreRecord,
        allowInvalid: Bool,
        progress: @escaping @Sendable (RestoreProgress) -> Void
    ) {
        self.archive = archive
        self.encoding = encoding
        self.userCode = userCode
        self.record = record
        self.allowInvalid = allowInvalid
        self.progress = progress
        distributed = Set((archive.manifest.distributed ?? []).map(TableName.init))
        reader = RowReader()
    }

    mutating func run(_ job: LoadJob, _ session: inout Session) throws {
        switch job.subject {
        case .wholeTable(let table) where session.isInTransaction:
            for chunk in table.chunks {
                try retryingWithoutChecks(table, &session) { load, session in
                    try session.attempt { try load.copy(chunk, into: table, frozen: false, &$0) }
                }
            }
        case .wholeTable(let table):
            try retryingWithoutChecks(table, &session) { try $0.load(table, &$1) }
        case .chunk(let table, let chunk):
            try retryingWithoutChecks(table, &session) { try $0.copy(chunk, into: table, frozen: false, &$1) }
        case .part(let table, let rows):
            try retryingWithoutChecks(table, &session) { try $0.copy(rows, into: table, &$1) }
        case .largeObjects(let chunk):
            try LargeObjectLoad.load(chunk, of: archive, with: &reader, &session)
            progress(.advanced(table: "large objects", rows: 0, bytes: chunk.rawBytes))
        }
    }

    /// Loads all rows of a table, or none.
    private mutating func load(_ table: Manifest.Table, _ session: inout Session) throws {
        // Emptying a table creates a new file. For thousands of small tables that would take three times as long.
        guard table.chunks.count > 1 || table.rawBytes > Self.unfrozenBytesMax else {
            for chunk in table.chunks { try copy(chunk, into: table, frozen: false, &session) }
            return
        }
        try session.execute("BEGIN")
        do {
            // An extension's script may have inserted rows, and a partition may have got rows through its root. The
            // archived rows are added to them.
            let isEmptied = archive.hasItsOwnRows(table) && !distributed.contains(table.tableName)
            if isEmptied { try session.execute("TRUNCATE TABLE ONLY \(session.quoted(table.tableName))") }
            for chunk in table.chunks { try copy(chunk, into: table, frozen: isEmptied, &session) }
            try session.execute("COMMIT")
        } catch {
            if session.isInTransaction { try? session.execute("ROLLBACK") }  // `error` is the one that counts.
            record.forgetRows(of: table.number)
            throw error
        }
    }

    /// Loads the rows of one chunk, in the open transaction or in one of its own.
    mutating func copy(
        _ chunk: Manifest.Chunk,
        into table: Manifest.Table,
        as name: TableName? = nil,
        frozen: Bool,
        _ session: inout Session
    ) throws {
        progress(.started(table: table.tableName.description))
        let rows: Int
        let expected: Int
        do {
            try useSettings(of: table, session)
            if let statements = try archive.statements(of: chunk) {
                guard name == nil else { throw DumpedInserts.needsItsTable(table.tableName) }
                rows = try DumpedInserts.run(statements, archive.encoding, of: table.tableName, &session)
                expected = rows
                // The statements ran with other settings.
                settings = nil
            } else {
                let destination = name ?? archive.destination(of: table)
                let sql = CopyIntoTable(table, chunk, encoding).sql(session, into: destination, frozen: frozen)
                (rows, expected) = try send(chunk, sql, &session)
            }
        } catch let error as PostgresError {
            // Rolling back to a savepoint also resets settings.
            settings = nil
            var error = error.at("table \(table.tableName)")
            error.hint = error.restoreHint
            throw error
        }
        guard rows == expected else {
            throw RestoreError(
                .mismatch,
                "\(chunk.member): the server took \(rows) of \(expected) rows",
                hint: "run granary verify on the archive"
            )
        }
        let sum = record.add(rows: rows, bytes: chunk.rawBytes, to: table.number)
        progress(.advanced(table: table.tableName.description, rows: rows, bytes: chunk.rawBytes))
        if sum.rows == table.rows || !archive.tellsRows {
            progress(.finished(table: table.tableName.description, rows: sum.rows, bytes: sum.bytes))
        }
    }

    /// Loads this worker's part of rows that several workers share, in a transaction of its own.
    private mutating func copy(_ rows: SharedRows, into table: Manifest.Table, _ session: inout Session) throws {
        let name = table.tableName.description
        let sql = CopyIntoTable(table, table.chunks[0], encoding).sql(session, into: table.tableName, frozen: false)
        progress(.started(table: name))
        var read = (rows: 0, bytes: 0)
        let taken: Int
        do {
            try useSettings(of: table, session)
            taken = try session.copyIn(sql) { copy in
                var bytes: [UInt8] = []
                while let slab = try rows.next(into: &bytes) {
                    read.rows += slab.rows
                    try bytes.withUnsafeBytes { try copy.write($0) }
                    progress(.advanced(table: name, rows: slab.rows, bytes: slab.stored))
                    read.bytes += slab.stored
                }
            }
        } catch let error as PostgresError {
            settings = nil
            var error = error.at("table \(table.tableName)")
            error.hint = error.restoreHint
            throw error
        }
        guard taken == read.rows else {
            throw RestoreError(.mismatch, "\(name): the server took \(taken) of \(read.rows) rows")
        }
        let sum = record.add(rows: read.rows, bytes: read.bytes, to: table.number)
        guard let given = rows.leave() else { return }
        guard sum.rows == given else {
            throw RestoreError(.mismatch, "\(name): the server took \(sum.rows) of \(given) rows")
        }
        progress(.finished(table: name, rows: sum.rows, bytes: sum.bytes))
    }

    /// CHECK constraints and generated columns see the database's own settings, except those that affect how the text
    /// of rows is read.
    private mutating func useSettings(of table: Manifest.Table, _ session: borrowing Session) throws {
        let wanted = settings(for: table)
        let changed = wanted.filter { settings?[$0.name] != $0.value }
        try session.set(changed)
        settings = Dictionary(wanted.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
    }

    private func settings(for table: Manifest.Table) -> [UserCodeSettings.Setting] {
        let wanted = userCode.whileReading(table.columns.map(\.type))
        guard !archive.isOurs else { return wanted }
        // pg_dump writes money in the format of the database.
        let isOfMoney = { (setting: UserCodeSettings.Setting) in setting.name == "lc_monetary" }
        return wanted.filter { !isOfMoney($0) } + userCode.own.filter(isOfMoney)
    }

    /// - Returns: The rows that the server took, and the rows that were read.
    private mutating func send(
        _ chunk: Manifest.Chunk,
        _ sql: String,
        _ session: inout Session
    ) throws -> (taken: Int, read: Int) {
        var read = 0
        let taken = try session.copyIn(sql) { copy in
            read = try reader.read(chunk, of: archive) { try copy.write($0) }
        }
        return (taken, read)
    }

    /// With `--allow-invalid`, a CHECK that rows violate is dropped, and added again NOT VALID after all rows are
    /// loaded.
    private mutating func retryingWithoutChecks(
        _ table: Manifest.Table,
        _ session: inout Session,
        _ body: (inout TableLoad, inout Session) throws -> Void
    ) throws {
        while true {
            do {
                return try body(&self, &session)
            } catch let error as PostgresError where allowInvalid && error.sqlState == "23514" {
                guard let name = InvalidChecks.violated(error) else { throw error }
                try session.set(userCode.whileDescribing)
                try InvalidChecks.waive(name, of: table.tableName, record, &session)
            }
        }
    }
}

/// The COPY statement for a chunk.
struct CopyIntoTable {
    private let columns: [String]
    private let options: [String]

    init(_ table: Manifest.Table, _ chunk: Manifest.Chunk, _ encoding: String) {
        columns = table.columns.map(\.name)
        options = chunk.isBinary ? ["FORMAT binary"] : encoding == "UTF8" ? [] : ["ENCODING '\(encoding)'"]
    }

    func sql(_ session: borrowing Session, into table: TableName, frozen: Bool) -> String {
        let list = columns.isEmpty ? "" : " (\(session.quoted(columns)))"
        let all = options + (frozen ? ["FREEZE"] : [])
        return "COPY \(session.quoted(table))\(list) FROM STDIN"
            + (all.isEmpty ? "" : " WITH (\(all.joined(separator: ", ")))")
    }
}
