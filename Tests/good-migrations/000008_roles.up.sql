-- Rights: reports read, the application writes.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'shop_report') THEN
        CREATE ROLE shop_report NOLOGIN;
    END IF;
END
$$;
GRANT USAGE ON SCHEMA shop TO shop_report;
GRANT SELECT ON ALL TABLES IN SCHEMA shop TO shop_report;
ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO shop_report;
