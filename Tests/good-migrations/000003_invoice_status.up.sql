-- The state of an invoice, as a lookup table.
CREATE TABLE shop.invoice_states (
    code text PRIMARY KEY,
    description text NOT NULL
);
INSERT INTO shop.invoice_states (code, description) VALUES
    ('open', 'Sent, not paid'),
    ('paid', 'Paid in full'),
    ('void', 'Withdrawn')
ON CONFLICT (code) DO NOTHING;

ALTER TABLE shop.invoices ADD COLUMN state text NOT NULL DEFAULT 'open';
-- Three states that nobody deletes.
-- granary: ignore foreign-key-without-index
ALTER TABLE shop.invoices
    ADD CONSTRAINT invoices_state_fkey FOREIGN KEY (state) REFERENCES shop.invoice_states (code) NOT VALID;
