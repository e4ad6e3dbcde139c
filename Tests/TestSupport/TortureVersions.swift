extension Torture {
    /// Features of each major version of PostgreSQL that a backup must preserve, in the schemas `v16` to `v18`.
    ///
    /// - Parameter major: The version of the server; later features are omitted.
    package static func features(upTo major: Int) -> String {
        features.filter { $0.since <= major }.map(\.sql).joined(separator: "\n")
    }

    private static let features: [(since: Int, sql: String)] = [
        (
            16,
            #"""
            CREATE SCHEMA v16;
            CREATE TABLE v16.stored (a text STORAGE EXTERNAL COMPRESSION pglz, n integer DEFAULT 0x1F + 1_000);
            INSERT INTO v16.stored (a) VALUES (repeat('x', 5000)), (NULL);
            CREATE VIEW v16.jsons AS SELECT any_value(a) AS a, count(*) FILTER (WHERE a IS JSON OBJECT) AS objects,
                JSON_OBJECT('k': 'v' ABSENT ON NULL), JSON_ARRAYAGG(n ORDER BY n) AS ns FROM v16.stored;
            CREATE TABLE v16.checked (j text CHECK (j IS JSON ARRAY WITH UNIQUE KEYS), who text DEFAULT SYSTEM_USER);
            INSERT INTO v16.checked VALUES ('[1, 2]');
            CREATE STATISTICS ON a, n FROM v16.stored;
            """#
        ),
        (
            17,
            #"""
            CREATE SCHEMA v17;
            CREATE TABLE v17.parted (id bigint GENERATED ALWAYS AS IDENTITY (START 100), d daterange, r int4range,
                EXCLUDE USING gist (r WITH =, d WITH &&)) PARTITION BY LIST (r);
            CREATE TABLE v17.parted_1 PARTITION OF v17.parted FOR VALUES IN ('[1,5)');
            INSERT INTO v17.parted (d, r) VALUES ('[2020-01-01,2020-02-01)', '[1,5)'), ('[2020-02-01,2020-03-01)', '[1,5)');
            CREATE TABLE v17.stock (id integer PRIMARY KEY, n integer, seen interval DEFAULT 'infinity');
            INSERT INTO v17.stock VALUES (1, 10, DEFAULT), (2, 20, '-infinity');
            CREATE FUNCTION v17.merge(integer) RETURNS SETOF text LANGUAGE sql BEGIN ATOMIC
                MERGE INTO v17.stock s USING (SELECT $1 AS id) x ON s.id = x.id
                WHEN MATCHED THEN UPDATE SET n = s.n + 1
                WHEN NOT MATCHED BY SOURCE AND s.n < 0 THEN DELETE
                WHEN NOT MATCHED BY TARGET THEN INSERT VALUES (x.id, 0)
                RETURNING merge_action() || ' ' || s.id;
            END;
            CREATE VIEW v17.rows AS SELECT * FROM JSON_TABLE('[{"a": 1}, {"a": 2}]', '$[*]' COLUMNS (n FOR ORDINALITY,
                a integer PATH '$.a' DEFAULT 7 ON EMPTY)) AS t;
            CREATE COLLATION v17.builtin (provider = builtin, locale = 'C.UTF-8');
            CREATE TABLE v17.collated (t text COLLATE v17.builtin);
            GRANT MAINTAIN ON v17.stock TO torture_reader;
            """#
        ),
        (
            18,
            #"""
            CREATE SCHEMA v18;
            CREATE TABLE v18.generated (a integer CONSTRAINT "a is there" NOT NULL, twice integer GENERATED ALWAYS AS (a * 2),
                stored integer GENERATED ALWAYS AS (a * 3) STORED, u uuid DEFAULT uuidv7());
            INSERT INTO v18.generated (a, u) VALUES (1, '00000000-0000-7000-8000-000000000001'), (2, NULL);
            CREATE TABLE v18.loose (a integer, b integer, c integer CONSTRAINT kept NOT NULL NO INHERIT);
            INSERT INTO v18.loose VALUES (NULL, -1, 0);
            ALTER TABLE v18.loose ADD CONSTRAINT later NOT NULL a NOT VALID;
            ALTER TABLE v18.loose ADD CONSTRAINT told CHECK (b > 0) NOT ENFORCED;
            ALTER TABLE v18.loose ADD CONSTRAINT reference FOREIGN KEY (b) REFERENCES keys.self NOT ENFORCED;
            CREATE TABLE v18.heir (CONSTRAINT own NOT NULL b) INHERITS (v18.loose);
            CREATE TABLE v18.periods (id int4range, during daterange, PRIMARY KEY (id, during WITHOUT OVERLAPS));
            INSERT INTO v18.periods VALUES ('[1,2)', '[2020-01-01,2020-06-01)'), ('[1,2)', '[2020-06-01,2021-01-01)');
            CREATE TABLE v18.visits (id int4range, during daterange,
                FOREIGN KEY (id, PERIOD during) REFERENCES v18.periods (id, PERIOD during));
            INSERT INTO v18.visits VALUES ('[1,2)', '[2020-05-01,2020-07-01)');
            CREATE TABLE v18.parted (id integer, p integer) PARTITION BY LIST (p);
            CREATE TABLE v18.parted_1 PARTITION OF v18.parted FOR VALUES IN (1);
            INSERT INTO v18.parted VALUES (-77, 1);
            ALTER TABLE v18.parted ADD CONSTRAINT orphans FOREIGN KEY (id) REFERENCES keys.self NOT VALID;
            CREATE FUNCTION v18.raise() RETURNS SETOF integer LANGUAGE sql BEGIN ATOMIC
                UPDATE v18.loose SET b = b - 1 RETURNING old.b + new.b;
            END;
            CREATE MATERIALIZED VIEW v18.virtuals AS SELECT a, twice FROM v18.generated;
            CREATE PUBLICATION generated FOR TABLE v18.generated (a, stored) WITH (publish_generated_columns = stored);
            ALTER DEFAULT PRIVILEGES GRANT SELECT ON LARGE OBJECTS TO torture_reader;
            """#
        ),
    ]
}
