/// Part of `Torture`: types of every kind, and tables with values at their limits.
let tortureTypes = #"""
    CREATE EXTENSION btree_gist SCHEMA public;
    CREATE SCHEMA types AUTHORIZATION torture_owner;
    COMMENT ON SCHEMA types IS 'types
    on two lines, with ''quotes'', "double quotes" and a \ backslash';
    CREATE TYPE types.mood AS ENUM ('sad', 'o''k', 'very "happy"', '😀');
    ALTER TYPE types.mood ADD VALUE 'between' BEFORE 'o''k';
    CREATE DOMAIN types.positive AS integer DEFAULT 1 CONSTRAINT "must be > 0" CHECK (VALUE > 0);
    CREATE DOMAIN types.checked AS text COLLATE "C" NOT NULL CHECK (VALUE <> 'forbidden') CHECK (length(VALUE) < 100);
    ALTER DOMAIN types.checked ADD CONSTRAINT later CHECK (VALUE <> 'later') NOT VALID;
    CREATE TYPE types.pair AS (a integer, "b c" text COLLATE "C");
    COMMENT ON COLUMN types.pair.a IS 'of a composite type';
    CREATE TYPE types.floatrange AS RANGE (subtype = float8, subtype_diff = float8mi, multirange_type_name = types.floatmulti);
    CREATE TYPE types.shell;
    CREATE FUNCTION types.shell_in(cstring) RETURNS types.shell LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
    CREATE FUNCTION types.shell_out(types.shell) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
    CREATE TYPE types.shell (INPUT = types.shell_in, OUTPUT = types.shell_out, LIKE = integer);
    CREATE COLLATION types.c_again FROM "C";
    CREATE TYPE types.nothing AS ();

    CREATE TABLE types.everything (
        id integer PRIMARY KEY,
        small smallint, big bigint, num numeric, num_p numeric(20, 5), f4 real, f8 double precision, cash money,
        flag boolean, txt text, vc varchar(10), ch char(5), one "char", nm name,
        bytes bytea, bits bit(5), vbits bit varying(12),
        d date, t time, tz time with time zone, ts timestamp, tstz timestamptz(3), iv interval, iv_day interval day to second(2),
        addr inet, net cidr, mac macaddr, mac8 macaddr8,
        js json, jsb jsonb, doc xml, vec tsvector, q tsquery, u uuid,
        p point, l line, s lseg, b box, pth path, poly polygon, c circle,
        ir int4range, nr numrange, tr tstzrange, fr types.floatrange, mr int4multirange,
        m types.mood, pos types.positive, chk types.checked, comp types.pair, odd types.shell,
        ints integer[], texts text[], grid integer[][], moods types.mood[], comps types.pair[], doms types.positive[],
        o oid, rc regclass, lsn pg_lsn, jp jsonpath);
    ALTER TABLE types.everything OWNER TO torture_owner;
    INSERT INTO types.everything (id, chk) VALUES (0, 'all the others are NULL');
    INSERT INTO types.everything VALUES (1, -32768, -9223372036854775808, 'NaN', -999999999999999.99999, '-Infinity',
        1.7976931348623157e308, '-92233720368547758.08', true, '', '', '', '', '', '', B'00000', '',
        '4713-01-01 BC', '00:00', '00:00:00+15:59', '-infinity', 'infinity', '-178000000 years', '1 day 02:03:04.05',
        '0.0.0.0/0', '::/0', '00:00:00:00:00:00', '00:00:00:00:00:00:00:00', 'null', 'null', '', '', '',
        '00000000-0000-0000-0000-000000000000', '(0,0)', '{1,0,0}', '((0,0),(1,1))', '((1,1),(0,0))', '((0,0))', '((0,0))',
        '<(0,0),0>', 'empty', 'empty', 'empty', 'empty', '{}', 'sad', 1, '', ROW(NULL, NULL), '7', '{}', '{}', '{}', '{}', '{}',
        '{}', 0, 'pg_class', '0/0', '$');
    INSERT INTO types.everything VALUES (2, 32767, 9223372036854775807, 'Infinity', 0.00001, 'NaN', 'NaN',
        '92233720368547758.07', false, E'\\.', E'a\tb\nc\rd\\', 'ab', '\', repeat('n', 63),
        '\x00ff5c0a0d09', B'11111', B'101', 'infinity', '24:00', '23:59:59.999999-15:59', '4713-01-01 00:00:00 BC',
        '294276-12-31 23:59:59.999+00', '1 year -2 mons +3 days -04:05:06.789', '-1 day',
        '192.168.1.255/24', '10.0.0.0/8', 'ff:ff:ff:ff:ff:ff', 'ff:ff:ff:ff:ff:ff:ff:ff', '{"a" :  1, "a":2}', '{"b": [1, 2.50, "\\u00e9", null]}',
        '<a b="c">&lt;é</a>', 'a:1A fat:2B,4C ''it''''s'':7', 'fat & (rat | !cat:*)', 'ffffffff-ffff-ffff-ffff-ffffffffffff',
        '(1e-300,-1e300)', '{1,2,3}', '[(0.1,0.2),(0.3,0.4)]', '(1,1),(0,0)', '[(0,0),(1,1)]', '((0,0),(1,1),(1,0))', '<(1.5,2.5),3.25>',
        '[1,10)', '(,0.5]', '["2001-01-01 00:00+00",)', '[1.1,2.2)', '{[1,3),[5,7)}', '😀', 2147483647, E'a\nb', ROW(1, E'"\\,)('), '-1',
        '{1,NULL,-3}', ARRAY['', NULL, 'NULL', '{}', '"', '\', ',', E'\n'], '{{1,2},{3,4}}', '{sad,😀}', ARRAY[ROW(1, 'x')::types.pair], '{1,2}',
        4294967295, 'types.everything', 'FFFFFFFF/FFFFFFFF', '$.a[*] ? (@ > 1)');
    INSERT INTO types.everything (id, f4, f8, num, chk, ints, txt) VALUES
        (3, 1.17549435e-38, 4.9406564584124654e-324, 1e-1000, 'denormal', '[-2:0]={1,2,3}', 'e' || U&'\0301'),
        (4, 0.1::real + 0.2::real, 0.1::float8 + 0.2::float8, '1.10', 'inexact', '{1}', U&'\00e9'),
        (5, '-0', '-0', '-0.0', 'zero', NULL, E'\r\n'),
        (6, 16777217, 9007199254740993, '0.000', 'integers', NULL, '\N'),
        (7, 'Infinity', '-Infinity', '-Infinity', 'infinite', NULL, ' leading and trailing '),
        (8, 3.4028235e38, 2.2250738585072014e-308, repeat('9', 1000)::numeric, 'large', NULL, E'\u202e\u200d👩‍👩‍👧‍👦 ا日本');
    CREATE TABLE types.nothings (a types.nothing, n integer);
    INSERT INTO types.nothings VALUES (ROW(), 1), (NULL, 2);

    CREATE TABLE types."no columns" ();
    INSERT INTO types."no columns" DEFAULT VALUES;
    INSERT INTO types."no columns" DEFAULT VALUES;
    INSERT INTO types."no columns" DEFAULT VALUES;
    CREATE TABLE types.only_generated (g integer GENERATED ALWAYS AS (6 * 7) STORED);
    INSERT INTO types.only_generated DEFAULT VALUES;
    INSERT INTO types.only_generated DEFAULT VALUES;
    CREATE TABLE types.generated (
        a integer, doubled bigint GENERATED ALWAYS AS (a * 2) STORED, b text, up text GENERATED ALWAYS AS (upper(b)) STORED);
    INSERT INTO types.generated (a, b) VALUES (1, 'x'), (NULL, 'é'), (3, NULL);
    CREATE TABLE types.identities (
        always integer GENERATED ALWAYS AS IDENTITY (START WITH 100 INCREMENT BY 10),
        by_default bigint GENERATED BY DEFAULT AS IDENTITY (MINVALUE -50 MAXVALUE 50 START WITH -10 CYCLE), v text);
    INSERT INTO types.identities (v) VALUES ('a'), ('b');
    INSERT INTO types.identities (always, v) OVERRIDING SYSTEM VALUE VALUES (7, 'c');
    CREATE TABLE types.never_used (id integer GENERATED ALWAYS AS IDENTITY, s serial);
    CREATE TABLE types.serials (id serial PRIMARY KEY, big bigserial, small smallserial, v text DEFAULT 'a ''default'' \');
    INSERT INTO types.serials (v) SELECT 'v' || n FROM generate_series(1, 10) n;
    DELETE FROM types.serials WHERE id > 5;
    ALTER TABLE types.serials DROP COLUMN small;
    ALTER TABLE types.serials ADD COLUMN added integer DEFAULT 5;

    CREATE SEQUENCE types.never_called;
    CREATE SEQUENCE types.called START 5;
    SELECT nextval('types.called'), nextval('types.called');
    CREATE SEQUENCE types.set_not_called;
    SELECT setval('types.set_not_called', 42, false);
    CREATE SEQUENCE types.descending AS smallint INCREMENT -3 MINVALUE -1000 MAXVALUE -1 START -1 CACHE 7;
    SELECT nextval('types.descending'), nextval('types.descending');
    CREATE SEQUENCE types.owned OWNED BY types.serials.added;
    SELECT setval('types.owned', 9223372036854775807);
    CREATE UNLOGGED SEQUENCE types.unlogged_sequence;
    SELECT nextval('types.unlogged_sequence');
    COMMENT ON SEQUENCE types.called IS 'called';
    """#
