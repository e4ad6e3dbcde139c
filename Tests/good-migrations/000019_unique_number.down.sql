-- no-transaction
DROP INDEX CONCURRENTLY shop.invoices_number_key;
