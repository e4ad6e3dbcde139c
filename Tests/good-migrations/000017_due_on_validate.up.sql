-- due_on: the check holds for all rows.
ALTER TABLE shop.invoices VALIDATE CONSTRAINT invoices_due_on_set;
