-- E-mail addresses: at most 254 characters, in the safe order.
ALTER TABLE shop.customers
    ADD CONSTRAINT customers_email_length CHECK (length(email) <= 254) NOT VALID;
