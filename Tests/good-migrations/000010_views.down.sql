DROP MATERIALIZED VIEW shop.revenue;
DROP VIEW shop.open_invoices;
