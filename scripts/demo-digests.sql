-- One line per table: its name, its rows, and a digest of their text that does not depend on their order.

SET TIME ZONE 'UTC';
SET DateStyle = ISO;
SET bytea_output = hex;

SELECT 'user_service.users', count(*), md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))) FROM user_service.users t
UNION ALL
SELECT 'user_service.profiles', count(*), md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))) FROM user_service.profiles t
UNION ALL
SELECT 'user_service.settings', count(*), md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))) FROM user_service.settings t
UNION ALL
SELECT 'user_service.choice_counts', count(*), md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))) FROM user_service.choice_counts t
UNION ALL
SELECT 'sequences', count(*), md5(string_agg(sequencename || '=' || last_value, ',' ORDER BY sequencename))
FROM pg_catalog.pg_sequences WHERE schemaname = 'user_service';
