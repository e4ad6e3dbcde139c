-- Settings: one row for the whole service.
CREATE TABLE shop.settings (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    reminder_after interval NOT NULL DEFAULT '14 days',
    sender text NOT NULL
);
INSERT INTO shop.settings (sender) VALUES ('invoices@ourcompany.io');
ALTER TABLE shop.invoices ADD COLUMN reminded_at timestamptz;
ALTER TABLE shop.invoices SET (autovacuum_vacuum_scale_factor = 0.02);
ALTER SEQUENCE shop.customers_id_seq RESTART WITH 1000;
CREATE STATISTICS shop.invoices_stats (dependencies) ON customer_id, currency FROM shop.invoices;
