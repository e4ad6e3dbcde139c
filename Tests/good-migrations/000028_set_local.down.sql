ALTER TABLE shop.invoices DROP COLUMN note;
