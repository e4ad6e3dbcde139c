package import ArgumentParser
package import Storage

/// How a backup is written into a bucket.
package struct UploadOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "The size of the parts of the upload; else 16 MiB, and more for backups over 120 GB.",
            valueName: "size"
        )
    )
    package var partSize: ByteCountArgument?

    @Option(name: .long, help: ArgumentHelp("The storage class, such as STANDARD_IA.", valueName: "name"))
    package var storageClass: String?

    @Option(
        name: .long,
        help: ArgumentHelp("Encryption by the store, such as AES256 or aws:kms.", valueName: "name")
    )
    package var sse: String?

    @Option(name: .long, help: ArgumentHelp("The key of aws:kms.", valueName: "id"))
    package var sseKmsKey: String?

    @Option(
        name: .long,
        help: ArgumentHelp("Nobody can delete the backup before this day (Object Lock).", valueName: "YYYY-MM-DD")
    )
    package var lockUntil: DayArgument?

    @Option(name: .long, help: "Whether a special permission can end that early.")
    package var lockMode = UploadSettings.Retention.Mode.governance

    @Option(
        name: .long,
        help: ArgumentHelp("Abort unfinished uploads of other machines that are older.", valueName: "time")
    )
    package var abortAfter = DurationArgument(.seconds(24 * 3600))

    package init() {}

    package mutating func validate() throws {
        guard abortAfter.duration >= .seconds(3600) else {
            throw ValidationError("--abort-after must be at least 1h, so that no running upload is aborted")
        }
        guard let bytes = partSize?.bytes else { return }
        guard (UploadSettings.partBytesMin...UploadSettings.partBytesMax).contains(bytes) else {
            throw ValidationError("--part-size must be between 5MiB and 5GiB")
        }
    }

    var settings: UploadSettings {
        var settings = UploadSettings()
        settings.partBytes = partSize?.bytes
        (settings.storageClass, settings.serverSideEncryption, settings.kmsKey) = (storageClass, sse, sseKmsKey)
        settings.retention = lockUntil.map { UploadSettings.Retention(mode: lockMode, until: $0.secondsSince1970) }
        settings.abortAfter = Int(abortAfter.duration / .seconds(1))
        return settings
    }
}

extension UploadSettings.Retention.Mode: ExpressibleByArgument {}
