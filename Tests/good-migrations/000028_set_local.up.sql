-- A longer patience for this one, and a name without its schema where the path is set.
SET LOCAL statement_timeout = '5min';
SET LOCAL search_path = shop, public;
ALTER TABLE invoices ADD COLUMN note text;
COMMENT ON COLUMN invoices.note IS 'What support wrote';
