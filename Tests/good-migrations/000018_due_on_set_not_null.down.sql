-- Going back happens while nobody works.
-- granary: ignore constraint-missing-not-valid
ALTER TABLE shop.invoices ADD CONSTRAINT invoices_due_on_set CHECK (due_on IS NOT NULL) NOT VALID;
ALTER TABLE shop.invoices VALIDATE CONSTRAINT invoices_due_on_set;
ALTER TABLE shop.invoices ALTER COLUMN due_on DROP NOT NULL;
