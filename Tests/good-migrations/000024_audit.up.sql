-- Who changed what: one row for each change, written by a trigger.
CREATE TABLE shop.audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL DEFAULT current_user,
    table_name text NOT NULL,
    old_row jsonb,
    new_row jsonb,
    CHECK (old_row IS NOT NULL OR new_row IS NOT NULL)
) WITH (fillfactor = 100);
CREATE INDEX audit_at_idx ON shop.audit USING brin (at);

CREATE FUNCTION shop.write_audit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = shop, pg_temp AS $$
BEGIN
    INSERT INTO audit (table_name, old_row, new_row)
    VALUES (TG_TABLE_NAME, CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END, CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END);
    RETURN coalesce(NEW, OLD);
END
$$;
REVOKE ALL ON FUNCTION shop.write_audit() FROM PUBLIC;
CREATE TRIGGER invoices_audit AFTER INSERT OR UPDATE OR DELETE ON shop.invoices
    FOR EACH ROW EXECUTE FUNCTION shop.write_audit();
