-- no-transaction
DROP INDEX CONCURRENTLY IF EXISTS shop.invoices_state_idx;
