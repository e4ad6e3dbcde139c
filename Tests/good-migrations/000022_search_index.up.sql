-- Searching customers by name, without keeping writers out.
CREATE INDEX CONCURRENTLY customers_name_trgm_idx ON shop.customers USING gin (name gin_trgm_ops);
