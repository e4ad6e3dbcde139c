-- due_on: NOT NULL, which the check has proved, and which makes it superfluous.
ALTER TABLE shop.invoices ALTER COLUMN due_on SET NOT NULL;
ALTER TABLE shop.invoices DROP CONSTRAINT invoices_due_on_set;
