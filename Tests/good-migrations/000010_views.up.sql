-- What reports read: the view hides the keys.
CREATE VIEW shop.open_invoices AS
    SELECT i.id, c.name, i.amount, i.currency
    FROM shop.invoices AS i
    JOIN shop.customers AS c ON c.id = i.customer_id
    WHERE i.state = 'open';

CREATE MATERIALIZED VIEW shop.revenue AS
WITH paid AS (
    SELECT invoice_id, sum(amount) AS amount FROM shop.payments GROUP BY invoice_id
)
SELECT i.customer_id, date_trunc('month', i.issued_on) AS month, sum(paid.amount) AS amount
FROM shop.invoices i
JOIN paid ON paid.invoice_id = i.id
GROUP BY 1, 2
WITH NO DATA;
CREATE UNIQUE INDEX revenue_key ON shop.revenue (customer_id, month);
