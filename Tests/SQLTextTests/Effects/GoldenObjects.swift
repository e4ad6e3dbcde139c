extension GoldenEffects {
    /// Types, routines, schemas, roles and the other objects of the catalog.
    static let objects = #"""
        CREATE TYPE s.e AS ENUM ('a', 'b')
            → CREATE TYPE | low | create type s.e
        CREATE TYPE s.c AS (a int)
            → CREATE TYPE | low | create type s.c
        CREATE TYPE s.r AS RANGE (subtype = int)
            → CREATE TYPE | low | create type s.r
        CREATE DOMAIN s.d AS int CHECK (value > 0)
            → CREATE DOMAIN | low | create type s.d
        ALTER TYPE s.e ADD VALUE IF NOT EXISTS 'c' AFTER 'a'
            → ALTER TYPE | medium | alter type s.e
        ALTER TYPE s.e RENAME VALUE 'a' TO 'z'
            → ALTER TYPE | medium | alter type s.e
        ALTER TYPE s.e RENAME TO f
            → ALTER TYPE | medium | rename type s.e
        ALTER TYPE s.c ADD ATTRIBUTE b int
            → ALTER TYPE | medium | alter type s.c ACCESS EXCLUSIVE
        ALTER DOMAIN s.d DROP CONSTRAINT c
            → ALTER DOMAIN | high | alter type s.d
        ALTER DOMAIN s.d ADD CHECK (value > 1)
            → ALTER DOMAIN | medium | alter type s.d
        DROP TYPE s.e
            → DROP TYPE | high | drop type s.e
        DROP TYPE s.e CASCADE
            → DROP TYPE | high | drop type s.e | loses by dropping type s.e cascade
        DROP DOMAIN s.d CASCADE
            → DROP DOMAIN | high | drop type s.d | loses by dropping type s.d cascade
        CREATE FUNCTION s.f() RETURNS int LANGUAGE sql AS 'SELECT a FROM s.t; DELETE FROM s.u RETURNING 1'
            → CREATE FUNCTION | low | create function s.f | read table s.t ACCESS SHARE in body | delete table s.u ROW EXCLUSIVE in body
        CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO s.log SELECT NEW.id; RETURN NEW; END $$
            → CREATE FUNCTION | low | create function f | insert table s.log in body
        CREATE FUNCTION s.f() RETURNS bigint RETURN (SELECT count(*) FROM s.t)
            → CREATE FUNCTION | low | create function s.f | read table s.t ACCESS SHARE in body
        CREATE PROCEDURE s.p() BEGIN ATOMIC INSERT INTO s.t SELECT * FROM u; END
            → CREATE PROCEDURE | low | create function s.p | insert table s.t ROW EXCLUSIVE in body | read table u ACCESS SHARE in body
        CREATE FUNCTION s.f() RETURNS int LANGUAGE c AS 'x', 'y'
            → CREATE FUNCTION | low | create function s.f
        CREATE AGGREGATE s.a (int) (sfunc = f, stype = int)
            → CREATE AGGREGATE | low | create function s.a
        ALTER FUNCTION s.f(int) RENAME TO g
            → ALTER FUNCTION | medium | rename function s.f
        ALTER FUNCTION s.f(int) OWNER TO x
            → ALTER FUNCTION | medium | alter function s.f
        ALTER FUNCTION s.f(int) SET SCHEMA y
            → ALTER FUNCTION | medium | alter function s.f
        ALTER FUNCTION s.f(int) STABLE
            → ALTER FUNCTION | medium | alter function s.f
        DROP FUNCTION s.f(int), g
            → DROP FUNCTION | high | drop function s.f | drop function g
        DROP PROCEDURE IF EXISTS p
            → DROP PROCEDURE | high | drop function p
        CREATE TRIGGER g AFTER INSERT ON s.t FOR EACH ROW EXECUTE FUNCTION f()
            → CREATE TRIGGER | low | alter table s.t SHARE ROW EXCLUSIVE | create trigger s.g
        CREATE OR REPLACE TRIGGER g BEFORE UPDATE ON t EXECUTE FUNCTION f()
            → CREATE TRIGGER | low | alter table t SHARE ROW EXCLUSIVE | create trigger g
        DROP TRIGGER IF EXISTS g ON s.t
            → DROP TRIGGER | high | alter table s.t ACCESS EXCLUSIVE | drop trigger s.g
        ALTER TRIGGER g ON s.t RENAME TO h
            → ALTER TRIGGER | medium | alter table s.t ACCESS EXCLUSIVE | rename trigger s.g
        CREATE POLICY p ON s.t FOR SELECT USING (true)
            → CREATE POLICY | low | alter table s.t ACCESS EXCLUSIVE | create policy s.p
        ALTER POLICY p ON s.t USING (false)
            → ALTER POLICY | medium | alter table s.t ACCESS EXCLUSIVE | alter policy s.p
        DROP POLICY p ON t
            → DROP POLICY | high | alter table t ACCESS EXCLUSIVE | drop policy p
        CREATE RULE r AS ON INSERT TO s.t DO INSTEAD INSERT INTO s.u VALUES (1)
            → CREATE RULE | medium | alter table s.t ACCESS EXCLUSIVE | create rule s.r | insert table s.u ROW EXCLUSIVE in body
        DROP RULE r ON s.t
            → DROP RULE | high | alter table s.t ACCESS EXCLUSIVE | drop rule s.r
        CREATE STATISTICS s.x ON a, b FROM s.t
            → CREATE STATISTICS | low | create statistics s.x | alter table s.t SHARE UPDATE EXCLUSIVE
        DROP STATISTICS s.x
            → DROP STATISTICS | high | drop statistics s.x
        CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()
            → CREATE EVENT TRIGGER | low | create event trigger e
        DROP EVENT TRIGGER e
            → DROP EVENT TRIGGER | high | drop event trigger e
        CREATE SCHEMA s
            → CREATE SCHEMA | low | create schema s
        CREATE SCHEMA IF NOT EXISTS s AUTHORIZATION x
            → CREATE SCHEMA | low | create schema s
        CREATE SCHEMA AUTHORIZATION x
            → CREATE SCHEMA | low | create schema x
        CREATE SCHEMA s CREATE TABLE t (a int) CREATE VIEW v AS SELECT 1
            → CREATE SCHEMA | low | create schema s | create table s.t | create view s.v
        ALTER SCHEMA s RENAME TO x
            → ALTER SCHEMA | medium | rename schema s
        ALTER SCHEMA s OWNER TO x
            → ALTER SCHEMA | medium | alter schema s
        DROP SCHEMA s
            → DROP SCHEMA | high | drop schema s
        DROP SCHEMA IF EXISTS s, x CASCADE
            → DROP SCHEMA | high | drop schema s | drop schema x | loses by dropping schema s cascade | loses by dropping schema x cascade
        CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA s
            → CREATE EXTENSION | low | create extension pgcrypto | reference schema s
        ALTER EXTENSION pgcrypto UPDATE
            → ALTER EXTENSION | medium | alter extension pgcrypto
        DROP EXTENSION pgcrypto
            → DROP EXTENSION | high | drop extension pgcrypto
        DROP EXTENSION hstore CASCADE
            → DROP EXTENSION | high | drop extension hstore | loses by dropping extension hstore cascade
        GRANT SELECT, INSERT ON s.t, u TO x
            → GRANT | low | grant table s.t | grant table u
        GRANT USAGE ON SCHEMA s TO x
            → GRANT | low | grant schema s
        GRANT EXECUTE ON FUNCTION s.f(int) TO x
            → GRANT | low | grant function s.f
        GRANT SELECT ON ALL TABLES IN SCHEMA s TO x
            → GRANT | low | grant schema s
        GRANT USAGE ON SEQUENCE s.q TO x
            → GRANT | low | grant sequence s.q
        GRANT CONNECT ON DATABASE d TO x
            → GRANT | low | grant database d
        GRANT USAGE ON TYPE s.e TO x
            → GRANT | low | grant type s.e
        GRANT admin TO x
            → GRANT | low | grant role admin
        REVOKE ALL ON s.t FROM x
            → REVOKE | medium | grant table s.t
        ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT SELECT ON TABLES TO x
            → ALTER DEFAULT PRIVILEGES | low | grant schema s
        CREATE ROLE x LOGIN
            → CREATE ROLE | low | create role x
        ALTER ROLE x SET search_path = s
            → ALTER ROLE | medium | alter role x
        DROP ROLE x, y
            → DROP ROLE | high | drop role x | drop role y
        DROP OWNED BY x CASCADE
            → DROP OWNED | high | alter role x | loses by dropping role x cascade
        REASSIGN OWNED BY x TO y
            → REASSIGN OWNED | medium | alter role x
        CREATE DATABASE d
            → CREATE DATABASE | low | no transaction | create database d
        ALTER DATABASE d SET a = 1
            → ALTER DATABASE | medium | alter database d
        ALTER DATABASE d SET TABLESPACE x
            → ALTER DATABASE | medium | no transaction | alter database d
        DROP DATABASE IF EXISTS d
            → DROP DATABASE | high | no transaction | drop database d | loses by dropping database d
        CREATE TABLESPACE x LOCATION '/x'
            → CREATE TABLESPACE | low | no transaction | create tablespace x
        DROP TABLESPACE x
            → DROP TABLESPACE | high | no transaction | drop tablespace x
        ALTER SYSTEM SET work_mem = '1MB'
            → ALTER SYSTEM | medium | no transaction
        CREATE PUBLICATION p FOR TABLE s.t, TABLES IN SCHEMA x
            → CREATE PUBLICATION | low | create publication p | reference table s.t SHARE UPDATE EXCLUSIVE | reference schema x
        DROP PUBLICATION p
            → DROP PUBLICATION | high | drop publication p
        CREATE SUBSCRIPTION b CONNECTION 'x' PUBLICATION p
            → CREATE SUBSCRIPTION | low | no transaction | create subscription b
        CREATE SUBSCRIPTION b CONNECTION 'x' PUBLICATION p WITH (create_slot = false)
            → CREATE SUBSCRIPTION | low | create subscription b
        ALTER SUBSCRIPTION b DISABLE
            → ALTER SUBSCRIPTION | medium | alter subscription b
        ALTER SUBSCRIPTION b REFRESH PUBLICATION
            → ALTER SUBSCRIPTION | medium | no transaction | alter subscription b
        ALTER SUBSCRIPTION b SET PUBLICATION p WITH (refresh = false)
            → ALTER SUBSCRIPTION | medium | alter subscription b
        DROP SUBSCRIPTION b
            → DROP SUBSCRIPTION | high | no transaction | drop subscription b
        CREATE SERVER x FOREIGN DATA WRAPPER y
            → CREATE SERVER | low | create server x
        IMPORT FOREIGN SCHEMA a FROM SERVER x INTO s
            → IMPORT FOREIGN SCHEMA | low | alter schema s
        """#
}
