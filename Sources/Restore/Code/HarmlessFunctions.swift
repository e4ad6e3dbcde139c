/// PostgreSQL's own functions that only compute, or set planner statistics: they do not execute SQL given as text, and
/// use no file and no other session.
///
/// Defaults, checks, indexes, policies and views may call them without running other code. This lists what is known to
/// be harmless, not what is known to be harmful: a missing function only leads to an unnecessary question.
enum HarmlessFunctions {
    /// - Parameter name: From a parse tree, with `pg_catalog` or without a schema.
    static func contains(_ name: [String]) -> Bool {
        switch name.count {
        case 1: names.contains(name[0])
        case 2: name[0] == "pg_catalog" && names.contains(name[1])
        default: false
        }
    }

    private static let names = Set(
        """
        abs age area array_agg array_dims array_fill array_length array_lower array_ndims array_position array_positions
        array_prepend array_append array_cat array_remove array_replace array_to_json array_to_string array_upper ascii avg
        bit_and bit_count bit_length bit_or bit_xor bool_and bool_or btrim cardinality cbrt ceil ceiling char_length
        character_length chr clock_timestamp coalesce concat concat_ws convert convert_from convert_to corr count covar_pop
        covar_samp cume_dist currval current_database current_schema current_schemas current_setting date date_bin date_part date_trunc
        daterange datemultirange decode degrees dense_rank div encode enum_first enum_last enum_range every exp extract
        factorial first_value floor format gcd gen_random_uuid generate_series generate_subscripts get_bit get_byte
        greatest grouping host hostmask initcap int4range int8range int4multirange int8multirange is_normalized isempty
        isfinite json_agg json_array_elements json_array_elements_text json_array_length json_build_array
        json_build_object json_each json_each_text json_extract_path json_extract_path_text json_object json_object_agg
        json_object_keys json_strip_nulls json_typeof jsonb_agg jsonb_array_elements jsonb_array_elements_text
        jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text jsonb_extract_path
        jsonb_extract_path_text jsonb_insert jsonb_object jsonb_object_agg jsonb_object_keys jsonb_path_exists
        jsonb_path_match jsonb_path_query jsonb_path_query_array jsonb_path_query_first jsonb_pretty jsonb_set
        jsonb_set_lax jsonb_strip_nulls jsonb_typeof justify_days justify_hours justify_interval lag last_value lastval lcm
        lead least left length like_escape ln log log10 lower lower_inc lower_inf lpad ltrim make_date make_interval make_time
        make_timestamp make_timestamptz masklen max md5 min min_scale mod mode multirange netmask network nextval normalize
        now nth_value ntile num_nonnulls num_nulls numnode numrange nummultirange octet_length overlaps overlay parse_ident percent_rank
        percentile_cont percentile_disc pg_restore_attribute_stats pg_restore_relation_stats phraseto_tsquery pi plainto_tsquery position pow power quote_ident quote_literal
        quote_nullable radians random range_agg range_intersect_agg range_merge rank regexp_count regexp_instr regexp_like
        regexp_match regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr regr_avgx
        regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy repeat replace reverse right
        round row_number row_to_json rpad rtrim scale set_bit set_byte set_masklen setweight sha224 sha256 sha384 sha512
        sign similar_escape similar_to_escape split_part sqrt starts_with statement_timestamp stddev stddev_pop stddev_samp
        string_agg string_to_array string_to_table strip strpos substr substring sum text timeofday timezone to_ascii
        to_char to_date to_hex to_json to_jsonb to_number to_timestamp to_tsquery to_tsvector transaction_timestamp
        translate trim_array trim_scale trunc ts_delete ts_filter ts_headline ts_rank ts_rank_cd tsmultirange tsrange
        tstzmultirange tstzrange tsvector_to_array unistr unnest upper upper_inc upper_inf uuidv4 uuidv7 var_pop var_samp variance
        websearch_to_tsquery width_bucket xmlagg xmlcomment xpath xpath_exists
        """.split(whereSeparator: \.isWhitespace).map(String.init)
    )
}
