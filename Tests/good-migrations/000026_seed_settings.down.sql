DROP STATISTICS shop.invoices_stats;
ALTER SEQUENCE shop.customers_id_seq RESTART WITH 1;
ALTER TABLE shop.invoices RESET (autovacuum_vacuum_scale_factor);
ALTER TABLE shop.invoices DROP COLUMN reminded_at;
DROP TABLE shop.settings;
