DROP TRIGGER customers_touch ON shop.customers;
ALTER TABLE shop.customers DROP COLUMN updated_at;
DROP FUNCTION shop.touch();
