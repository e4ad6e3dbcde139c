internal import AgeEncryption
internal import Archive
internal import PostgresClient
internal import Storage

/// The destination of the archive: a file or an object that gets its name in the end, or a pipe.
struct BackupOutput: Sendable {
    let sink: any ByteSink
    /// nil for a file in clear.
    private let age: AgeSink?
    /// nil for a pipe.
    private let digest: DigestingSink?
    /// nil for a pipe.
    private let named: (any NamedSink)?
    private let givenUp = CancelSignal()
    private let requireUnlocked: @Sendable () throws -> Void

    /// - Throws: `StorageError` if the file exists or cannot be created; `BackupError.locked`.
    init(_ options: BackupOptions) throws {
        requireUnlocked = { try options.requireUnlocked() }
        try requireUnlocked()
        let plain: any ByteSink
        switch options.output {
        case .file(let path, let overwrite):
            let sink = try options.stores.sink(path, overwrite: overwrite, options.upload, wake: givenUp.wake)
            (named, plain) = (sink, sink)
        case .new(let stem):
            let sink = try options.stores.newSink(
                stem: stem,
                ending: options.ending,
                options.upload,
                wake: givenUp.wake
            )
            (named, plain) = (sink, sink)
        case .pipe(let descriptor):
            (named, plain) = (nil, PipeSink(descriptor: descriptor, wake: givenUp.wake))
        }
        let digest = named.map { DigestingSink($0) }
        self.digest = digest
        age = try options.audience.map { try AgeSink(digest ?? plain, for: $0) }
        sink = age ?? digest ?? plain
    }

    /// The final name; nil for a pipe.
    var path: String? { named?.path }
    /// After the commit; see `NamedSink`.
    var etag: String? { named?.etag }
    /// A backup cannot start again after bytes were written to a pipe.
    var canStartOver: Bool { named != nil || sink.byteCount == 0 }
    var bytes: Int { sink.byteCount }
    var fileKey: AgeFileKey? { age?.fileKey }

    /// Announces the size of the backup: about so many bytes at most.
    func expect(bytes: Int) { named?.expect(bytes: bytes) }

    /// Runs `body`. If the task is cancelled, writers stop waiting for a reader or a store that has stopped.
    ///
    /// A waiting writer blocks the others, so the cancellation must reach all of them.
    func givenUpWithTask<R: Sendable>(_ body: () async throws -> R) async throws -> R {
        try await withTaskCancellationHandler(operation: body) { givenUp.fire() }
    }

    /// Ends the encryption, and gives the file its name.
    ///
    /// - Returns: The SHA-256 of the file; nil for a pipe.
    /// - Throws: `StorageError`; `BackupError.locked` if the file to replace was locked meanwhile.
    func commit() throws -> String? {
        try age?.finish()
        let sha256 = digest?.finish()
        try requireUnlocked()
        try named?.commit()
        return sha256
    }
    func discard() { named?.discard() }
}

extension BackupOptions {
    /// Checks that the file to replace is not one that `granary backups lock` protects.
    ///
    /// Credentials that may only write into a bucket cannot know that.
    ///
    /// - Throws: `BackupError.locked`; `StorageError` if it cannot be known; `CancellationError`.
    package func requireUnlocked() throws {
        guard case .file(let path, overwrite: true) = output else { return }
        do {
            guard let sidecar = try SidecarFile.read(beside: path, in: stores)?.sidecar, sidecar.locked == true,
                let there = try stores.properties(of: path),
                sidecar.isAbout(path, bytes: there.byteCount, contentTag: there.contentTag)
            else { return }
        } catch let error as StorageError where error.code == .denied && ObjectAddress.isMeant(by: path) {
            return
        }
        throw BackupError(
            .locked,
            "\(path) is locked, so it is not replaced",
            hint: "granary backups unlock \(QuotedText.shellWord(path)) ends the lock; or give the backup another name"
        )
    }
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
