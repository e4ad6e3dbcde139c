internal import Cryptography
internal import FoundationEssentials

/// A bucket, and what can be done with its objects.
///
/// Each function throws `StorageError` with `.missing`, `.denied`, `.store`, `.unreachable` or `.noCredentials`, and
/// `CancellationError`.
package final class Bucket: Sendable {
    /// What a store says of an object.
    package struct Object: Sendable, Equatable {
        package var key: String
        /// Bytes.
        package var byteCount: Int
        package var etag: String
        /// When it was written, in seconds since 1970; nil if the store does not say it.
        package var modified: Int?
        /// Whether it has a legal hold, or a retention that has not ended. False in lists, and if the credentials may not
        /// know it.
        package var isHeld = false
        /// The run of granary that wrote it; nil for other objects, and in lists.
        var run: String?

        package var contentTag: String { Bucket.contentTag(etag) }
    }

    /// An ETag as it is compared: some stores leave the quotes out in some answers.
    static func contentTag(_ etag: String) -> String {
        String((etag.hasPrefix("W/") ? etag.dropFirst(2) : etag[...]).filter { $0 != "\"" })
    }

    /// The header with the run that writes an object.
    static let runHeader = "x-amz-meta-granary"

    /// An upload that was begun and not ended.
    package struct Upload: Sendable, Equatable {
        package var key: String
        package var id: String
        /// Seconds since 1970; nil if the store does not say it.
        package var begun: Int?
    }

    package let name: String
    let client: StoreClient

    /// - Throws: `StorageError.address`, `.insecure`.
    package init(_ name: String, _ settings: StoreSettings) throws {
        self.name = name
        client = try StoreClient(bucket: name, settings)
    }

    /// The host of the store.
    package var serverName: String { client.serverName }
    /// The store as the files of the state folder name it.
    var storeIdentity: String { client.storeIdentity }
    var settings: StoreSettings { client.settings }

    func address(_ key: String) -> ObjectAddress { ObjectAddress(bucket: name, key: key) }

    func failing<R>(_ key: String, _ what: String, _ body: () throws -> R) throws -> R {
        do {
            return try body()
        } catch let answer as StoreAnswer {
            throw StorageError(answer, address(key), what, at: serverName)
        }
    }
}

// Reading.
extension Bucket {
    /// - Returns: nil if there is no such object.
    package func object(_ key: String) throws -> Object? {
        do {
            let response = try client.send(StoreRequest(method: "HEAD", key: key))
            let length = response.headers["content-length"].flatMap { Int($0) }
            guard let length, let etag = response.headers["etag"] else {
                throw StorageError(.store, "\(serverName) does not say how large \(address(key)) is")
            }
            return Object(
                key: key,
                byteCount: length,
                etag: etag,
                modified: response.headers["last-modified"].flatMap(UTCTime.parse(header:)),
                isHeld: Self.isHeld(response.headers),
                run: response.headers[Self.runHeader]
            )
        } catch let answer as StoreAnswer {
            if answer.isMissing { return nil }
            throw StorageError(answer, address(key), "could not be examined", at: serverName)
        }
    }

    private static func isHeld(_ headers: [String: String]) -> Bool {
        if headers["x-amz-object-lock-legal-hold"]?.uppercased() == "ON" { return true }
        let end = headers["x-amz-object-lock-retain-until-date"].flatMap(UTCTime.parse(extended:))
        return end.map { $0 > UTCTime.now } ?? false
    }

