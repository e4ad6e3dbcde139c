/// Part of `Torture`: owners, privileges, large objects.
let tortureRights = #"""
    ALTER TABLE keys.clustered OWNER TO "Tört ""role"" %\ 😀";
    ALTER SCHEMA parts OWNER TO torture_owner;
    ALTER TABLE parts.by_range OWNER TO torture_owner;
    ALTER FUNCTION code.plain(integer, text, integer[]) OWNER TO torture_owner;
    ALTER VIEW code.simple OWNER TO torture_owner;
    ALTER MATERIALIZED VIEW code.first OWNER TO torture_reader;
    ALTER TYPE types.mood OWNER TO torture_owner;
    ALTER SEQUENCE types.called OWNER TO torture_owner;
    ALTER PUBLICATION "some" OWNER TO granary;
    GRANT SELECT ON code.log TO torture_owner WITH GRANT OPTION;
    GRANT SELECT ON code.log TO torture_reader;
    GRANT USAGE ON SCHEMA code, types, keys, parts TO PUBLIC;
    GRANT ALL ON SCHEMA code TO torture_owner;
    REVOKE CREATE ON SCHEMA types FROM torture_owner;
    SET ROLE torture_owner;
    GRANT SELECT (at, what), UPDATE (what) ON code.log TO "Tört ""role"" %\ 😀";
    RESET ROLE;
    GRANT INSERT (what), REFERENCES (at) ON code.log TO torture_reader WITH GRANT OPTION;
    REVOKE INSERT, TRUNCATE ON types.everything FROM torture_owner;
    REVOKE ALL ON keys.clustered FROM "Tört ""role"" %\ 😀";
    GRANT SELECT ON keys.clustered TO PUBLIC;
    REVOKE EXECUTE ON FUNCTION code.quotes() FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION code.quotes() TO torture_reader WITH GRANT OPTION;
    GRANT USAGE, UPDATE ON SEQUENCE types.called TO torture_reader;
    REVOKE USAGE ON TYPE types.mood FROM PUBLIC;
    GRANT USAGE ON TYPE types.mood TO torture_reader;
    GRANT USAGE ON DOMAIN types.positive TO torture_reader WITH GRANT OPTION;
    REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC;
    GRANT USAGE ON LANGUAGE plpgsql TO torture_owner;
    GRANT USAGE ON FOREIGN DATA WRAPPER "my wrapper" TO torture_reader;
    GRANT SELECT ON pg_catalog.pg_statistic TO torture_reader;
    GRANT EXECUTE ON FUNCTION ext.citext_hash(ext.citext) TO torture_reader;
    ALTER DEFAULT PRIVILEGES FOR ROLE torture_owner IN SCHEMA code GRANT SELECT ON TABLES TO torture_reader WITH GRANT OPTION;
    ALTER DEFAULT PRIVILEGES FOR ROLE granary GRANT SELECT ON TABLES TO "Tört ""role"" %\ 😀";
    ALTER DEFAULT PRIVILEGES FOR ROLE torture_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
    ALTER DEFAULT PRIVILEGES FOR ROLE granary GRANT CREATE ON SCHEMAS TO torture_reader;
    ALTER DEFAULT PRIVILEGES FOR ROLE granary REVOKE USAGE ON TYPES FROM PUBLIC;

    COMMENT ON TABLE code.log IS 'a table';
    COMMENT ON COLUMN code.log.what IS 'a column';
    COMMENT ON FUNCTION code.plain(integer, text, integer[]) IS 'a function';
    COMMENT ON TYPE types.mood IS 'a type';
    COMMENT ON DOMAIN types.positive IS 'a domain';
    COMMENT ON CONSTRAINT "must be > 0" ON DOMAIN types.positive IS 'its check';
    COMMENT ON TEXT SEARCH CONFIGURATION code.search IS 'a configuration';
    COMMENT ON FOREIGN DATA WRAPPER "my wrapper" IS 'a wrapper';
    COMMENT ON CONVERSION code.conv IS 'a conversion';
    COMMENT ON COLLATION types.c_again IS 'a collation';
    COMMENT ON OPERATOR CLASS code.shell_ops USING btree IS 'a class';

    SELECT lo_from_bytea(100001, '\x00ff5c0a2e');
    SELECT lo_create(100002);
    SELECT lo_from_bytea(100003, convert_to(repeat('0123456789abcdef', 40000), 'UTF8'));
    SELECT lo_create(100004);
    SELECT lo_put(100004, 1000000, '\xdeadbeef');
    SELECT lo_from_bytea(100005, decode(repeat('ab', 262144), 'hex'));
    ALTER LARGE OBJECT 100003 OWNER TO torture_owner;
    GRANT SELECT ON LARGE OBJECT 100003 TO PUBLIC;
    GRANT SELECT, UPDATE ON LARGE OBJECT 100001 TO torture_reader WITH GRANT OPTION;
    REVOKE UPDATE ON LARGE OBJECT 100003 FROM torture_owner;
    COMMENT ON LARGE OBJECT 100002 IS 'an ''empty'' one';
    SELECT lo_from_bytea(100000 + n, decode(md5(n::text), 'hex')) FROM generate_series(100, 130) n;

    -- From here on every DDL leaves a row: a restore that makes event triggers too early has more of them.
    CREATE TABLE code.ddl (tag text);
    CREATE FUNCTION code.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $f$
        BEGIN IF TG_TAG <> 'DROP SCHEMA' THEN INSERT INTO code.ddl VALUES (TG_TAG); END IF; END $f$;
    CREATE EVENT TRIGGER "on ddl" ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE', 'CREATE INDEX', 'GRANT') EXECUTE FUNCTION code.on_ddl();
    CREATE EVENT TRIGGER off ON sql_drop EXECUTE FUNCTION code.on_ddl();
    ALTER EVENT TRIGGER off DISABLE;
    COMMENT ON EVENT TRIGGER "on ddl" IS 'an event trigger';
    CREATE TABLE code.after_the_trigger ();
    """#
