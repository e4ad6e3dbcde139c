/// The built-in templates. Those in `migrations/templates/` take precedence.
package enum MigrationTemplates {
    /// By file name: `table.up.sql.mustache`.
    package static var files: [(name: String, text: String)] {
        MigrationKind.allCases.flatMap { kind in
            let (up, down) = pair(kind)
            return [
                ("\(kind.rawValue).up.sql.mustache", "\(up)\n"), ("\(kind.rawValue).down.sql.mustache", "\(down)\n"),
            ]
        }
    }

    static func text(_ kind: MigrationKind, _ direction: Direction) -> String {
        let (up, down) = pair(kind)
        return "\(direction == .up ? up : down)\n"
    }

    private static func pair(_ kind: MigrationKind) -> (up: String, down: String) {
        switch kind {
        case .table:
            (
                """
                -- {{purpose}}.
                {{#new_schema}}
                CREATE SCHEMA {{schema}};

                {{/new_schema}}
                CREATE TABLE {{schema}}.{{object}} (
                    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                    created_at timestamptz NOT NULL DEFAULT now(),
                    updated_at timestamptz NOT NULL DEFAULT now()
                );

                COMMENT ON TABLE {{schema}}.{{object}} IS '{{subject}}';
                """,
                """
                -- The rows that were written are lost.
                DROP TABLE {{schema}}.{{object}};
                {{#new_schema}}
                DROP SCHEMA {{schema}};
                {{/new_schema}}
                """
            )
        case .column:
            (
                """
                -- {{purpose}}.
                -- Without NOT NULL and without a volatile default it rewrites nothing; add those when the rows are filled.
                {{#columns}}
                ALTER TABLE {{schema}}.{{object}} ADD COLUMN {{.}} text;
                {{/columns}}
                """,
                """
                -- What was written into the column is lost.
                {{#columns}}
                ALTER TABLE {{schema}}.{{object}} DROP COLUMN {{.}};
                {{/columns}}
                """
            )
        case .index:
            (
                """
                -- no-transaction
                -- {{purpose}}.
                -- Built beside the writers, which a plain CREATE INDEX would keep waiting.
                CREATE {{#unique}}UNIQUE {{/unique}}INDEX CONCURRENTLY {{index}} ON {{schema}}.{{object}} ({{column}});
                """,
                """
                -- no-transaction
                DROP INDEX CONCURRENTLY {{schema}}.{{index}};
                """
            )
        case .constraint:
            (
                """
                -- no-transaction
                -- {{purpose}}.
                {{#unique}}
                -- The index is built beside the writers, and then becomes the constraint.
                CREATE UNIQUE INDEX CONCURRENTLY {{constraint}} ON {{schema}}.{{object}} ({{column}});
                ALTER TABLE {{schema}}.{{object}} ADD CONSTRAINT {{constraint}} UNIQUE USING INDEX {{constraint}};
                {{/unique}}
                {{^unique}}
                -- At first it binds new rows only, which takes no time; then the old ones are read beside the writers.
                ALTER TABLE {{schema}}.{{object}} ADD CONSTRAINT {{constraint}} CHECK ({{column}} IS NOT NULL) NOT VALID;
                ALTER TABLE {{schema}}.{{object}} VALIDATE CONSTRAINT {{constraint}};
                {{/unique}}
                """,
                """
                ALTER TABLE {{schema}}.{{object}} DROP CONSTRAINT {{constraint}};
                """
            )
        case .foreignKey:
            (
                """
                -- no-transaction
                -- {{purpose}}.
                -- The index first: without one, each deletion from {{reference}} would read all of {{object}}.
                CREATE INDEX CONCURRENTLY {{index}} ON {{schema}}.{{object}} ({{column}});
                -- At first it binds new rows only, which takes no time; then the old ones are read beside the writers.
                ALTER TABLE {{schema}}.{{object}} ADD CONSTRAINT {{foreign_key}}
                    FOREIGN KEY ({{column}}) REFERENCES {{schema}}.{{reference}} (id) NOT VALID;
                ALTER TABLE {{schema}}.{{object}} VALIDATE CONSTRAINT {{foreign_key}};
                """,
                """
                -- no-transaction
                ALTER TABLE {{schema}}.{{object}} DROP CONSTRAINT {{foreign_key}};
                DROP INDEX CONCURRENTLY {{schema}}.{{index}};
                """
            )
        case .data:
            (
                """
                -- {{purpose}}.
                INSERT INTO {{schema}}.{{object}} (id, name) VALUES
                    (1, 'change_me');
                """,
                """
                -- Those rows and no others.
                DELETE FROM {{schema}}.{{object}} WHERE id IN (1);
                """
            )
        case .enum:
            (
                """
                -- {{purpose}}.
                {{#new_schema}}
                CREATE SCHEMA {{schema}};

                {{/new_schema}}
                CREATE TYPE {{schema}}.{{object}} AS ENUM ('change_me', 'change_me_too');
                """,
                """
                DROP TYPE {{schema}}.{{object}};
                {{#new_schema}}
                DROP SCHEMA {{schema}};
                {{/new_schema}}
                """
            )
        case .function:
            (
                """
                -- {{purpose}}.
                {{#new_schema}}
                CREATE SCHEMA {{schema}};

                {{/new_schema}}
                CREATE FUNCTION {{schema}}.{{object}}(value text) RETURNS text
                    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
                    RETURN value;
                """,
                """
                DROP FUNCTION {{schema}}.{{object}}(text);
                {{#new_schema}}
                DROP SCHEMA {{schema}};
                {{/new_schema}}
                """
            )
        case .view:
            (
                """
                -- {{purpose}}.
                {{#new_schema}}
                CREATE SCHEMA {{schema}};

                {{/new_schema}}
                CREATE VIEW {{schema}}.{{object}} AS
                SELECT id FROM {{schema}}.change_me;
                """,
                """
                DROP VIEW {{schema}}.{{object}};
                {{#new_schema}}
                DROP SCHEMA {{schema}};
                {{/new_schema}}
                """
            )
        // An empty down file counts as missing, so a forgotten one is found.
        case .blank: ("-- {{purpose}}.", "")
        case .schema:
            (
                """
                -- {{purpose}}.
                ALTER TABLE {{schema}}.{{object}} ALTER COLUMN {{column}} SET DEFAULT 'change_me';
                """,
                """
                ALTER TABLE {{schema}}.{{object}} ALTER COLUMN {{column}} DROP DEFAULT;
                """
            )
        }
    }
}
