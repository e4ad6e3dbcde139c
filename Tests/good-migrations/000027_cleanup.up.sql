-- Temporary work: duplicates are merged before the key comes.
CREATE TEMP TABLE keep ON COMMIT DROP AS
    SELECT min(id) AS id, lower(name) AS name FROM shop.customers GROUP BY lower(name);
UPDATE shop.invoices i SET customer_id = keep.id
FROM shop.customers c JOIN keep ON keep.name = lower(c.name)
WHERE c.id = i.customer_id AND c.id <> keep.id;
