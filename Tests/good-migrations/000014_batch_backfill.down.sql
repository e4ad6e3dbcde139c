ALTER TABLE shop.invoices DROP COLUMN due_on;
