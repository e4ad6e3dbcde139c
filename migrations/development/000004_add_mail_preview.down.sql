DROP TABLE user_service.mail_preview;
