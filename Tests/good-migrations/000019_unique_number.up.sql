-- no-transaction
-- The number that is printed on an invoice.
CREATE UNIQUE INDEX CONCURRENTLY invoices_number_key ON shop.invoices (customer_id, issued_on, id) INCLUDE (amount);
