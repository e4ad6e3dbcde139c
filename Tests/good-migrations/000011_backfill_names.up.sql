-- Names: written before the form was checked, so blanks around them are taken off.
UPDATE shop.customers SET name = btrim(name) WHERE name <> btrim(name);
