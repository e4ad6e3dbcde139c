/// Part of `Torture`: views, functions, triggers, rules, policies, and objects without a schema.
let tortureCode = #"""
    CREATE SCHEMA code;
    CREATE TABLE code.log (at serial PRIMARY KEY, what text, n integer DEFAULT 0);
    INSERT INTO code.log (what) VALUES ('a'), ('b');
    CREATE FUNCTION code.plain(a integer, INOUT b text DEFAULT 'x', VARIADIC rest integer[] DEFAULT '{}') RETURNS text
        LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = code, pg_temp SET work_mem = '8MB' COST 7 AS
        $f$ BEGIN b := b || a; -- Name: not an item; Type: TABLE
        RETURN; END $f$;
    CREATE FUNCTION code.atomic(x integer) RETURNS bigint IMMUTABLE PARALLEL SAFE
        BEGIN ATOMIC SELECT count(*) FROM generate_series(1, x); SELECT x::bigint * 2; END;
    CREATE FUNCTION code.reads() RETURNS bigint BEGIN ATOMIC SELECT sum(n) FROM code.log GROUP BY at LIMIT 1; END;
    CREATE FUNCTION code.quotes() RETURNS text LANGUAGE sql AS 'SELECT ''$body$ it''''s \ ''::text';
    CREATE PROCEDURE code.proc(INOUT x integer) LANGUAGE plpgsql AS $$ BEGIN x := x + 1; END $$;
    CREATE FUNCTION code.table_returning(OUT a integer, OUT "b " text) RETURNS SETOF record LANGUAGE sql ROWS 5 AS $$ SELECT 1, 'x'::text $$;
    CREATE FUNCTION code.row_of(code.log) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT $1.what $$;
    CREATE AGGREGATE code.product(integer) (SFUNC = int4mul, STYPE = integer, INITCOND = '1');
    CREATE AGGREGATE code.nth(float8 ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA);
    COMMENT ON AGGREGATE code.product(integer) IS 'a product';
    CREATE FUNCTION code.near(types.pair, types.pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT abs($1.a - $2.a) < 2 $$;
    CREATE OPERATOR code.~~~ (LEFTARG = types.pair, RIGHTARG = types.pair, FUNCTION = code.near, COMMUTATOR = OPERATOR(code.~~~));
    COMMENT ON OPERATOR code.~~~ (types.pair, types.pair) IS 'near';
    CREATE FUNCTION code.compare(types.shell, types.shell) RETURNS integer LANGUAGE internal IMMUTABLE STRICT AS 'btint4cmp';
    CREATE FUNCTION code.less(types.shell, types.shell) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT AS 'int4lt';
    CREATE FUNCTION code.same(types.shell, types.shell) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT AS 'int4eq';
    CREATE OPERATOR code.< (LEFTARG = types.shell, RIGHTARG = types.shell, FUNCTION = code.less);
    CREATE OPERATOR code.= (LEFTARG = types.shell, RIGHTARG = types.shell, FUNCTION = code.same, MERGES, HASHES);
    CREATE OPERATOR FAMILY code.shells USING btree;
    CREATE OPERATOR CLASS code.shell_ops DEFAULT FOR TYPE types.shell USING btree FAMILY code.shells AS
        OPERATOR 1 code.<, OPERATOR 3 code.=, FUNCTION 1 code.compare(types.shell, types.shell);
    CREATE INDEX odd_order ON types.everything (odd);
    CREATE FUNCTION code.to_int(types.pair) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT $1.a $$;
    CREATE CAST (types.pair AS integer) WITH FUNCTION code.to_int(types.pair) AS ASSIGNMENT;
    COMMENT ON CAST (types.pair AS integer) IS 'a cast';
    CREATE TEXT SEARCH DICTIONARY code.dict (TEMPLATE = simple, STOPWORDS = english, ACCEPT = false);
    CREATE TEXT SEARCH CONFIGURATION code.search (COPY = pg_catalog.simple);
    ALTER TEXT SEARCH CONFIGURATION code.search ALTER MAPPING FOR asciiword WITH code.dict, simple;
    CREATE CONVERSION code.conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;

    CREATE VIEW code.simple AS SELECT at, what FROM code.log WHERE n >= 0 WITH CASCADED CHECK OPTION;
    ALTER VIEW code.simple ALTER COLUMN what SET DEFAULT 'view';
    CREATE VIEW code.barrier WITH (security_barrier = true, security_invoker = true) AS SELECT * FROM code.simple;
    CREATE VIEW code.grouped AS SELECT l.at, l.what, count(*) AS c FROM code.log l GROUP BY l.at;
    CREATE VIEW code.on_grouped AS SELECT max(c) AS m FROM code.grouped;
    CREATE RECURSIVE VIEW code.numbers (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM numbers WHERE n < 5;
    CREATE VIEW code.mutual_a AS SELECT 1 AS x, ''::text AS y;
    CREATE VIEW code.mutual_b AS SELECT x, y FROM code.mutual_a;
    CREATE FUNCTION code.from_b() RETURNS SETOF code.mutual_b LANGUAGE sql AS $$ SELECT * FROM code.mutual_b $$;
    CREATE MATERIALIZED VIEW code.first AS SELECT what, count(*) AS c FROM code.log GROUP BY what;
    CREATE MATERIALIZED VIEW code.a_second AS SELECT sum(c) AS total FROM code.first;
    CREATE MATERIALIZED VIEW code.zz_third WITH (fillfactor = 60) TABLESPACE torture_space AS SELECT total + 1 AS more FROM code.a_second;
    CREATE MATERIALIZED VIEW code.of_grouped AS SELECT * FROM code.grouped;
    CREATE INDEX of_grouped_at ON code.of_grouped (at);
    CREATE UNIQUE INDEX first_what ON code.first (what);
    ALTER MATERIALIZED VIEW code.first CLUSTER ON first_what;
    CREATE MATERIALIZED VIEW code.unpopulated AS SELECT 1 / 0 AS boom WITH NO DATA;
    COMMENT ON MATERIALIZED VIEW code.first IS 'first';
    COMMENT ON VIEW code.simple IS 'simple';
    COMMENT ON COLUMN code.simple.what IS 'a view''s column';

    CREATE FUNCTION code.on_change() RETURNS trigger LANGUAGE plpgsql AS $f$
        BEGIN INSERT INTO code.fired VALUES (TG_NAME); RETURN coalesce(NEW, OLD); END $f$;
    CREATE TABLE code.fired (name text);
    CREATE TABLE code.watched (id integer PRIMARY KEY, v text, n integer DEFAULT 0);
    INSERT INTO code.watched VALUES (1, 'x'), (2, 'y');
    CREATE TRIGGER before_row BEFORE INSERT OR UPDATE OF v ON code.watched FOR EACH ROW WHEN (NEW.v IS DISTINCT FROM 'skip') EXECUTE FUNCTION code.on_change('an ''argument''', '\');
    CREATE TRIGGER after_statement AFTER DELETE ON code.watched REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION code.on_change();
    CREATE TRIGGER on_truncate BEFORE TRUNCATE ON code.watched EXECUTE FUNCTION code.on_change();
    CREATE TRIGGER disabled AFTER INSERT ON code.watched FOR EACH ROW EXECUTE FUNCTION code.on_change();
    ALTER TABLE code.watched DISABLE TRIGGER disabled;
    CREATE TRIGGER always AFTER INSERT ON code.watched FOR EACH ROW EXECUTE FUNCTION code.on_change();
    ALTER TABLE code.watched ENABLE ALWAYS TRIGGER always;
    CREATE TRIGGER replica AFTER INSERT ON code.watched FOR EACH ROW EXECUTE FUNCTION code.on_change();
    ALTER TABLE code.watched ENABLE REPLICA TRIGGER replica;
    CREATE CONSTRAINT TRIGGER deferred AFTER INSERT ON code.watched FROM code.log DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION code.on_change();
    CREATE TRIGGER instead INSTEAD OF INSERT ON code.on_grouped FOR EACH ROW EXECUTE FUNCTION code.on_change();
    COMMENT ON TRIGGER before_row ON code.watched IS 'a trigger';
    CREATE RULE "a rule" AS ON DELETE TO code.watched WHERE OLD.n > 5 DO INSTEAD NOTHING;
    CREATE RULE also AS ON UPDATE TO code.log DO ALSO (INSERT INTO code.fired VALUES ('rule'); NOTIFY code);
    ALTER TABLE code.log DISABLE RULE also;
    COMMENT ON RULE also ON code.log IS 'a rule';

    CREATE TABLE code.secret (id integer, owner_name name DEFAULT current_user);
    INSERT INTO code.secret VALUES (1, 'a'), (2, 'b'), (3, 'c');
    ALTER TABLE code.secret ENABLE ROW LEVEL SECURITY;
    ALTER TABLE code.secret FORCE ROW LEVEL SECURITY;
    CREATE POLICY own ON code.secret AS PERMISSIVE FOR SELECT TO torture_reader, "Tört ""role"" %\ 😀" USING (owner_name = current_user);
    CREATE POLICY "re'strict" ON code.secret AS RESTRICTIVE FOR ALL TO PUBLIC USING (id > 0) WITH CHECK (id < 100);
    COMMENT ON POLICY own ON code.secret IS 'a policy';
    CREATE TABLE code.only_enabled (id integer);
    ALTER TABLE code.only_enabled ENABLE ROW LEVEL SECURITY;
    INSERT INTO code.only_enabled VALUES (1);

    CREATE SCHEMA ext;
    CREATE EXTENSION citext SCHEMA ext;
    CREATE TABLE code.insensitive (v ext.citext PRIMARY KEY);
    INSERT INTO code.insensitive VALUES ('MiXeD');
    CREATE EXTENSION postgres_fdw SCHEMA ext;
    COMMENT ON EXTENSION citext IS 'an extension with another comment';
    CREATE FOREIGN DATA WRAPPER "my wrapper" OPTIONS (debug 'true');
    CREATE SERVER far TYPE 'a type' VERSION '1' FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'nowhere.invalid', dbname 'a ''b'' \c');
    CREATE SERVER "other server" FOREIGN DATA WRAPPER "my wrapper";
    COMMENT ON SERVER far IS 'far away';
    CREATE USER MAPPING FOR torture_owner SERVER far OPTIONS (user 'someone', password 'it''s a secret');
    CREATE USER MAPPING FOR PUBLIC SERVER far;
    CREATE FOREIGN TABLE code.foreign_table (id integer OPTIONS (column_name 'ID') NOT NULL, v text) SERVER far OPTIONS (table_name 'T');
    COMMENT ON FOREIGN TABLE code.foreign_table IS 'foreign';
    GRANT USAGE ON FOREIGN SERVER far TO torture_reader;

    CREATE PUBLICATION "some" FOR TABLE code.log (at, what) WHERE (at > 0), keys.clustered WITH (publish = 'insert, delete');
    CREATE PUBLICATION everything FOR ALL TABLES WITH (publish_via_partition_root = true);
    CREATE PUBLICATION schemas FOR TABLES IN SCHEMA family;
    COMMENT ON PUBLICATION "some" IS 'published';
    """#
