import PostgresClient
import TestSupport
import Testing

@testable import Restore

/// The rights that statements of a plain dump need.
@Suite struct DumpRightsTests {
    private func needed(_ statements: String..., change: (inout DumpRules.Options) -> Void = { _ in }) -> NeededRights {
        var options = DumpRules.Options(path: "a.sql", inPlace: false, database: nil, target: "shop")
        change(&options)
        var rights = DumpRights()
        for sql in statements { rights.note(DumpStatement(Array(sql.utf8), 1), options) }
        return rights.needed
    }

    @Test(
        arguments: [
            ("CREATE EVENT TRIGGER told ON ddl_command_end EXECUTE FUNCTION shop.told()", "event trigger told"),
            (
                "CREATE FUNCTION shop.f() RETURNS integer\n    LANGUAGE sql LEAKPROOF\n    AS 'SELECT 1'",
                "function shop.f"
            ),
            (
                "CREATE FUNCTION shop.\"F\"(a integer) RETURNS integer\n    LANGUAGE c AS 'x', 'y'",
                "function shop.\"F\""
            ),
            ("CREATE FUNCTION shop.f() RETURNS integer AS 'x', 'y' LANGUAGE C", "function shop.f"),
            ("CREATE FUNCTION shop.f() RETURNS integer AS 'now' LANGUAGE 'internal'", "function shop.f"),
            ("CREATE FUNCTION shop.f() RETURNS integer\n    LANGUAGE coffee\n    AS 'x'", nil),
            ("CREATE FUNCTION shop.f(language c) RETURNS integer LANGUAGE sql RETURN 1", nil),
            ("CREATE CAST (date AS integer) WITHOUT FUNCTION", "cast (date as integer)"),
            ("CREATE PUBLICATION every FOR ALL TABLES WITH (publish = 'insert')", "publication every"),
            (
                "CREATE OPERATOR CLASS shop.ops FOR TYPE integer USING hash AS STORAGE integer",
                "operator class shop.ops"
            ),
            ("CREATE TYPE shop.box", "type shop.box"),
            ("CREATE TYPE shop.box (INTERNALLENGTH = 4, INPUT = shop.box_in)", "type shop.box"),
            ("CREATE OR REPLACE PROCEDURAL LANGUAGE plx HANDLER shop.plx_handler", "language plx"),
            ("CREATE FUNCTION shop.f() RETURNS integer LANGUAGE sql NOT LEAKPROOF AS 'SELECT 1'", nil),
            ("CREATE FUNCTION shop.f() RETURNS text LANGUAGE sql AS 'SELECT ''LANGUAGE c LEAKPROOF'''", nil),
            ("CREATE TYPE shop.pair AS (a integer)", nil), ("CREATE CAST (shop.pair AS text) WITH INOUT", nil),
            ("CREATE PUBLICATION one FOR TABLE ONLY shop.t", nil), ("CREATE TABLE shop.t (input text)", nil),
            ("CREATE OR REPLACE PROCEDURAL LANGUAGE plpgsql", nil),
        ] as [(String, String?)]
    )
    func whatOnlyASuperuserMayCreateIsFound(sql: String, title: String?) {
        #expect(needed(sql).superusersObjects == [title].compactMap(\.self))
    }

