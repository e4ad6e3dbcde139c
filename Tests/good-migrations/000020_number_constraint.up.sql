-- The index becomes a constraint.
ALTER TABLE shop.invoices ADD COLUMN number text;
