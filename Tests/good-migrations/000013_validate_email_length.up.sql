-- See 000012.
ALTER TABLE shop.customers VALIDATE CONSTRAINT customers_email_length;
