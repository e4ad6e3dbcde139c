internal import Cryptography

/// Finds out whether a store refuses to replace an object if it is asked to (`If-None-Match: *`). Older ones ignore that.
///
/// It writes a small object, `.granary`, which stays: so it needs no right but that of writing. The result is kept on
/// this machine, so that each bucket is asked once.
struct ConditionProbe {
    static let name = ".granary"
    private static let text = "granary asks with this object whether the store honours If-None-Match.\n"

    private let bucket: Bucket
    private let key: String
    private let headers: [(name: String, value: String)]
    /// nil if nothing can be kept.
    private let folder: String?
    private let record: String

    /// - Parameter folder: Where the small object is.
    init(_ bucket: Bucket, _ folder: ObjectAddress, _ settings: UploadSettings) {
        self.bucket = bucket
        key = folder.key + Self.name
        var settings = settings
        (settings.retention, settings.storageClass) = (nil, nil)
        headers = settings.headers
        self.folder = StateFolder.path(bucket.settings).map { "\($0)/stores" }
        record = SHA256.text(of: Array("\(bucket.storeIdentity)\n\(bucket.name)".utf8))
    }

    /// The file with the result; nil if nothing can be kept.
    private var path: String? { folder.map { "\($0)/\(record)" } }
    private var isKnown: Bool? { path.flatMap { try? Files.text(of: $0) }.map { $0 == "honours\n" } }

    /// Whether the store refuses a small object, which one request writes.
    ///
    /// - Throws: `StorageError` if nothing can be written; `CancellationError`.
    func holdsForSmallObjects() throws -> Bool { try isKnown == true || refusesObject() }

    /// Whether the store refuses small objects and uploads in parts: some honour the condition in one of them alone.
    ///
    /// - Throws: `StorageError` if nothing can be written; `CancellationError`.
    func holds() throws -> Bool {
        if let isKnown { return isKnown }
        let holds = try refusesObject() && refusesUpload()
        if let folder, let path {
            _ = try? Files.makeFolders(folder, mode: 0o700)
            try? Files.replace(path, Array((holds ? "honours\n" : "ignores\n").utf8), mode: 0o600)
        }
        return holds
    }

    /// The first request may create the object; then the second must be refused.
    private func refusesObject() throws -> Bool {
        for _ in 0..<2 {
            switch try request() {
            case .refused: return true
            case .notUnderstood: return false
            case .written: continue
            }
        }
        return false
    }

    private func refusesUpload() throws -> Bool {
        let id = try bucket.beginUpload(key, headers: headers)
        do {
            let part = try Array(Self.text.utf8).withUnsafeBytes {
                try bucket.uploadPart(1, of: key, id, $0, hasChecksum: false)
            }
            try bucket.completeUpload(key, id, [part], ifAbsent: true)
            return false
        } catch {
            _ = try? bucket.abortUpload(key, id)
            guard let answer = error as? StoreAnswer else { throw error }
            if answer.isConditionFailed { return true }
            if answer.isDenied {
                throw StorageError(answer, bucket.address(key), "could not be written", at: bucket.serverName)
            }
            return false
        }
    }

    private enum Answer { case written, refused, notUnderstood }

    private func request() throws -> Answer {
        do {
            try Array(Self.text.utf8).withUnsafeBytes {
                try bucket.put(key, $0, ifAbsent: true, headers: headers, isRepeated: true)
            }
            return .written
        } catch let answer as StoreAnswer {
            if answer.isConditionFailed { return .refused }
            if answer.status == 501 || answer.code == "InvalidArgument" { return .notUnderstood }
            throw StorageError(answer, bucket.address(key), "could not be written", at: bucket.serverName)
        }
    }
}

/// The folder in which granary keeps what it knows about object stores.
enum StateFolder {
    /// nil if the environment names none.
    static func path(_ settings: StoreSettings) -> String? {
        if let state = settings.variable("XDG_STATE_HOME"), state.hasPrefix("/") { return "\(state)/granary" }
        guard let home = settings.variable("HOME"), home.hasPrefix("/") else { return nil }
        return "\(home)/.local/state/granary"
    }
}
