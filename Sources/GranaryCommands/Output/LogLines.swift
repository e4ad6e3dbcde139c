internal import Logging

/// A log handler that writes through the screen, so that log lines and progress bars do not mix.
struct LogLines: LogHandler {
    let screen: Screen
    let settings: Console.Settings
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.notice

    init(screen: Screen, settings: Console.Settings) {
        self.screen = screen
        self.settings = settings
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        let pairs = all.sorted { $0.key < $1.key }.map { ($0.key, Masking.masked("\($0.value)")) }
        let message = Masking.masked("\(event.message)")
        if settings.logsJSON {
            screen.say(Self.document(level: event.level, message: message, metadata: pairs).text)
        } else {
            let words = ["granary: \(event.level):", message] + pairs.map { "\($0.0)=\($0.1)" }
            screen.say(Formatting.harmless(words.joined(separator: " ")))
        }
    }

    static func document(
        level: Logger.Level,
        message: String,
        hint: String? = nil,
        metadata: [(String, String)] = []
    ) -> JSONDocument {
        var fields = [
            JSONDocument.Field(key: "time", value: .string(Formatting.now())),
            JSONDocument.Field(key: "level", value: .string("\(level)")),
            JSONDocument.Field(key: "message", value: .string(message)),
        ]
        if let hint { fields.append(JSONDocument.Field(key: "hint", value: .string(hint))) }
        fields += metadata.map { JSONDocument.Field(key: $0.0, value: .string($0.1)) }
        return .object(fields)
    }
}
