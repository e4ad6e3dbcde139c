DROP TABLE shop.invoices;
DROP TABLE shop.customers;
DROP DOMAIN shop.currency;
DROP TYPE shop.plan_kind;
DROP EXTENSION btree_gist;
DROP EXTENSION citext;
DROP SCHEMA shop;
