DROP TABLE shop.customer_tags;
DROP TABLE shop.tags;
