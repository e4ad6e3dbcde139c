DROP VIEW user_service.active_users;
DROP TABLE user_service.profiles;
