-- Users: who they are and how they sign in.

CREATE SCHEMA user_service;
COMMENT ON SCHEMA user_service IS 'Accounts, profiles and settings of the people who use the product';

CREATE TYPE user_service.account_status AS ENUM ('invited', 'active', 'suspended', 'closed');

CREATE FUNCTION user_service.touch_updated_at() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = ''
AS $$
BEGIN
    NEW.updated_at := pg_catalog.now();
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION user_service.touch_updated_at() IS 'Sets updated_at to the time of the transaction';

CREATE TABLE user_service.users (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    public_id     uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    username      text NOT NULL UNIQUE,
    email         text NOT NULL,
    password_hash text,
    status        user_service.account_status NOT NULL DEFAULT 'invited',
    last_login_at timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_username_form CHECK (username ~ '^[a-z0-9][a-z0-9._-]{2,38}$'),
    CONSTRAINT users_email_form CHECK (email LIKE '%_@_%' AND length(email) <= 254),
    CONSTRAINT users_active_have_password CHECK (status <> 'active' OR password_hash IS NOT NULL)
);
COMMENT ON TABLE user_service.users IS 'One row per account; closed accounts stay, so that references hold';
COMMENT ON COLUMN user_service.users.public_id IS 'The identifier shown outside the service';
COMMENT ON COLUMN user_service.users.password_hash IS 'Argon2id in PHC form; null until an invitation is accepted';

-- One address, however it is written.
CREATE UNIQUE INDEX users_email_key ON user_service.users (lower(email));
CREATE INDEX users_open_status_idx ON user_service.users (status, created_at) WHERE status <> 'closed';

CREATE TRIGGER users_touch_updated_at
    BEFORE UPDATE ON user_service.users
    FOR EACH ROW EXECUTE FUNCTION user_service.touch_updated_at();
