ALTER TABLE shop.invoices DROP COLUMN state;
DROP TABLE shop.invoice_states;
