DROP PROCEDURE shop.void(bigint);
DROP FUNCTION shop.balance(bigint);
