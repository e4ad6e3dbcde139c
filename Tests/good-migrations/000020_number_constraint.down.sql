ALTER TABLE shop.invoices DROP COLUMN number;
