/// A database whose owner attacks everyone who connects to it.
///
/// Any name without a schema is first looked up in `evil`, because of the database's search path. `evil` has a function
/// for each function of PostgreSQL, an operator for each operator, a type for the usual types, and a view for each
/// catalog. Each writes an alarm into the server's log when it runs.
package enum HostileOwner {
    private static let word = "alarm of the hostile owner"

    /// - Parameters:
    ///   - url: A database of the test, as a superuser.
    ///   - schema: The schema for all of it; `evil` is created, another one must exist.
    package static func fill(_ url: String, schema: String = "evil") async throws {
        try await psql(
            url,
            schema == "evil" ? sql : sql.replacing("CREATE SCHEMA evil;", with: "").replacing("evil", with: schema)
        )
    }

    /// A function `public.own(text)` that writes an alarm, for traps that the test itself sets.
    package static let ownFunction = """
        CREATE FUNCTION public.own(what text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
            $$ BEGIN RAISE LOG '\(word): % runs in %', what, pg_catalog.current_setting('application_name'); RETURN what; END $$;
        """

    /// The alarms from sessions of granary, or of programs that granary started; psql belongs to the test.
    package static func alarms(_ server: ThrowawayServer, _ database: String) -> [String] {
        // The log of a server that many tests share is long.
        let found = shell("grep -aF 'LOG:  \(word)' '\(server.log)'")
        // grep ends with 1 if it finds nothing.
        guard found.status < 2, found.status >= 0 else { return ["grep failed: \(found)"] }
        return found.output.split(separator: "\n")
            .filter { $0.contains("@\(database) ") && !$0.hasSuffix(" in psql") }.map(String.init)
    }

    private static let sql = """
        CREATE SCHEMA evil;
        CREATE FUNCTION evil.alarm(what text) RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog AS
            $$ BEGIN RAISE LOG '\(word): % runs in %', what, current_setting('application_name'); RETURN true; END $$;
        DO $do$
        DECLARE it record; arguments text; number integer := 0;
        BEGIN
            FOR it IN
                SELECT p.proname, p.prorettype::regtype AS result, p.proretset, p.oid::regprocedure::text AS title,
                    p.proargtypes::oid[] AS types
                FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f'
                    AND p.prorettype::regtype::text NOT IN ('internal', 'cstring', 'record', 'trigger', 'event_trigger', 'void')
                    AND NOT EXISTS (SELECT FROM pg_type t WHERE t.typtype = 'p' AND (t.oid = p.prorettype OR t.oid = ANY (p.proargtypes)))
            LOOP
                EXECUTE format('CREATE FUNCTION evil.%I(%s) RETURNS %s %s LANGUAGE plpgsql AS $f$ BEGIN PERFORM evil.alarm(%L); RETURN %s; END $f$',
                    it.proname, (SELECT string_agg(t::regtype::text, ', ' ORDER BY n) FROM unnest(it.types) WITH ORDINALITY u (t, n)),
                    CASE WHEN it.proretset THEN 'SETOF' ELSE '' END, it.result, it.title,
                    CASE WHEN it.proretset THEN '' ELSE 'NULL' END);
            END LOOP;
            -- What takes anything, taken more exactly.
            FOR it IN SELECT unnest(ARRAY['text', 'name', 'integer', 'bigint', 'oid', 'boolean', 'timestamp with time zone']) AS type LOOP
                EXECUTE format('CREATE FUNCTION evil.unnest(%s[]) RETURNS SETOF %1$s LANGUAGE plpgsql AS $f$ BEGIN PERFORM evil.alarm(''unnest''); END $f$', it.type);
                EXECUTE format('CREATE FUNCTION evil.format(text, %s) RETURNS text LANGUAGE plpgsql AS $f$ BEGIN PERFORM evil.alarm(''format''); RETURN NULL; END $f$', it.type);
                EXECUTE format('CREATE FUNCTION evil.string_agg(%s, text) RETURNS text LANGUAGE plpgsql AS $f$ BEGIN PERFORM evil.alarm(''string_agg''); RETURN NULL; END $f$', it.type);
                EXECUTE format('CREATE FUNCTION evil.array_agg(%s) RETURNS text[] LANGUAGE plpgsql AS $f$ BEGIN PERFORM evil.alarm(''array_agg''); RETURN NULL; END $f$', it.type);
                EXECUTE format('CREATE FUNCTION evil.count(%s) RETURNS bigint LANGUAGE plpgsql AS $f$ BEGIN PERFORM evil.alarm(''count''); RETURN 0; END $f$', it.type);
                EXECUTE format('CREATE FUNCTION evil.max(%s) RETURNS %1$s LANGUAGE plpgsql AS $f$ BEGIN PERFORM evil.alarm(''max''); RETURN NULL; END $f$', it.type);
                EXECUTE format('CREATE FUNCTION evil.min(%s) RETURNS %1$s LANGUAGE plpgsql AS $f$ BEGIN PERFORM evil.alarm(''min''); RETURN NULL; END $f$', it.type);
            END LOOP;
            FOR it IN
                SELECT o.oprname, o.oprleft, o.oprright, o.oprresult::regtype AS result FROM pg_operator o
                WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oprleft <> 0 AND o.oprresult <> 0
                    AND NOT EXISTS (SELECT FROM pg_type t WHERE t.typtype = 'p' AND t.oid IN (o.oprleft, o.oprright, o.oprresult))
            LOOP
                number := number + 1;
                EXECUTE format('CREATE FUNCTION evil.operator_%s(%s, %s) RETURNS %s LANGUAGE plpgsql AS $f$ BEGIN PERFORM evil.alarm(%L); RETURN NULL; END $f$',
                    number, it.oprleft::regtype, it.oprright::regtype, it.result, 'operator ' || it.oprname);
                EXECUTE format('CREATE OPERATOR evil.%s (FUNCTION = evil.operator_%s, LEFTARG = %s, RIGHTARG = %s)',
                    it.oprname, number, it.oprleft::regtype, it.oprright::regtype);
            END LOOP;
            -- For pairs that PostgreSQL itself has to convert first.
            FOR it IN SELECT l, r, o FROM unnest(ARRAY['name', 'text', 'character varying', '"char"', 'oid', 'integer', 'regclass']) l,
                unnest(ARRAY['name', 'text', 'character varying', '"char"', 'oid', 'integer', 'regclass']) r,
                unnest(ARRAY['=', '<>', '~', '!~', '~~', '!~~', '||']) o
            LOOP
                number := number + 1;
                BEGIN
                    EXECUTE format('CREATE FUNCTION evil.operator_%s(%s, %s) RETURNS boolean LANGUAGE plpgsql AS $f$ BEGIN PERFORM evil.alarm(%L); RETURN NULL; END $f$',
                        number, it.l, it.r, 'operator ' || it.o);
                    EXECUTE format('CREATE OPERATOR evil.%s (FUNCTION = evil.operator_%s, LEFTARG = %s, RIGHTARG = %s)', it.o, number, it.l, it.r);
                EXCEPTION WHEN duplicate_function THEN NULL;
                END;
            END LOOP;
            FOR it IN SELECT relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind IN ('r', 'v')
                    AND relname NOT LIKE 'pg_statistic%'
                    AND NOT EXISTS (SELECT FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
                        WHERE a.attrelid = pg_class.oid AND t.typtype = 'p') LOOP
                EXECUTE format('CREATE VIEW evil.%I AS SELECT * FROM pg_catalog.%1$I WHERE evil.alarm(%L)', it.relname, 'view ' || it.relname);
            END LOOP;
            FOR it IN SELECT unnest(ARRAY['text', 'name', 'oid', 'regclass', 'regtype', 'regprocedure', 'regnamespace', 'int2', 'int4', 'int8',
                'float8', 'bool', 'timestamptz', 'date', 'jsonb', 'json', 'uuid', 'bytea', 'regrole', 'xid', 'tid']) AS type
            LOOP
                EXECUTE format('CREATE DOMAIN evil.%I AS pg_catalog.%1$I CHECK (evil.alarm(%L))', it.type, 'type ' || it.type);
            END LOOP;
            EXECUTE format('ALTER DATABASE %I SET search_path = evil, pg_catalog, public', current_database());
            EXECUTE format('ALTER ROLE %I IN DATABASE %I SET search_path = evil, pg_catalog, public', current_user, current_database());
        END $do$;
        """
}
