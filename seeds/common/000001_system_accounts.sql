-- The accounts that every environment has. Running it again changes nothing.

INSERT INTO user_service.users (public_id, username, email, password_hash, status)
VALUES
    ('00000000-0000-4000-8000-000000000001', 'system', 'system@example.com', '!', 'active'),
    ('00000000-0000-4000-8000-000000000002', 'support', 'support@example.com', NULL, 'invited')
ON CONFLICT (username) DO NOTHING;
