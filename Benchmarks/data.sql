-- Data in the shape of TPC-H's lineitem and orders, with numerics, dates and text, and a wide table with jsonb.
-- Every value is computed from its row's number, so each run makes the same rows.
CREATE FUNCTION public.scramble(bigint, bigint) RETURNS bigint IMMUTABLE PARALLEL SAFE LANGUAGE sql AS
    'SELECT (hashint8extended($1, $2) & 9223372036854775807)';
CREATE FUNCTION public.phrase(seed bigint, count int) RETURNS text IMMUTABLE PARALLEL SAFE LANGUAGE sql AS
    $$ SELECT string_agg((string_to_array('furiously quickly carefully blithely slyly fluffily silent even final regular express bold ironic pending special unusual requests deposits accounts packages theodolites instructions foxes ideas pinto beans platelets dependencies asymptotes courts dolphins sleep wake haggle nag cajole boost detect integrate among across above against along the according to after about beyond into', ' '))[1 + (public.scramble(seed, i) % 51)], ' ') FROM generate_series(1, count) i $$;
-- Phrases are drawn from a pool, since making one for each row would take longer than all the rest.
CREATE TABLE phrases AS SELECT n AS number, public.phrase(n, 2 + (public.scramble(n, 77) % 6)::int) AS text FROM generate_series(0, 65535) n;

CREATE TABLE orders (
    o_orderkey bigint NOT NULL, o_custkey bigint NOT NULL, o_orderstatus char(1) NOT NULL, o_totalprice numeric(15, 2) NOT NULL,
    o_orderdate date NOT NULL, o_orderpriority char(15) NOT NULL, o_clerk char(15) NOT NULL, o_shippriority int NOT NULL,
    o_comment varchar(120) NOT NULL);
INSERT INTO orders
    SELECT n, 1 + public.scramble(n, 1) % 150000, substr('OFP', 1 + (public.scramble(n, 2) % 3)::int, 1),
           (public.scramble(n, 3) % 50000000) / 100.0, date '1992-01-01' + (public.scramble(n, 4) % 2406)::int,
           (ARRAY['1-URGENT', '2-HIGH', '3-MEDIUM', '4-NOT SPECIFIED', '5-LOW'])[1 + (public.scramble(n, 5) % 5)],
           'Clerk#' || lpad((public.scramble(n, 6) % 1000)::text, 9, '0'), 0, p.text
    FROM generate_series(1, :millions * 250000) n JOIN phrases p ON p.number = public.scramble(n, 7) % 65536;

CREATE TABLE lineitem (
    l_orderkey bigint NOT NULL, l_partkey bigint NOT NULL, l_suppkey bigint NOT NULL, l_linenumber int NOT NULL,
    l_quantity numeric(15, 2) NOT NULL, l_extendedprice numeric(15, 2) NOT NULL, l_discount numeric(15, 2) NOT NULL,
    l_tax numeric(15, 2) NOT NULL, l_returnflag char(1) NOT NULL, l_linestatus char(1) NOT NULL, l_shipdate date NOT NULL,
    l_commitdate date NOT NULL, l_receiptdate date NOT NULL, l_shipinstruct char(25) NOT NULL, l_shipmode char(10) NOT NULL,
    l_comment varchar(120) NOT NULL);
INSERT INTO lineitem
    SELECT 1 + n / 4, 1 + public.scramble(n, 11) % 200000, 1 + public.scramble(n, 12) % 10000, 1 + n % 4,
           1 + public.scramble(n, 13) % 50, 900 + (public.scramble(n, 14) % 9500000) / 100.0,
           (public.scramble(n, 15) % 11) / 100.0, (public.scramble(n, 16) % 9) / 100.0,
           substr('ANR', 1 + (public.scramble(n, 17) % 3)::int, 1), substr('OF', 1 + (public.scramble(n, 18) % 2)::int, 1),
           d, d + (public.scramble(n, 19) % 60)::int - 30, d + 1 + (public.scramble(n, 20) % 30)::int,
           (ARRAY['DELIVER IN PERSON', 'COLLECT COD', 'NONE', 'TAKE BACK RETURN'])[1 + (public.scramble(n, 21) % 4)],
           (ARRAY['REG AIR', 'AIR', 'RAIL', 'SHIP', 'TRUCK', 'MAIL', 'FOB'])[1 + (public.scramble(n, 22) % 7)],
           left(p.text, 44)
    FROM generate_series(0, :millions * 1000000 - 1) n
    JOIN phrases p ON p.number = public.scramble(n, 24) % 65536,
    LATERAL (SELECT date '1992-01-02' + (public.scramble(n, 23) % 2500)::int AS d) s;

CREATE TABLE events (
    id bigint GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL, kind text NOT NULL, actor uuid NOT NULL, payload jsonb NOT NULL,
    tags text[] NOT NULL, amount numeric, note text, a1 int, a2 int, a3 int, a4 int, a5 int, b1 text, b2 text, b3 text);
INSERT INTO events (at, kind, actor, payload, tags, amount, note, a1, a2, a3, a4, a5, b1, b2, b3)
    SELECT timestamptz '2026-01-01 00:00:00+00' + n * interval '1.7 seconds',
           (ARRAY['created', 'updated', 'viewed', 'deleted'])[1 + (public.scramble(n, 31) % 4)], md5(n::text)::uuid,
           jsonb_build_object('id', n, 'user', jsonb_build_object('name', p.text, 'age', public.scramble(n, 32) % 90,
               'active', n % 3 = 0), 'items', jsonb_build_array(public.scramble(n, 33) % 1000, public.scramble(n, 34) % 1000, 'x' || n),
               'score', (public.scramble(n, 35) % 100000) / 1000.0),
           ARRAY[p.text, 'tag' || (n % 50)], CASE WHEN n % 4 = 0 THEN NULL ELSE (public.scramble(n, 36) % 1000000) / 100.0 END,
           CASE WHEN n % 2 = 0 THEN q.text END, n % 7, n % 11, n % 101, n % 1009, n % 10007, p.text, NULL, q.text
    FROM generate_series(1, :millions * 60000) n JOIN phrases p ON p.number = public.scramble(n, 37) % 65536
    JOIN phrases q ON q.number = public.scramble(n, 38) % 65536;

DROP TABLE phrases;
ALTER TABLE orders ADD PRIMARY KEY (o_orderkey);
ALTER TABLE lineitem ADD PRIMARY KEY (l_orderkey, l_linenumber);
ALTER TABLE events ADD PRIMARY KEY (id);
CREATE INDEX ON orders (o_custkey);
CREATE INDEX ON lineitem (l_partkey, l_suppkey);
CREATE INDEX ON lineitem (l_shipdate);
CREATE INDEX ON events (at);
ALTER TABLE lineitem ADD FOREIGN KEY (l_orderkey) REFERENCES orders;
VACUUM ANALYZE;