    /// Fills `buffer` with the bytes from `offset` on.
    ///
    /// - Parameter etag: The content that is meant.
    /// - Throws: `StorageError.replaced` if the object has another content now; `.endsEarly`.
    func read(_ key: String, at offset: Int, into buffer: UnsafeMutableRawBufferPointer, etag: String) throws {
        guard !buffer.isEmpty else { return }
        var request = StoreRequest(method: "GET", key: key)
        request.headers = [("range", "bytes=\(offset)-\(offset + buffer.count - 1)"), ("if-match", etag)]
        let response: HTTPResponse
        do {
            response = try client.send(request, into: buffer)
        } catch let answer as StoreAnswer {
            if answer.isConditionFailed { throw replacedWhileRead(key) }
            if answer.status == 416 { throw StorageError.endsEarly(address(key).description) }
            throw StorageError(answer, address(key), "could not be read", at: serverName)
        }
        // Some stores and caches ignore the condition.
        if let sent = response.headers["etag"], Self.contentTag(sent) != Self.contentTag(etag) {
            throw replacedWhileRead(key)
        }
        let range = response.headers["content-range"] ?? ""
        guard response.status == 206 ? range.hasPrefix("bytes \(offset)-") : offset == 0 else {
            let answer = "\(response.status)\(range.isEmpty ? "" : " with the range \(range)")"
            throw StorageError(
                .store,
                "\(serverName) does not send the parts of objects that it is asked for: it answered \(answer)",
                hint: "download the backup, and use the file"
            )
        }
        guard response.count == buffer.count else { throw StorageError.endsEarly(address(key).description) }
    }

    private func replacedWhileRead(_ key: String) -> StorageError {
        StorageError(.replaced, "\(address(key)) was replaced while it was read", hint: "run the command again")
    }

    /// The content of a small object; nil if it does not exist.
    package func contents(of key: String) throws -> [UInt8]? {
        do {
            return try client.send(StoreRequest(method: "GET", key: key)).body
        } catch let answer as StoreAnswer {
            if answer.isMissing { return nil }
            throw StorageError(answer, address(key), "could not be read", at: serverName)
        }
    }

    /// The objects directly in a folder, sorted by their keys.
    ///
    /// - Parameter prefix: Empty, or ends with a slash.
    package func objects(in prefix: String) throws -> [Object] {
        var (objects, token): ([Object], String?) = ([], nil)
        var tokens: Set<String> = []
        repeat {
            var request = StoreRequest(method: "GET")
            request.query = [
                ("list-type", "2"), ("prefix", prefix), ("delimiter", "/"), ("encoding-type", "url"),
            ]
            if let token { request.query.append(("continuation-token", token)) }
            let page = try document(request, prefix, "could not be listed", named: "ListBucketResult")
            for entry in page.all("Contents") {
                guard let key = Self.key(entry["Key"]?.text, of: page), Self.isDirectly(key, in: prefix),
                    let size = (entry["Size"]?.text).flatMap({ Int($0) }), size >= 0
                else { continue }
                let modified = (entry["LastModified"]?.text).flatMap(UTCTime.parse(extended:))
                objects.append(Object(key: key, byteCount: size, etag: entry["ETag"]?.text ?? "", modified: modified))
            }
            token = page["IsTruncated"]?.text == "true" ? page["NextContinuationToken"]?.text ?? "" : nil
            try token.map { try requireNew($0, &tokens, prefix) }
        } while token != nil
        return objects.sorted { $0.key < $1.key }
    }

    /// A list that does not follow the question must not decide what is deleted.
    private static func isDirectly(_ key: String, in prefix: String) -> Bool {
        let rest = key.utf8.dropFirst(prefix.utf8.count)
        return key.utf8.starts(with: prefix.utf8) && !rest.isEmpty && !rest.contains(UInt8(ascii: "/"))
    }

    /// Ends a list that would never end.
    private func requireNew(_ token: String, _ tokens: inout Set<String>, _ prefix: String) throws {
        guard token.isEmpty || !tokens.insert(token).inserted else { return }
        throw StorageError(.store, "\(address(prefix)) could not be listed: the list of \(serverName) does not go on")
    }

    /// A key of a list; nil if it cannot be decoded. XML cannot have all characters, so encoding was asked for, but not
    /// all stores do it. Amazon writes spaces as `+`.
    private static func key(_ text: String?, of page: XMLElement) -> String? {
        guard page["EncodingType"]?.text == "url" else { return text }
        return text.flatMap { PercentEncoding.decoded($0.replacing("+", with: " ")) }
    }

    /// Sends a request whose answer is a document.
    private func document(
        _ request: StoreRequest,
        _ key: String,
        _ what: String,
        named names: String...,
        body: [UInt8] = []
    ) throws -> XMLElement {
        try failing(key, what) {
            let hasBody = request.method == "POST"
            let response = try body.withUnsafeBytes { try client.send(request, body: hasBody ? $0 : nil) }
            guard let document = XMLElement(response.body), names.contains(document.name) else {
                let answer = StoreAnswer(response)
                // Some operations answer 200 before they have failed.
                if !answer.code.isEmpty { throw answer }
                throw StorageError(.store, "\(address(key)) \(what): the answer of \(serverName) is not understood")
            }
            return document
        }
    }
}

