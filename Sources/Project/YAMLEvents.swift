internal import CYaml

/// The events of a YAML text in order, from libyaml.
///
/// Source: `yaml_parser_parse` of libyaml.
struct YAMLEvents: ~Copyable {
    struct Event {
        enum Kind {
            case scalar(String, isPlain: Bool)
            case sequenceStart
            case mappingStart
            /// The end of a sequence or a mapping.
            case end
            case alias(String)
            case documentStart
            /// The beginning or end of a document or of the whole text.
            case other
            case streamEnd
        }

        let kind: Kind
        let anchor: String?
        let tag: String?
        /// From 1.
        let line: Int
    }

    /// Why the text is not YAML.
    struct Problem: Error {
        let message: String
        /// From 1; nil for bytes that are not valid characters.
        let place: (line: Int, column: Int)?
    }

    // libyaml keeps pointers to both, so neither may move.
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let bytes: UnsafeMutableBufferPointer<UInt8>

    init(_ text: String) {
        parser = .allocate(capacity: 1)
        precondition(yaml_parser_initialize(parser) == 1, "libyaml: no memory")
        let utf8 = text.utf8
        bytes = .allocate(capacity: max(1, utf8.count))
        _ = bytes.initialize(from: utf8)
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, bytes.baseAddress, utf8.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        bytes.deallocate()
    }

    /// - Throws: `Problem` if the text is not YAML.
    mutating func next() throws(Problem) -> Event {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw problem }
        defer { yaml_event_delete(&event) }
        let data = event.data
        let line = event.start_mark.line + 1
        switch event.type {
        case YAML_SCALAR_EVENT:
            let value = UnsafeBufferPointer(start: data.scalar.value, count: data.scalar.length)
            let isPlain = data.scalar.style == YAML_PLAIN_SCALAR_STYLE || data.scalar.style == YAML_ANY_SCALAR_STYLE
            let kind = Event.Kind.scalar(String(decoding: value, as: UTF8.self), isPlain: isPlain)
            return Event(kind, data.scalar.anchor, data.scalar.tag, line)
        case YAML_SEQUENCE_START_EVENT:
            return Event(.sequenceStart, data.sequence_start.anchor, data.sequence_start.tag, line)
        case YAML_MAPPING_START_EVENT:
            return Event(.mappingStart, data.mapping_start.anchor, data.mapping_start.tag, line)
        case YAML_ALIAS_EVENT: return Event(.alias(String(cString: data.alias.anchor)), nil, nil, line)
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: return Event(.end, nil, nil, line)
        case YAML_DOCUMENT_START_EVENT: return Event(.documentStart, nil, nil, line)
        case YAML_STREAM_END_EVENT: return Event(.streamEnd, nil, nil, line)
        default: return Event(.other, nil, nil, line)
        }
    }

    private var problem: Problem {
        let parser = parser.pointee
        let message = parser.problem.map { String(cString: $0) } ?? "it cannot be read"
        guard parser.error == YAML_SCANNER_ERROR || parser.error == YAML_PARSER_ERROR else {
            return Problem(message: message, place: nil)
        }
        return Problem(message: message, place: (parser.problem_mark.line + 1, parser.problem_mark.column + 1))
    }
}

extension YAMLEvents.Event {
    fileprivate init(
        _ kind: Kind,
        _ anchor: UnsafePointer<UInt8>?,
        _ tag: UnsafePointer<UInt8>?,
        _ line: Int
    ) {
        self.init(
            kind: kind,
            anchor: anchor.map { String(cString: $0) },
            tag: tag.map { String(cString: $0) },
            line: line
        )
    }
}
