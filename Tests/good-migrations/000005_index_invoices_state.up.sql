-- no-transaction
-- Finding the open invoices of a customer.
CREATE INDEX CONCURRENTLY IF NOT EXISTS invoices_state_idx ON shop.invoices (state) WHERE state = 'open';
