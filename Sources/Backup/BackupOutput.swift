internal import AgeEncryption
internal import Archive
internal import PostgresClient
internal import Storage

/// The destination of the archive: a file that gets its name in the end, or a pipe.
struct BackupOutput: Sendable {
    let sink: any ByteSink
    /// The final name; nil for a pipe.
    let path: String?
    /// nil for a file in clear.
    private let age: AgeSink?
    private let file: FileSink?
    private let givenUp = CancelSignal()

    /// - Throws: `ArchiveError` if the file exists or cannot be created.
    init(_ options: BackupOptions) throws {
        let plain: any ByteSink
        switch options.output {
        case .file(let path, let overwrite):
            let file = try FileSink(path: path, overwrite: overwrite)
            (self.file, self.path, plain) = (file, path, file)
        case .firstFree(let stem):
            let file = try FileSink.firstFree(stem: stem, ending: options.ending)
            (self.file, path, plain) = (file, file.path, file)
        case .pipe(let descriptor):
            (file, path, plain) = (nil, nil, PipeSink(descriptor: descriptor, wake: givenUp.wake))
        }
        age = try options.audience.map { try AgeSink(plain, for: $0) }
        sink = age ?? plain
    }

    /// A backup cannot start again after bytes were written to a pipe.
    var canStartOver: Bool { file != nil || sink.byteCount == 0 }
    var bytes: Int { sink.byteCount }
    var fileKey: AgeFileKey? { age?.fileKey }

    /// Runs `body`. If the task is cancelled, writers stop waiting for a reader that has stopped.
    ///
    /// A waiting writer blocks the others, so the cancellation must reach all of them.
    func givenUpWithTask<R: Sendable>(_ body: () async throws -> R) async throws -> R {
        try await withTaskCancellationHandler(operation: body) { givenUp.fire() }
    }

    /// Ends the encryption, and gives the file its name.
    func commit() throws {
        try age?.finish()
        try file?.commit()
    }
    func discard() { file?.discard() }
}

extension Manifest.Database {
    init(_ properties: DatabaseProperties) {
        self.init(
            name: properties.name,
            encoding: properties.encoding,
            collate: properties.collate,
            ctype: properties.ctype,
            localeProvider: properties.localeProvider,
            locale: properties.locale,
            icuRules: properties.icuRules,
            owner: properties.owner,
            tablespace: properties.tablespace,
            connectionLimit: properties.connectionLimit,
            comment: properties.comment,
            privileges: properties.privileges?.map {
                Manifest.Privilege(grantee: $0.grantee, privilege: $0.privilege, grantable: $0.grantable)
            },
            settings: properties.settings.map { Manifest.Setting(role: $0.role, name: $0.name, value: $0.value) }
        )
    }
}
