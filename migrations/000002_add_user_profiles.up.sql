-- Profiles: what people tell about themselves, at most one per account.

CREATE TABLE user_service.profiles (
    user_id      bigint PRIMARY KEY REFERENCES user_service.users (id) ON DELETE CASCADE,
    display_name text NOT NULL,
    bio          text,
    birth_date   date,
    country      character(2),
    time_zone    text NOT NULL DEFAULT 'UTC',
    languages    text[] NOT NULL DEFAULT '{}',
    avatar       bytea,
    search       tsvector GENERATED ALWAYS AS (
        to_tsvector('simple', display_name || ' ' || coalesce(bio, ''))
    ) STORED,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT profiles_display_name_length CHECK (length(display_name) BETWEEN 1 AND 80),
    CONSTRAINT profiles_bio_length CHECK (length(bio) <= 2000),
    CONSTRAINT profiles_country_form CHECK (country ~ '^[A-Z]{2}$')
);
COMMENT ON TABLE user_service.profiles IS 'What a person shows to others';
COMMENT ON COLUMN user_service.profiles.country IS 'ISO 3166-1 alpha-2';
COMMENT ON COLUMN user_service.profiles.time_zone IS 'A name of the IANA time zone database';

CREATE INDEX profiles_search_idx ON user_service.profiles USING gin (search);
CREATE INDEX profiles_country_idx ON user_service.profiles (country) WHERE country IS NOT NULL;

CREATE TRIGGER profiles_touch_updated_at
    BEFORE UPDATE ON user_service.profiles
    FOR EACH ROW EXECUTE FUNCTION user_service.touch_updated_at();

CREATE VIEW user_service.active_users AS
SELECT u.id, u.public_id, u.username, p.display_name, p.country, u.last_login_at
FROM user_service.users u
LEFT JOIN user_service.profiles p ON p.user_id = u.id
WHERE u.status = 'active';
COMMENT ON VIEW user_service.active_users IS 'Accounts that can sign in, with the name they show';
