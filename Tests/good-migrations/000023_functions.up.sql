-- The balance of a customer, as the application asks for it.
CREATE FUNCTION shop.balance(customer bigint) RETURNS numeric
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(sum(i.amount), 0) - coalesce((
        SELECT sum(p.amount) FROM shop.payments p JOIN shop.invoices j ON j.id = p.invoice_id
        WHERE j.customer_id = balance.customer
    ), 0)
    FROM shop.invoices i WHERE i.customer_id = balance.customer;
END;

CREATE PROCEDURE shop.void(invoice bigint) LANGUAGE plpgsql AS $body$
BEGIN
    UPDATE shop.invoices SET state = 'void' WHERE id = invoice AND state = 'open';
    IF NOT FOUND THEN RAISE EXCEPTION 'invoice % is not open', invoice; END IF;
END
$body$;