// Writing.
extension Bucket {
    /// Writes a whole object with one request, which is sent once.
    ///
    /// - Parameters:
    ///   - ifAbsent: The store refuses if the object exists.
    ///   - isRepeated: Whether it is sent again after a temporary failure.
    /// - Throws: `StoreAnswer` if the store refuses.
    func put(
        _ key: String,
        _ bytes: UnsafeRawBufferPointer,
        ifAbsent: Bool,
        headers: [(name: String, value: String)] = [],
        isRepeated: Bool
    ) throws {
        _ = try putForETag(key, bytes, ifAbsent: ifAbsent, headers: headers, isRepeated: isRepeated)
    }

    /// Like `put`. Returns the ETag, if the store says it.
    func putForETag(
        _ key: String,
        _ bytes: UnsafeRawBufferPointer,
        ifAbsent: Bool,
        headers: [(name: String, value: String)],
        isRepeated: Bool
    ) throws -> String? {
        var request = StoreRequest(method: "PUT", key: key, headers: headers)
        if ifAbsent { request.headers.append(("if-none-match", "*")) }
        request.isRepeated = isRepeated
        return try client.send(request, body: bytes).headers["etag"]
    }
}

// Uploads in parts.
extension Bucket {
    /// A part that the store has.
    struct Part: Sendable {
        var number: Int
        var etag: String
        /// In base64, if the store keeps it.
        var checksum: String?
    }

    /// Begins an upload. Returns its id.
    ///
    /// - Parameter wake: A descriptor that becomes readable when the request must end; -1 for none.
    func beginUpload(_ key: String, headers: [(name: String, value: String)], wake: CInt = -1) throws -> String {
        var request = StoreRequest(method: "POST", key: key, query: [("uploads", "")])
        (request.headers, request.wake) = (headers, wake)
        let what = "could not be written"
        let answer = try document(request, key, what, named: "InitiateMultipartUploadResult")
        guard let id = answer["UploadId"]?.text, !id.isEmpty else {
            throw StorageError(.store, "\(address(key)) \(what): \(serverName) gave no id for the upload")
        }
        return id
    }

    /// - Parameters:
    ///   - hasChecksum: Sends the SHA-256 for the store to keep.
    ///   - wake: A descriptor that becomes readable when the request must end; -1 for none.
    func uploadPart(
        _ number: Int,
        of key: String,
        _ id: String,
        _ bytes: UnsafeRawBufferPointer,
        hasChecksum: Bool,
        wake: CInt = -1
    ) throws -> Part {
        let digest = SHA256.digest(of: bytes)
        let checksum = hasChecksum ? Data(digest).base64EncodedString() : nil
        var request = StoreRequest(method: "PUT", key: key)
        (request.query, request.wake) = ([("partNumber", String(number)), ("uploadId", id)], wake)
        if let checksum { request.headers = [("x-amz-checksum-sha256", checksum)] }
        return try failing(key, "could not be written") {
            let response = try client.send(request, body: bytes, digest: Hexadecimal.text(digest))
            guard let etag = response.headers["etag"] else {
                throw StorageError(.store, "\(serverName) gave no ETag for a part of \(address(key))")
            }
            return Part(number: number, etag: etag, checksum: checksum)
        }
    }

