-- Mail preview: what would have been sent, so that a developer can look at it. In development only.

CREATE TABLE user_service.mail_preview (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id    bigint NOT NULL REFERENCES user_service.users (id) ON DELETE CASCADE,
    subject    text NOT NULL,
    body       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE user_service.mail_preview IS 'Messages that were written instead of sent; the oldest may go at any time';

CREATE INDEX mail_preview_user_idx ON user_service.mail_preview (user_id, created_at);
