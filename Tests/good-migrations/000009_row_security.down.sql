DROP POLICY own_invoices ON shop.invoices;
ALTER TABLE shop.invoices DISABLE ROW LEVEL SECURITY;
