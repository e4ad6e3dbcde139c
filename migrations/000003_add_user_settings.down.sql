DROP MATERIALIZED VIEW user_service.choice_counts;
DROP TABLE user_service.settings;
