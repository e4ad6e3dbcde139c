DROP TABLE user_service.users;
DROP FUNCTION user_service.touch_updated_at();
DROP TYPE user_service.account_status;
DROP SCHEMA user_service;