    @Test func ownersAreFoundWithTheirSchemas() {
        let found = needed(
            "CREATE SCHEMA shop",
            "ALTER SCHEMA shop OWNER TO ada",
            "CREATE TABLE shop.owner (a integer)",
            "ALTER TABLE shop.owner OWNER TO \"Bob\"",
            "ALTER FUNCTION f(other.t) OWNER TO ada",
            "ALTER LARGE OBJECT 4711 OWNER TO ada",
            "ALTER TABLE shop.owner ADD COLUMN b integer"
        )
        #expect(found.schemas == [ExactText("shop"): ExactText("ada")])
        #expect(
            found.gifts == [
                .init(owner: ExactText("ada")), .init(owner: ExactText("Bob"), schema: ExactText("shop")),
            ]
        )
        #expect(needed("ALTER TABLE shop.t OWNER TO ada") { $0.noOwner = true }.gifts == [])
        let mapped = needed("ALTER TABLE shop.t OWNER TO ada") { $0.roleMap = ["ada": "eve"] }
        #expect(mapped.gifts.map(\.owner.text) == ["eve"])
    }

    @Test func aRoleThatMayOwnBecauseOfAnEarlierGrantIsNoObstacle() {
        let opened = needed(
            "GRANT USAGE ON SCHEMA a TO ada",
            "GRANT CREATE, USAGE ON SCHEMA shop, \"B\" TO ada",
            "ALTER TABLE shop.t OWNER TO ada",
            "ALTER TABLE \"B\".t OWNER TO ada",
            "ALTER TABLE a.t OWNER TO ada"
        )
        #expect(
            opened.gifts == [.init(owner: ExactText("ada")), .init(owner: ExactText("ada"), schema: ExactText("a"))]
        )
        let later = needed("ALTER TABLE shop.t OWNER TO ada", "GRANT ALL ON SCHEMA shop TO ada")
        #expect(later.gifts == [.init(owner: ExactText("ada"), schema: ExactText("shop"))])
        let left = needed("GRANT ALL ON SCHEMA shop TO ada", "ALTER TABLE shop.t OWNER TO ada") {
            $0.noPrivileges = true
        }
        #expect(left.gifts == [.init(owner: ExactText("ada"), schema: ExactText("shop"))])
    }

    @Test(
        arguments: [
            ("SET SESSION AUTHORIZATION ada", "SET SESSION AUTHORIZATION \"Eve\""),
            ("SET SESSION AUTHORIZATION 'ada'", "SET SESSION AUTHORIZATION \"Eve\""),
            ("SET SESSION AUTHORIZATION DEFAULT", nil), ("RESET SESSION AUTHORIZATION", nil),
        ] as [(String, String?)]
    )
    func theRoleOfTheSessionIsMapped(sql: String, sent: String?) {
        var options = DumpRules.Options(path: "a.sql", inPlace: false, database: nil, target: "shop")
        options.roleMap = ["ada": "Eve", "default": "Eve", "authorization": "Eve"]
        let verdict = DumpRoles(options, nil).verdict(DumpStatement(Array(sql.utf8), 1))
        #expect(verdict == .run(DumpAction(text: sent.map { Array($0.utf8) })))
    }

    @Test func otherRolesAndPrivilegesAreFound() {
        let found = needed(
            "ALTER DEFAULT PRIVILEGES FOR ROLE ada, bob IN SCHEMA shop GRANT SELECT ON TABLES TO reader",
            "SET SESSION AUTHORIZATION 'ada'",
            "SET SESSION AUTHORIZATION bob",
            "SET LOCAL SESSION AUTHORIZATION \"default\"",
            "SET session_authorization = 'eve'",
            "SET SESSION AUTHORIZATION DEFAULT",
            "RESET SESSION AUTHORIZATION",
            "REVOKE ALL ON FUNCTION pg_catalog.pg_sleep(double precision) FROM PUBLIC",
            "GRANT SELECT ON TABLE shop.t TO reader",
            "CREATE EXTENSION IF NOT EXISTS hstore WITH SCHEMA shop",
            "ALTER TABLE shop.t DISABLE TRIGGER ALL",
            "ALTER TABLE ONLY shop.\"U\" DISABLE TRIGGER ALL",
            "ALTER TABLE shop.v DISABLE TRIGGER USER"
        )
        #expect(found.defaultPrivileges == [ExactText("ada"), ExactText("bob")])
        #expect(found.sessionRoles == Set(exactly: ["ada", "bob", "default", "eve"]))
        #expect(needed("SET SESSION AUTHORIZATION ada") { $0.roleMap = ["ada": "eve"] }.sessionRoles.contains("eve"))
        #expect(needed("SET SESSION AUTHORIZATION ada") { $0.noOwner = true }.sessionRoles == [])
        #expect(found.privilegesOfMembers == ["function pg_catalog.pg_sleep(double precision)"])
        #expect(found.extensions == ["hstore"])
        #expect(
            found.tablesWithoutTriggers == [
                TableName(schema: "shop", name: "t"), TableName(schema: "shop", name: "U"),
            ]
        )
    }
}
