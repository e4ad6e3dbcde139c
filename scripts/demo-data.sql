-- 170,000 rows for the example service, the same ones each time: everything is computed from the row's number.

SET TIME ZONE 'UTC';
BEGIN;

INSERT INTO user_service.users
    (public_id, username, email, password_hash, status, last_login_at, created_at, updated_at)
SELECT
    md5('user ' || n)::uuid,
    'user' || n,
    'user' || n || '@example.com',
    CASE WHEN n % 10 <> 0 THEN '$argon2id$v=19$m=65536,t=3,p=4$' || md5('salt ' || n) || '$' || md5('hash ' || n) END,
    CASE WHEN n % 10 = 0 THEN 'invited' WHEN n % 97 = 0 THEN 'suspended' WHEN n % 89 = 0 THEN 'closed' ELSE 'active' END
        ::user_service.account_status,
    CASE WHEN n % 10 <> 0 THEN timestamptz '2026-01-01' + n * interval '97 seconds' END,
    timestamptz '2024-01-01' + n * interval '11 minutes',
    timestamptz '2024-01-01' + n * interval '11 minutes'
FROM generate_series(1, 50000) AS n;

INSERT INTO user_service.profiles
    (user_id, display_name, bio, birth_date, country, time_zone, languages, avatar, created_at, updated_at)
SELECT
    id,
    (ARRAY['Ada', 'Grace', 'Édith', 'Søren', '美咲', 'Олена', 'José', 'Amina'])[1 + n % 8] || ' ' || n,
    CASE WHEN n % 3 = 0 THEN E'Likes tabs\tand "quotes",\nbackslashes \\ and ' || repeat(md5('bio ' || n) || ' ', n % 7) END,
    date '1950-01-01' + n % 20000,
    (ARRAY['DE', 'FR', 'JP', 'BR', 'KE', 'US'])[1 + n % 6],
    (ARRAY['Europe/Berlin', 'Europe/Paris', 'Asia/Tokyo', 'America/Sao_Paulo', 'Africa/Nairobi', 'UTC'])[1 + n % 6],
    CASE WHEN n % 2 = 0 THEN ARRAY['de', 'en'] ELSE ARRAY['en'] END,
    CASE WHEN n % 50 = 0 THEN decode(repeat(md5('avatar ' || n), 8), 'hex') END,
    created_at,
    updated_at
FROM (SELECT *, substr(username, 5)::integer AS n FROM user_service.users WHERE username LIKE 'user%') AS u
WHERE n % 5 <> 0;

INSERT INTO user_service.settings (user_id, area, choices, created_at, updated_at)
SELECT
    id,
    area,
    CASE area
        WHEN 'appearance' THEN
            jsonb_build_object('theme', (ARRAY['light', 'dark', 'system'])[1 + n % 3], 'font_size', 12 + n % 5)
        WHEN 'notifications' THEN
            jsonb_build_object('email', n % 2 = 0, 'push', n % 3 = 0, 'quiet_hours', jsonb_build_array(22, 6 + n % 3))
        ELSE jsonb_build_object('profile', (ARRAY['public', 'members', 'private'])[1 + n % 3])
    END,
    created_at,
    updated_at
FROM (SELECT *, substr(username, 5)::integer AS n FROM user_service.users WHERE username LIKE 'user%') AS u
CROSS JOIN unnest(ARRAY['appearance', 'notifications', 'privacy']) WITH ORDINALITY AS a (area, place)
WHERE (n + place) % 5 <> 0 AND (place < 3 OR n % 25 = 7);

COMMIT;

REFRESH MATERIALIZED VIEW user_service.choice_counts;
ANALYZE;
