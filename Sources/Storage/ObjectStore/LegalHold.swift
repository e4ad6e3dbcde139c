internal import FoundationEssentials

/// The outcome of a request to hold an object. A held version stays in the store until the hold ends.
package enum LegalHoldOutcome: Sendable, Equatable {
    case done
    /// The bucket has no Object Lock, or the store does not know it.
    case unsupported
    /// The credentials may not do that.
    case denied
}

extension ObjectStores {
    /// Sets or ends the legal hold of an object. A file has none.
    ///
    /// - Throws: `StorageError`; `CancellationError`.
    package func setLegalHold(_ isOn: Bool, of path: String) throws -> LegalHoldOutcome {
        guard ObjectAddress.isMeant(by: path) else { return .unsupported }
        let address = try ObjectAddress(path)
        return try bucket(address.bucket).setLegalHold(isOn, address.key)
    }

    /// Whether an object has a legal hold or a retention, as far as the credentials may know.
    ///
    /// - Throws: `StorageError`; `CancellationError`.
    package func isHeld(_ path: String) throws -> Bool {
        guard ObjectAddress.isMeant(by: path) else { return false }
        let address = try ObjectAddress(path)
        return try bucket(address.bucket).object(address.key)?.isHeld ?? false
    }
}

extension Bucket {
    /// See <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectLegalHold.html>.
    func setLegalHold(_ isOn: Bool, _ key: String) throws -> LegalHoldOutcome {
        // A store that ignores the word in the query would take the request for a new content of the object.
        let support = try objectLock()
        guard support == .done else { return support }
        var request = StoreRequest(method: "PUT", key: key, query: [("legal-hold", "")])
        request.requiresMD5 = true
        let status = isOn ? "ON" : "OFF"
        let body = Array(
            "<LegalHold xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Status>\(status)</Status></LegalHold>".utf8
        )
        do {
            _ = try body.withUnsafeBytes { try client.send(request, body: $0) }
            return .done
        } catch let answer as StoreAnswer {
            if answer.isDenied { return .denied }
            throw StorageError(
                answer,
                address(key),
                isOn ? "could not be held" : "could not be released",
                at: serverName
            )
        }
    }

    /// `.done` if the bucket has Object Lock.
    private func objectLock() throws -> LegalHoldOutcome {
        do {
            let response = try client.send(StoreRequest(method: "GET", query: [("object-lock", "")]))
            let document = XMLElement(response.body)
            guard document?.name == "ObjectLockConfiguration", document?["ObjectLockEnabled"]?.text == "Enabled" else {
                return .unsupported
            }
            return .done
        } catch let answer as StoreAnswer {
            if answer.isDenied { return .denied }
            if answer.code == "NoSuchBucket" {
                throw StorageError(answer, address(""), "could not be examined", at: serverName)
            }
            // Stores have several answers for what they do not have.
            guard (400..<500).contains(answer.status) || answer.status == 501 else {
                throw StorageError(answer, address(""), "could not be examined", at: serverName)
            }
            return .unsupported
        }
    }
}
