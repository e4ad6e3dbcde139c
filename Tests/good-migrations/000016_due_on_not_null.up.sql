-- due_on: required from now on, first as a check.
ALTER TABLE shop.invoices ADD CONSTRAINT invoices_due_on_set CHECK (due_on IS NOT NULL) NOT VALID;
