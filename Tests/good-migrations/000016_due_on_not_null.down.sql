ALTER TABLE shop.invoices DROP CONSTRAINT invoices_due_on_set;