    /// Makes the object from its parts, with one request, which is sent once.
    ///
    /// - Parameter ifAbsent: The store refuses if the object exists.
    /// - Returns: The ETag, if the store says it.
    /// - Throws: `StoreAnswer` if the store refuses.
    @discardableResult
    func completeUpload(_ key: String, _ id: String, _ parts: [Part], ifAbsent: Bool) throws -> String? {
        var request = StoreRequest(method: "POST", key: key, query: [("uploadId", id)])
        if ifAbsent { request.headers = [("if-none-match", "*")] }
        // Many parts take minutes.
        (request.isRepeated, request.silence) = (false, .seconds(600))
        let list = parts.map { part in
            let checksum = part.checksum.map { "<ChecksumSHA256>\($0)</ChecksumSHA256>" } ?? ""
            return
                "<Part><PartNumber>\(part.number)</PartNumber><ETag>\(Self.escaped(part.etag))</ETag>\(checksum)</Part>"
        }
        let body = Array("<CompleteMultipartUpload>\(list.joined())</CompleteMultipartUpload>".utf8)
        let response = try body.withUnsafeBytes { try client.send(request, body: $0) }
        // The status is sent before the work is done. moto has the second name.
        let names = ["CompleteMultipartUploadResult", "CompleteMultipartUploadResponse"]
        guard let result = XMLElement(response.body), names.contains(result.name) else { throw StoreAnswer(response) }
        return result["ETag"]?.text
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }

    /// Gives up an upload. One that does not exist counts as given up.
    ///
    /// - Parameter limit: How long it may take. It is not interrupted.
    /// - Returns: Whether there was such an upload.
    @discardableResult
    package func abortUpload(_ key: String, _ id: String, limit: Duration = .seconds(10)) throws -> Bool {
        var request = StoreRequest(method: "DELETE", key: key, query: [("uploadId", id)])
        (request.limit, request.ignoresWake) = (limit, true)
        do {
            _ = try client.send(request)
            return true
        } catch let answer as StoreAnswer {
            if answer.isMissing { return false }
            throw StorageError(answer, address(key), "could not be given up", at: serverName)
        }
    }

    /// All uploads of keys with that beginning which are neither completed nor aborted.
    package func uploads(prefix: String) throws -> [Upload] {
        var (uploads, markers): ([Upload], [(name: String, value: String)]?) = ([], [])
        var seen: Set<String> = []
        while let marker = markers {
            var request = StoreRequest(method: "GET")
            request.query = [("uploads", ""), ("prefix", prefix), ("encoding-type", "url")] + marker
            let page = try document(
                request,
                prefix,
                "could not be searched for unfinished uploads",
                named: "ListMultipartUploadsResult"
            )
            for entry in page.all("Upload") {
                guard let key = Self.key(entry["Key"]?.text, of: page), key.utf8.starts(with: prefix.utf8),
                    let id = entry["UploadId"]?.text
                else { continue }
                let begun = (entry["Initiated"]?.text).flatMap(UTCTime.parse(extended:))
                uploads.append(Upload(key: key, id: id, begun: begun))
            }
            markers = nil
            guard page["IsTruncated"]?.text == "true" else { continue }
            let next = (Self.key(page["NextKeyMarker"]?.text, of: page) ?? "", page["NextUploadIdMarker"]?.text ?? "")
            try requireNew(next.0.isEmpty ? "" : "\(next.0)\n\(next.1)", &seen, prefix)
            markers = [("key-marker", next.0), ("upload-id-marker", next.1)]
        }
        return uploads
    }

    /// When the newest part of an upload arrived, in seconds since 1970; nil if it has none, or does not exist.
    ///
    /// - Throws: See `Bucket`; `.denied` if the credentials may not list parts.
    func newestPart(of upload: Upload) throws -> Int? {
        var (newest, marker): (Int?, String?) = (nil, nil)
        var seen: Set<String> = []
        repeat {
            var request = StoreRequest(method: "GET", key: upload.key, query: [("uploadId", upload.id)])
            if let marker { request.query.append(("part-number-marker", marker)) }
            let page: XMLElement
            do {
                // moto has the second name.
                page = try document(
                    request,
                    upload.key,
                    "has parts that could not be listed",
                    named: "ListPartsResult",
                    "ListPartsResponse"
                )
            } catch let error as StorageError where error.code == .missing {
                return newest
            }
            let times = page.all("Part").compactMap { ($0["LastModified"]?.text).flatMap(UTCTime.parse(extended:)) }
            newest = ([newest].compactMap(\.self) + times).max()
            marker = page["IsTruncated"]?.text == "true" ? page["NextPartNumberMarker"]?.text ?? "" : nil
            try marker.map { try requireNew($0, &seen, upload.key) }
        } while marker != nil
        return newest
    }
}
