ALTER TABLE shop.customers DROP CONSTRAINT customers_email_length;
