/// How objects are written.
package struct UploadSettings: Sendable {
    /// Until when an object cannot be deleted, and by whom (Object Lock).
    package struct Retention: Sendable, Equatable {
        package enum Mode: String, Sendable, CaseIterable {
            /// Those with a special permission can end it early.
            case governance
            case compliance
        }
        package var mode: Mode
        /// Seconds since 1970.
        package var until: Int

        package init(mode: Mode, until: Int) { (self.mode, self.until) = (mode, until) }
    }

    /// The size of parts; nil for one that fits the expected size.
    package var partBytes: Int?
    /// Parts that are in memory at the same time: one is filled, and the others are sent.
    package var partsInFlight = 4
    package var storageClass: String?
    /// Encryption by the store, such as `AES256` or `aws:kms`.
    package var serverSideEncryption: String?
    package var kmsKey: String?
    package var retention: Retention?
    /// The age at which unfinished uploads of other runs are aborted, in seconds.
    package var abortAfter = 24 * 3600

    package init() {}

    /// The limits of the protocol.
    package static let partBytesMin = 5 << 20
    package static let partBytesMax = 5 << 30
    static let partsMax = 10_000
    /// Some stores accept no more.
    static let partsUsual = 1000
    private static let partBytesUsual = 16 << 20
    /// More memory for parts is announced.
    static let memoryWithoutNote = 256 << 20

    /// The size of parts for an object of about this size: equal parts, which some stores require, and fewer than 9,000.
    func partBytes(forObjectOf bytes: Int) -> Int {
        if let partBytes { return partBytes }
        let least = Double(bytes) * 1.2 / 9000
        let megabytes = (least / Double(1 << 20)).rounded(.up)
        return max(Self.partBytesUsual, min(Int(megabytes) << 20, Self.partBytesMax))
    }

    /// For the request that creates an object.
    var headers: [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = [("content-type", "application/octet-stream")]
        if let storageClass { headers.append(("x-amz-storage-class", storageClass)) }
        if let serverSideEncryption { headers.append(("x-amz-server-side-encryption", serverSideEncryption)) }
        if let kmsKey { headers.append(("x-amz-server-side-encryption-aws-kms-key-id", kmsKey)) }
        if let retention {
            headers.append(("x-amz-object-lock-mode", retention.mode.rawValue.uppercased()))
            headers.append(("x-amz-object-lock-retain-until-date", UTCTime.extended(retention.until)))
        }
        return headers
    }

    /// Object Lock requires a checksum of what is written.
    var hasChecksums: Bool { retention != nil }
}
