DROP TRIGGER invoices_audit ON shop.invoices;
DROP FUNCTION shop.write_audit();
DROP TABLE shop.audit;
