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
                -- Loses the rows of the table.
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
                -- Without NOT NULL or a volatile default this rewrites no rows. Add NOT NULL after the rows are filled.
                {{#columns}}
                ALTER TABLE {{schema}}.{{object}} ADD COLUMN {{.}} text;
                {{/columns}}
                """,
                """
                -- Loses the values of the column.
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
                -- CONCURRENTLY lets other sessions write during the build.
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
                -- Other sessions can write while the index is built. Then it becomes the constraint.
                CREATE UNIQUE INDEX CONCURRENTLY {{constraint}} ON {{schema}}.{{object}} ({{column}});
                ALTER TABLE {{schema}}.{{object}} ADD CONSTRAINT {{constraint}} UNIQUE USING INDEX {{constraint}};
                {{/unique}}
                {{^unique}}
                -- NOT VALID checks new rows only, so it is quick. VALIDATE checks the old rows while other sessions can write.
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
                -- Without this index each deletion from {{reference}} would read all of {{object}}.
                CREATE INDEX CONCURRENTLY {{index}} ON {{schema}}.{{object}} ({{column}});
                -- NOT VALID checks new rows only, so it is quick. VALIDATE checks the old rows while other sessions can write.
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
                -- Deletes exactly the rows above.
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
