-- Shop: customers, their plans and their invoices.
CREATE SCHEMA IF NOT EXISTS shop;

CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;
CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TYPE shop.plan_kind AS ENUM ('free', 'team', 'enterprise');
CREATE DOMAIN shop.currency AS char(3) CHECK (VALUE ~ '^[A-Z]{3}$');

CREATE TABLE shop.customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    external_id uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    name text NOT NULL CHECK (name <> ''),
    email public.citext NOT NULL,
    plan shop.plan_kind NOT NULL DEFAULT 'free',
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX customers_email_key ON shop.customers (email);

CREATE TABLE shop.invoices (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES shop.customers (id),
    amount numeric(12, 2) NOT NULL CHECK (amount >= 0),
    currency shop.currency NOT NULL DEFAULT 'EUR',
    issued_on date NOT NULL DEFAULT current_date,
    period tstzrange NOT NULL,
    EXCLUDE USING gist (customer_id WITH =, period WITH &&)
);
CREATE INDEX invoices_customer_id_idx ON shop.invoices (customer_id);
