DROP INDEX CONCURRENTLY shop.customers_name_trgm_idx;
