import SQLText

/// Tells whether a default has the same value for all existing rows, so that the server need not rewrite them.
enum VolatileFunctions {
    /// The first function in an expression that may return another value for each row; nil if there is none.
    ///
    /// A function that neither the files nor PostgreSQL define counts as volatile, because that is the default of
    /// CREATE FUNCTION.
    static func first(in expression: ParseNode, _ schema: SchemaModel) -> String? {
        for call in expression.descendants(ofKind: "FuncCall") {
            var names = call["funcname"].names
            if names.first == "pg_catalog" { names.removeFirst() }
            let name = names.joined(separator: ".")
            if let made = RelationName(names: names).flatMap({ schema.isSteady(function: $0) }) {
                if made { continue }
                return name
            }
            if !steady.contains(name) { return name }
        }
        return nil
    }

    /// The first function of PostgreSQL or of a common extension in an expression that certainly returns another value
    /// for each row.
    static func firstKnown(in expression: ParseNode) -> String? {
        expression.descendants(ofKind: "FuncCall").lazy.compactMap { $0["funcname"].names.last }.first {
            volatile.contains($0)
        }
    }

    private static let volatile: Set<String> = [
        "random", "gen_random_uuid", "uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4", "gen_random_bytes",
        "clock_timestamp", "timeofday", "nextval", "uuidv7", "uuidv4",
    ]

    /// The immutable and stable functions of `pg_proc` that are common in defaults.
    private static let steady: Set<String> = [
        "now", "transaction_timestamp", "statement_timestamp", "timezone", "date_trunc", "date_part", "extract",
        "make_date", "make_time", "make_timestamp", "make_timestamptz", "make_interval", "to_timestamp", "to_date",
        "to_char", "to_number", "age", "current_setting", "current_database", "current_schema", "version", "lower",
        "upper", "initcap", "trim", "btrim", "ltrim", "rtrim", "length", "char_length", "octet_length", "substr",
        "substring", "replace", "translate", "left", "right", "lpad", "rpad", "repeat", "concat", "concat_ws", "format",
        "md5", "sha256", "encode", "decode", "convert_from", "convert_to", "chr", "ascii", "abs", "ceil", "ceiling",
        "floor", "round", "trunc", "power", "sqrt", "mod", "sign", "array_fill", "array_append", "array_cat",
        "string_to_array", "array_to_string", "jsonb_build_object", "jsonb_build_array", "json_build_object",
        "json_build_array", "to_json", "to_jsonb", "jsonb_object", "json_object", "int4range", "int8range", "numrange",
        "tsrange", "tstzrange", "daterange", "to_tsvector", "setweight", "inet", "uuid_nil", "uuid_ns_dns",
    ]
}
