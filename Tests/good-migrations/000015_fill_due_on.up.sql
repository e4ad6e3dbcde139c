-- no-transaction
-- Due dates, in batches, each committed by itself.
DO $$
DECLARE
    changed bigint;
BEGIN
    LOOP
        WITH batch AS (
            SELECT id FROM shop.invoices WHERE due_on IS NULL ORDER BY id LIMIT 1000 FOR UPDATE SKIP LOCKED
        )
        UPDATE shop.invoices i SET due_on = i.issued_on + 14 FROM batch WHERE batch.id = i.id;
        GET DIAGNOSTICS changed = ROW_COUNT;
        COMMIT;
        EXIT WHEN changed = 0;
    END LOOP;
END
$$;
