internal import Archive
internal import Storage

/// The report of a drill, recognized by its beginning.
struct SealedReport {
    private let path: String
    private let text: String

    private static let beginnings = ["{\"report\":\"granary drill\",", "# Restore drill: ", "Restore drill: "]
    /// No report is larger.
    private static let bytesMax = 16 << 20

    /// nil for another file.
    init?(_ path: String) {
        guard Files.isRegular(path), Files.size(path) <= Self.bytesMax,
            let bytes = try? Files.bytes(of: path, onlyRegular: true),
            Self.beginnings.contains(where: { bytes.starts(with: $0.utf8) })
        else { return nil }
        self.path = path
        var text = String(decoding: bytes, as: UTF8.self)
        // The line break at the end of the file is not sealed.
        if text.hasSuffix("\n") { text.removeLast() }
        self.text = text
    }

    func verified(by keys: [SealKey]) -> VerifyReport {
        let problem: String? =
            switch SealedText.check(text, keys: keys) {
            case .sealed: nil
            case .altered: "the report was changed after it was sealed"
            case .unknownKey(let name): "its seal is of the key \(name), which this installation does not have"
            case .unsealed: "it has no seal"
            }
        return VerifyReport(file: path, bytes: text.utf8.count, sealProblem: problem)
    }
}
