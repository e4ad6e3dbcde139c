-- Payments: partitioned by month, because they are kept for ten years and archived by the month.
CREATE TABLE shop.payments (
    id bigint GENERATED ALWAYS AS IDENTITY,
    invoice_id bigint NOT NULL REFERENCES shop.invoices (id),
    paid_at timestamptz NOT NULL,
    amount numeric(12, 2) NOT NULL,
    details jsonb NOT NULL DEFAULT '{}'::jsonb,
    PRIMARY KEY (id, paid_at)
) PARTITION BY RANGE (paid_at);

CREATE TABLE shop.payments_2026_01 PARTITION OF shop.payments
    FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE shop.payments_2026_02 PARTITION OF shop.payments
    FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
CREATE TABLE shop.payments_default PARTITION OF shop.payments DEFAULT;

CREATE INDEX payments_invoice_id_idx ON shop.payments (invoice_id);
CREATE INDEX payments_details_idx ON shop.payments USING gin (details jsonb_path_ops);

COMMENT ON TABLE shop.payments IS 'Append only';
