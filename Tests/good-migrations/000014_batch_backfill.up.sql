-- Due dates for what was issued before there were any.
ALTER TABLE shop.invoices ADD COLUMN due_on date;
