// Objects that one request writes, and the end of objects.
extension Bucket {
    /// Replaces a small object.
    package func replace(
        _ key: String,
        _ bytes: [UInt8],
        headers: [(name: String, value: String)] = []
    ) throws {
        try failing(key, "could not be written") {
            try bytes.withUnsafeBytes { try put(key, $0, ifAbsent: false, headers: headers, isRepeated: true) }
        }
    }

    /// Writes a small object that must not exist.
    ///
    /// - Throws: `StorageError.exists`, also if neither this machine nor the store can tell that the name is free.
    func create(_ key: String, _ bytes: [UInt8], _ settings: UploadSettings) throws {
        let isKnownFree = try isFree(key)
        guard try isKnownFree ?? ConditionProbe(self, address(key).parent, settings).holdsForSmallObjects() else {
            throw StorageError.taken(address(key).description)
        }
        func write(ifAbsent: Bool) throws {
            try bytes.withUnsafeBytes {
                try put(key, $0, ifAbsent: ifAbsent, headers: settings.headersBeside, isRepeated: true)
            }
        }
        try failing(key, "could not be written") {
            do {
                try write(ifAbsent: true)
            } catch let answer as StoreAnswer where answer.isConditionFailed {
                // The answer to an earlier attempt may have been lost.
                guard (try? contents(of: key)) == bytes else { throw StorageError.taken(address(key).description) }
            } catch let answer as StoreAnswer where answer.hasUnknownCondition && isKnownFree == true {
                try write(ifAbsent: false)
            }
        }
    }

    /// nil if the credentials may not look.
    private func isFree(_ key: String) throws -> Bool? {
        do {
            return try object(key) == nil
        } catch let error as StorageError where error.code == .denied {
            return nil
        }
    }

    /// Deletes an object. One that does not exist counts as deleted.
    package func delete(_ key: String) throws { try delete(key, ifMatch: nil) }

    /// Deletes an object if it still has this content. One that does not exist counts as deleted.
    ///
    /// - Parameter contentTag: See `StoredFile`.
    /// - Throws: `StorageError.replaced` if it has another content; `.held` if it has a legal hold or a retention.
    package func delete(_ key: String, contentTag: String) throws {
        guard let object = try object(key) else { return }
        guard object.contentTag == contentTag else { throw StorageError.replacedMeanwhile(address(key).description) }
        // Where versions are kept, the store would only hide it.
        if object.isHeld {
            throw StorageError(
                .held,
                "the store holds \(address(key)), so it was not deleted",
                hint: "`granary backups unlock` ends a legal hold, and a retention ends by itself"
            )
        }
        try delete(key, ifMatch: object.etag)
    }

    private func delete(_ key: String, ifMatch etag: String?) throws {
        do {
            let headers = etag.map { [(name: "if-match", value: $0)] } ?? []
            _ = try client.send(StoreRequest(method: "DELETE", key: key, headers: headers))
        } catch let answer as StoreAnswer {
            if answer.isMissing, answer.code != "NoSuchBucket" { return }
            if answer.isConditionFailed {
                // If an answer was lost, the object is gone already.
                guard try object(key) != nil else { return }
                throw StorageError.replacedMeanwhile(address(key).description)
            }
            if etag != nil, answer.hasUnknownCondition { return try delete(key, ifMatch: nil) }
            throw StorageError(answer, address(key), "could not be deleted", at: serverName)
        }
    }
}

extension StorageError {
    /// It is about to be deleted, and is not what was listed.
    static func replacedMeanwhile(_ path: String) -> StorageError {
        StorageError(
            .replaced,
            "\(path) was replaced after it was listed, so it was not deleted",
            hint: "run the command again"
        )
    }
}

extension StoreAnswer {
    /// Whether the store does not know the header of the condition.
    fileprivate var hasUnknownCondition: Bool { status == 501 || code == "NotImplemented" || code == "InvalidArgument" }
}

extension UploadSettings {
    /// For a small object beside a backup: encrypted like it, but neither locked nor archived.
    var headersBeside: [(name: String, value: String)] {
        var settings = self
        (settings.storageClass, settings.retention) = (nil, nil)
        return settings.headers.map { $0.name == "content-type" ? (name: $0.name, value: "application/json") : $0 }
    }
}
