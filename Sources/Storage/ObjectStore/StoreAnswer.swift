/// An answer of an object store that is no success.
struct StoreAnswer: Error, Sendable {
    var status: Int
    /// Such as `NoSuchKey`; empty if there is none.
    var code: String
    /// In the store's words.
    var message: String
    /// Where the bucket is, if the store says so.
    var region: String?
    /// The store's clock, in seconds since 1970.
    var time: Int?

    init(_ response: HTTPResponse) {
        let document = XMLElement(response.body)
        // Errors stand alone, or inside of another document.
        let error = document?.name == "Error" ? document : document?["Error"]
        status = response.status
        code = error?["Code"]?.text ?? ""
        message = error?["Message"]?.text ?? ""
        region = response.headers["x-amz-bucket-region"] ?? error?["Region"]?.text
        time = response.headers["date"].flatMap(UTCTime.parse(header:))
    }

    var isMissing: Bool { status == 404 }
    var isDenied: Bool { status == 403 }
    /// The condition of the request does not hold.
    var isConditionFailed: Bool { status == 412 || code == "PreconditionFailed" }

    /// Whether the same request may succeed later.
    var isTemporary: Bool {
        switch status {
        case 501: false
        case 500...: true
        case 408, 429: true
        // A conflict without a name; or success without the result, as when an answer was cut off.
        case 409 where code.isEmpty, 200..<300 where code.isEmpty: true
        default: Self.temporaryCodes.contains(code)
        }
    }

    private static let temporaryCodes: Set = [
        "RequestTimeout", "SlowDown", "InternalError", "ServiceUnavailable", "Throttling", "ThrottlingException",
        "OperationAborted", "ConditionalRequestConflict",
    ]

    var isExpired: Bool {
        ["ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"].contains(code)
    }
    /// The answer to a HEAD has no body.
    var isSilentRefusal: Bool { status == 400 && code.isEmpty }
    /// Whether the same request with the header `Content-MD5` may succeed. The second code is moto's.
    var asksForMD5: Bool {
        ["InvalidRequest", "MissingUploadObjectWithObjectLockHeaders"].contains(code) && message.contains("Content-MD5")
    }
    /// The answer to a HEAD has no body, so nothing tells why it was refused.
    var isMute: Bool { status == 403 && code.isEmpty }
    var isSkewed: Bool { code == "RequestTimeTooSkewed" }

    /// Whether the bucket is in another region, which `region` names.
    var isElsewhere: Bool {
        [301, 302, 307, 308].contains(status) || code == "AuthorizationHeaderMalformed" || code == "PermanentRedirect"
            || code == "IllegalLocationConstraintException" || isSilentRefusal && region != nil
    }

    /// `403 (AccessDenied: Access Denied)`
    var text: String {
        let words = [code, String(message.prefix(200))].filter { !$0.isEmpty }.joined(separator: ": ")
        return words.isEmpty ? "\(status)" : "\(status) (\(words))"
    }
}

extension StorageError {
    /// - Parameter what: The failure as a clause, such as `could not be written`.
    init(_ answer: StoreAnswer, _ address: ObjectAddress, _ what: String, at server: String) {
        let code: StorageFailure =
            switch answer.status {
            case 404: .missing
            case 403 where answer.code == "InvalidObjectState": .archived
            case 403, 401: .denied
            default: .store
            }
        self.init(
            code,
            "\(address) \(what): \(server) answered \(answer.text)",
            hint: Self.hint(answer)
        )
    }

    private static func hint(_ answer: StoreAnswer) -> String? {
        switch answer.code {
        case "NoSuchBucket": "make the bucket first, or check its name and --s3-endpoint"
        case "NoSuchUpload": "the upload was aborted, by another program or by a rule of the bucket: back up again"
        case "SignatureDoesNotMatch": "check AWS_SECRET_ACCESS_KEY"
        case "InvalidAccessKeyId": "check AWS_ACCESS_KEY_ID, and that it belongs to this store"
        case "InvalidObjectState": "the object is in an archive of the store: restore it there first"
        case "AccessDenied", "AllAccessDisabled", "Forbidden":
            "the credentials do not allow this; docs/object-stores.md has the policies"
        case "NotImplemented": "the store does not support this"
        case "EntityTooSmall", "InvalidPart", "TooManyParts", "InvalidPartNumber", "EntityTooLarge":
            "choose another --part-size"
        default:
            switch answer.status {
            case 404: "check the name; `granary backups --backups s3://BUCKET/FOLDER/` lists what is there"
            case 401, 403: "the credentials do not allow this; docs/object-stores.md has the policies"
            case 500...: "the store is unwell: try again later"
            default: nil
            }
        }
    }
}
