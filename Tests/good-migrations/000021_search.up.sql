-- Searching customers by name.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
