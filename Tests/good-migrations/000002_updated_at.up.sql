-- updated_at: when a row was last changed, kept by a trigger.
CREATE OR REPLACE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at = now();
    RETURN NEW;
END
$$;

ALTER TABLE shop.customers ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();

CREATE TRIGGER customers_touch BEFORE UPDATE ON shop.customers
    FOR EACH ROW EXECUTE FUNCTION shop.touch();
