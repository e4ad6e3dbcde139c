-- A tenant sees its own rows only.
ALTER TABLE shop.invoices ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_invoices ON shop.invoices
    USING (customer_id = nullif(current_setting('shop.customer', true), '')::bigint);
