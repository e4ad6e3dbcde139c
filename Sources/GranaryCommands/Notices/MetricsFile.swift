internal import Storage

/// A file for the node exporter of Prometheus (its textfile collector), with the figures of the last run for each
/// database.
///
/// A failed run keeps the time and the figures of the last success. Lines about other databases stay.
///
/// Source: <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>.
struct MetricsFile: Sendable, Equatable {
    let path: String
    /// The node exporter reads whole files.
    private static let bytesMax = 1 << 20

    /// - Returns: Why it could not be written; nil if it was.
    func update(_ outcome: RunOutcome) -> String? {
        do {
            var text = MetricsText()
            if Files.exists(path) {
                guard Files.isRegular(path), Files.size(path) <= Self.bytesMax else { return foreign }
                let bytes = try Files.bytes(of: path, onlyRegular: true)
                guard let known = String(validating: bytes, as: UTF8.self).flatMap({ MetricsText($0) }) else {
                    return foreign
                }
                text = known
            }
            text.add(outcome)
            try Files.replace(path, Array(text.text.utf8), mode: 0o644)
            return nil
        } catch {
            return "the metrics could not be written to \(path): \(error)"
        }
    }

    private var foreign: String {
        "the metrics were not written, because \(path) holds something else: delete it, or name another file"
    }
}
