-- Orgo's tables for SQLite, with the marks of the migrations that made them; Django goes on from here.
-- Made by tools/make_schema.py (`make schema`): change the migrations, not this file.
--
--     sqlite3 orgo_offline.db < schema.sql
--
-- It may be run again: what is there is kept. A database of another version is left as it is: `orgo up` brings it to its own.
.bail on
BEGIN;
CREATE TABLE IF NOT EXISTS "django_migrations" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "app" varchar(255) NOT NULL, "name" varchar(255) NOT NULL, "applied" datetime NOT NULL);
CREATE TEMP TABLE "guard" (
    "same" integer CONSTRAINT "this is a database of another version" CHECK ("same")
);
INSERT INTO "guard" SELECT count(*) IN (0, 50) FROM "django_migrations";
DROP TABLE "guard";
CREATE TABLE IF NOT EXISTS "audit_entry" ("number" bigint NOT NULL PRIMARY KEY, "event" bigint NOT NULL UNIQUE, "hash" BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS "audit_event" ("id" bigint NOT NULL PRIMARY KEY, "task" bigint NULL, "seq" integer NULL, "v" smallint NOT NULL, "type" varchar(40) NOT NULL, "actor_kind" varchar(10) NOT NULL, "actor" varchar(254) NOT NULL, "at" datetime NOT NULL, "data" text NOT NULL CHECK ((JSON_VALID("data") OR "data" IS NULL)), CONSTRAINT "audit_event_task_seq" UNIQUE ("task", "seq"));
CREATE TABLE IF NOT EXISTS "audit_key" ("number" smallint NOT NULL PRIMARY KEY, "key" varchar(64) NOT NULL, "sealed" BLOB NOT NULL, "since" datetime NOT NULL);
CREATE TABLE IF NOT EXISTS "audit_seal" ("number" bigint NOT NULL PRIMARY KEY, "first" bigint NOT NULL, "last" bigint NOT NULL, "root" BLOB NOT NULL, "previous" BLOB NOT NULL, "hash" BLOB NOT NULL, "signature" BLOB NOT NULL, "key" varchar(64) NOT NULL, "at" varchar(32) NOT NULL, "horizon" bigint NOT NULL);
CREATE TABLE IF NOT EXISTS "auth_group" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "name" varchar(150) NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS "auth_group_permissions" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "group_id" integer NOT NULL REFERENCES "auth_group" ("id") DEFERRABLE INITIALLY DEFERRED, "permission_id" integer NOT NULL REFERENCES "auth_permission" ("id") DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE IF NOT EXISTS "auth_permission" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "content_type_id" integer NOT NULL REFERENCES "django_content_type" ("id") DEFERRABLE INITIALLY DEFERRED, "codename" varchar(100) NOT NULL, "name" varchar(255) NOT NULL);
CREATE TABLE IF NOT EXISTS "django_content_type" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "app_label" varchar(100) NOT NULL, "model" varchar(100) NOT NULL);
CREATE TABLE IF NOT EXISTS "django_migrations" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "app" varchar(255) NOT NULL, "name" varchar(255) NOT NULL, "applied" datetime NOT NULL);
CREATE TABLE IF NOT EXISTS "django_session" ("session_key" varchar(40) NOT NULL PRIMARY KEY, "session_data" text NOT NULL, "expire_date" datetime NOT NULL);
CREATE TABLE IF NOT EXISTS "intake_folder" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "name" varchar(300) NOT NULL, "uidvalidity" bigint NOT NULL, "last_uid" bigint NOT NULL, "highestmodseq" bigint NOT NULL, "known_until" bigint NOT NULL, "problem" varchar(300) NOT NULL, "mailbox_id" bigint NOT NULL REFERENCES "intake_mailbox" ("id") DEFERRABLE INITIALLY DEFERRED, "read_at" datetime NULL, CONSTRAINT "intake_folder_once" UNIQUE ("mailbox_id", "name"));
CREATE TABLE IF NOT EXISTS "intake_import" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "key" varchar(64) NOT NULL UNIQUE, "path" text NOT NULL, "started_at" datetime NOT NULL, "finished_at" datetime NULL, "done" integer NOT NULL, "taken" integer NOT NULL);
CREATE TABLE IF NOT EXISTS "intake_import_place" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "file" varchar(64) NOT NULL, "stamp" varchar(64) NOT NULL, "number" bigint NOT NULL, "offset" bigint NOT NULL, "ended" bool NOT NULL, "mails" integer NOT NULL, "older" integer NOT NULL, "others" text NOT NULL CHECK ((JSON_VALID("others") OR "others" IS NULL)), "run_id" bigint NOT NULL REFERENCES "intake_import" ("id") DEFERRABLE INITIALLY DEFERRED, CONSTRAINT "intake_import_place_once" UNIQUE ("run_id", "file"));
CREATE TABLE IF NOT EXISTS "intake_import_unread" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "item" text NOT NULL, "why" text NOT NULL, "place_id" bigint NOT NULL REFERENCES "intake_import_place" ("id") DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE IF NOT EXISTS "intake_mail" ("id" bigint NOT NULL PRIMARY KEY, "source" varchar(10) NOT NULL, "mailbox" varchar(254) NOT NULL, "receipt_key" varchar(200) NULL UNIQUE, "data_hash" varchar(64) NOT NULL, "envelope_from" varchar(320) NOT NULL, "envelope_to" text NOT NULL CHECK ((JSON_VALID("envelope_to") OR "envelope_to" IS NULL)), "peer" varchar(60) NOT NULL, "received_at" datetime NOT NULL, "size" integer NOT NULL, "mode" varchar(8) NOT NULL, "outcome" varchar(12) NOT NULL, "reason" varchar(300) NOT NULL, "attempts" smallint NOT NULL, "lease_until" datetime NULL, "decided_at" datetime NULL, "task" bigint NULL, "same_as" bigint NULL, "decision" text NULL CHECK ((JSON_VALID("decision") OR "decision" IS NULL)), "content_key" varchar(64) NOT NULL, "message_id" varchar(255) NOT NULL, "from_address" varchar(320) NOT NULL, "from_name" varchar(200) NOT NULL, "trust" varchar(8) NOT NULL, "subject" varchar(1000) NOT NULL, "text" text NOT NULL, "has_html" bool NOT NULL, "attachments" text NOT NULL CHECK ((JSON_VALID("attachments") OR "attachments" IS NULL)), "warnings" text NOT NULL CHECK ((JSON_VALID("warnings") OR "warnings" IS NULL)), "arrived_at" datetime NULL, "words_key" varchar(64) DEFAULT '' NOT NULL, "sender" bigint DEFAULT 0 NOT NULL, "turn" bigint DEFAULT 0 NOT NULL);
CREATE TABLE IF NOT EXISTS "intake_mailbox" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "name" varchar(254) NOT NULL UNIQUE, "mode" varchar(8) NOT NULL, "cutoff" datetime NULL, "paused" bool NOT NULL, "state" varchar(12) NOT NULL, "detail" varchar(300) NOT NULL, "since" datetime NULL, "failures" integer NOT NULL, "next_try_at" datetime NULL, "last_ok_at" datetime NULL, "last_mail_at" datetime NULL, "lag_seconds" integer NULL, "waiting" integer NOT NULL, "noticed" varchar(12) NOT NULL);
CREATE TABLE IF NOT EXISTS "intake_raw" ("mail_id" bigint NOT NULL PRIMARY KEY REFERENCES "intake_mail" ("id") DEFERRABLE INITIALLY DEFERRED, "data" BLOB NOT NULL, "blob" varchar(64) DEFAULT '' NOT NULL);
CREATE TABLE IF NOT EXISTS "intake_receipt" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "uid" varchar(140) NOT NULL, "mail" bigint NULL, "size" integer NOT NULL, "arrived_at" datetime NULL, "problem" varchar(12) NOT NULL, "owed_since" datetime NULL, "folder_id" bigint NOT NULL REFERENCES "intake_folder" ("id") DEFERRABLE INITIALLY DEFERRED, "gone" bool DEFAULT 0 NOT NULL, "sha256" varchar(64) DEFAULT '' NOT NULL, CONSTRAINT "intake_receipt_once" UNIQUE ("folder_id", "uid"));
CREATE TABLE IF NOT EXISTS "intake_waiting_file" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "name" varchar(300) NOT NULL UNIQUE, "reason" varchar(8) NOT NULL, "tasks" integer NOT NULL, "since" datetime NOT NULL, "why" text DEFAULT '' NOT NULL);
CREATE TABLE IF NOT EXISTS "ops_backups" ("number" smallint NOT NULL PRIMARY KEY, "since" datetime NOT NULL, "made_at" datetime NULL, "sent_at" datetime NULL, "away_since" datetime NULL, "waiting" integer NOT NULL, "reason" varchar(500) NOT NULL, "tries" integer NOT NULL, "next_at" datetime NULL, "holder" varchar(32) NOT NULL, "lease_until" datetime NULL, "told" varchar(10) NOT NULL, "lost" integer DEFAULT 0 NOT NULL, "lost_mails" varchar(500) DEFAULT '' NOT NULL);
CREATE TABLE IF NOT EXISTS "ops_certificate" ("server" varchar(264) NOT NULL PRIMARY KEY, "until" datetime NOT NULL);
CREATE TABLE IF NOT EXISTS "ops_role" ("name" varchar(12) NOT NULL PRIMARY KEY, "well_at" datetime NULL, "ailing" varchar(300) NOT NULL);
CREATE TABLE IF NOT EXISTS "ops_tally" ("series" varchar(400) NOT NULL PRIMARY KEY, "count" bigint NOT NULL, "seconds" real NOT NULL, "until" datetime NULL);
CREATE TABLE IF NOT EXISTS "outbox_document" ("sha256" varchar(64) NOT NULL PRIMARY KEY, "data" BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS "outbox_letter" ("id" bigint NOT NULL PRIMARY KEY, "task" bigint NULL, "event" bigint NOT NULL, "kind" varchar(16) NOT NULL, "channel" varchar(10) NOT NULL, "recipient" varchar(320) NOT NULL, "language" varchar(8) NOT NULL, "message_id" varchar(255) NOT NULL UNIQUE, "date" datetime NOT NULL, "sender" varchar(320) NOT NULL, "subject" varchar(1000) NOT NULL, "text" text NOT NULL, "html" text NOT NULL, "headers" text NOT NULL CHECK ((JSON_VALID("headers") OR "headers" IS NULL)), "attachments" text NOT NULL CHECK ((JSON_VALID("attachments") OR "attachments" IS NULL)), "state" varchar(10) NOT NULL, "repeat" varchar(6) NOT NULL, "repeated" bool NOT NULL, "attempts" smallint NOT NULL, "next_attempt_at" datetime NULL, "lease_until" datetime NULL, "server_reply" varchar(500) NOT NULL, "settled_at" datetime NULL, "bounce" varchar(12) NOT NULL, "turn" bigint DEFAULT 0 NOT NULL, "maybe_sent" bool DEFAULT 0 NOT NULL, CONSTRAINT "outbox_letter_once" UNIQUE ("event", "recipient", "channel", "kind"));
CREATE TABLE IF NOT EXISTS "outbox_outlet" ("channel" varchar(10) NOT NULL PRIMARY KEY, "failing_since" datetime NULL, "reason" varchar(300) NOT NULL);
CREATE TABLE IF NOT EXISTS "outbox_recipient" ("address" varchar(320) NOT NULL PRIMARY KEY, "suppressed_at" datetime NULL, "reason" varchar(300) NOT NULL, "lifted_at" datetime NULL);
CREATE TABLE IF NOT EXISTS "people_absence" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "start" datetime NOT NULL, "end" datetime NOT NULL, "deputy" varchar(254) NOT NULL, "user_id" bigint NOT NULL REFERENCES "people_user" ("id") DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE IF NOT EXISTS "people_membership" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "user_id" bigint NOT NULL REFERENCES "people_user" ("id") DEFERRABLE INITIALLY DEFERRED, "team_id" bigint NOT NULL REFERENCES "people_team" ("id") DEFERRABLE INITIALLY DEFERRED, CONSTRAINT "people_membership_once" UNIQUE ("team_id", "user_id"));
CREATE TABLE IF NOT EXISTS "people_organization" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "label" varchar(60) NOT NULL UNIQUE, "name" varchar(200) NOT NULL);
CREATE TABLE IF NOT EXISTS "people_team" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "address" varchar(254) NOT NULL UNIQUE, "name" varchar(200) NOT NULL, "label" varchar(60) NOT NULL, "supervisor" varchar(254) NOT NULL, "calendar" varchar(60) NOT NULL, "zone" varchar(60) NOT NULL, "language" varchar(8) NOT NULL, "visibility" varchar(14) NOT NULL, "is_triage" bool NOT NULL, "is_one" bool NOT NULL, "organization_id" bigint NULL REFERENCES "people_organization" ("id") DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE IF NOT EXISTS "people_token" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "hash" varchar(64) NOT NULL UNIQUE, "purpose" varchar(20) NOT NULL, "created_at" datetime NOT NULL, "expires_at" datetime NOT NULL, "used_at" datetime NULL, "user_id" bigint NULL REFERENCES "people_user" ("id") DEFERRABLE INITIALLY DEFERRED, "name" varchar(100) NOT NULL);
CREATE TABLE IF NOT EXISTS "people_user" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "password" varchar(128) NOT NULL, "last_login" datetime NULL, "address" varchar(254) NOT NULL UNIQUE, "name" varchar(200) NOT NULL, "roles" text NOT NULL CHECK ((JSON_VALID("roles") OR "roles" IS NULL)), "language" varchar(8) NOT NULL, "is_active" bool NOT NULL, "created_at" datetime NOT NULL);
CREATE VIRTUAL TABLE IF NOT EXISTS search_entry USING fts5(text, task UNINDEXED, tokenize="unicode61 remove_diacritics 2");
CREATE TABLE IF NOT EXISTS "task_note" ("id" bigint NOT NULL PRIMARY KEY, "task" bigint NOT NULL, "kind" varchar(8) NOT NULL, "author" varchar(254) NOT NULL, "at" datetime NOT NULL, "text" text NOT NULL);
CREATE TABLE IF NOT EXISTS "task_put_off" ("task" bigint NOT NULL PRIMARY KEY, "seq" integer NOT NULL, "until" datetime NOT NULL, "times" integer NOT NULL);
CREATE TABLE IF NOT EXISTS "task_task" ("id" bigint NOT NULL PRIMARY KEY, "reference" varchar(6) NOT NULL UNIQUE, "seq" integer NOT NULL, "title" varchar(1000) NOT NULL, "state" varchar(12) NOT NULL, "level" smallint NOT NULL, "round" smallint NOT NULL, "priority" varchar(10) NOT NULL, "type" varchar(100) NOT NULL, "labels" text NOT NULL CHECK ((JSON_VALID("labels") OR "labels" IS NULL)), "fields" text NOT NULL CHECK ((JSON_VALID("fields") OR "fields" IS NULL)), "requester" varchar(320) NOT NULL, "requester_name" varchar(200) NOT NULL, "team" varchar(254) NOT NULL, "assignee" varchar(254) NOT NULL, "watchers" text NOT NULL, "organization" varchar(60) NOT NULL, "visibility" varchar(14) NOT NULL, "anonymize" bool NOT NULL, "mail" bigint NULL, "rule" varchar(200) NOT NULL, "revision" varchar(64) NOT NULL, "opened_at" datetime NOT NULL, "updated_at" datetime NOT NULL, "due_at" datetime NULL, "next_level_at" datetime NULL, "closed_at" datetime NULL, "more" text NOT NULL CHECK ((JSON_VALID("more") OR "more" IS NULL)), "called" text NOT NULL);
CREATE INDEX IF NOT EXISTS "audit_event_type_at" ON "audit_event" ("type", "at");
CREATE INDEX IF NOT EXISTS "auth_group_permissions_group_id_b120cbf9" ON "auth_group_permissions" ("group_id");
CREATE UNIQUE INDEX IF NOT EXISTS "auth_group_permissions_group_id_permission_id_0cd325b0_uniq" ON "auth_group_permissions" ("group_id", "permission_id");
CREATE INDEX IF NOT EXISTS "auth_group_permissions_permission_id_84c5c92e" ON "auth_group_permissions" ("permission_id");
CREATE INDEX IF NOT EXISTS "auth_permission_content_type_id_2f476e4b" ON "auth_permission" ("content_type_id");
CREATE UNIQUE INDEX IF NOT EXISTS "auth_permission_content_type_id_codename_01ab375a_uniq" ON "auth_permission" ("content_type_id", "codename");
CREATE UNIQUE INDEX IF NOT EXISTS "django_content_type_app_label_model_76bd3d3b_uniq" ON "django_content_type" ("app_label", "model");
CREATE INDEX IF NOT EXISTS "django_session_expire_date_a5c62663" ON "django_session" ("expire_date");
CREATE INDEX IF NOT EXISTS "intake_folder_mailbox_id_5d33284a" ON "intake_folder" ("mailbox_id");
CREATE INDEX IF NOT EXISTS "intake_import_place_run_id_c215cc8f" ON "intake_import_place" ("run_id");
CREATE INDEX IF NOT EXISTS "intake_import_unread_place_id_c4b51583" ON "intake_import_unread" ("place_id");
CREATE INDEX IF NOT EXISTS "intake_mail_content" ON "intake_mail" ("content_key") WHERE NOT ("content_key" = '');
CREATE INDEX IF NOT EXISTS "intake_mail_copies" ON "intake_mail" ("same_as") WHERE "same_as" IS NOT NULL;
CREATE INDEX IF NOT EXISTS "intake_mail_data_hash_e7d407ef" ON "intake_mail" ("data_hash");
CREATE INDEX IF NOT EXISTS "intake_mail_msgid" ON "intake_mail" ("message_id") WHERE NOT ("message_id" = '');
CREATE INDEX IF NOT EXISTS "intake_mail_outcome" ON "intake_mail" ("outcome", "decided_at");
CREATE INDEX IF NOT EXISTS "intake_mail_sender" ON "intake_mail" ("sender", "turn") WHERE "outcome" = '';
CREATE INDEX IF NOT EXISTS "intake_mail_task_04a1611d" ON "intake_mail" ("task");
CREATE INDEX IF NOT EXISTS "intake_mail_turn" ON "intake_mail" ("mode", "turn", "id") WHERE "outcome" = '';
CREATE INDEX IF NOT EXISTS "intake_mail_words" ON "intake_mail" ("words_key") WHERE NOT ("words_key" = '');
CREATE INDEX IF NOT EXISTS "intake_raw_blob" ON "intake_raw" ("blob") WHERE NOT ("blob" = '');
CREATE INDEX IF NOT EXISTS "intake_receipt_folder_id_54f033a6" ON "intake_receipt" ("folder_id");
CREATE INDEX IF NOT EXISTS "intake_receipt_left" ON "intake_receipt" ("folder_id", "problem") WHERE NOT ("problem" = '');
CREATE INDEX IF NOT EXISTS "intake_receipt_mail_058f2733" ON "intake_receipt" ("mail");
CREATE INDEX IF NOT EXISTS "intake_receipt_owed" ON "intake_receipt" ("folder_id", "owed_since") WHERE "owed_since" IS NOT NULL;
CREATE INDEX IF NOT EXISTS "outbox_letter_bounced" ON "outbox_letter" ("recipient") WHERE NOT ("bounce" = '');
CREATE INDEX IF NOT EXISTS "outbox_letter_maybe" ON "outbox_letter" ("id") WHERE ("maybe_sent" AND "state" = 'held');
CREATE INDEX IF NOT EXISTS "outbox_letter_owner" ON "outbox_letter" ("recipient", "turn") WHERE "state" = 'pending';
CREATE INDEX IF NOT EXISTS "outbox_letter_pending" ON "outbox_letter" ("channel", "next_attempt_at", "id") WHERE "state" = 'pending';
CREATE INDEX IF NOT EXISTS "outbox_letter_received" ON "outbox_letter" ("recipient", "date") WHERE "kind" = 'received';
CREATE INDEX IF NOT EXISTS "outbox_letter_sent" ON "outbox_letter" ("settled_at") WHERE "state" = 'sent';
CREATE INDEX IF NOT EXISTS "outbox_letter_state" ON "outbox_letter" ("state", "date");
CREATE INDEX IF NOT EXISTS "outbox_letter_task_51630147" ON "outbox_letter" ("task");
CREATE INDEX IF NOT EXISTS "outbox_letter_turn" ON "outbox_letter" ("channel", "turn", "id") WHERE "state" = 'pending';
CREATE INDEX IF NOT EXISTS "people_absence_user_id_804325c1" ON "people_absence" ("user_id");
CREATE INDEX IF NOT EXISTS "people_membership_team_id_61ae9260" ON "people_membership" ("team_id");
CREATE INDEX IF NOT EXISTS "people_membership_user_id_35baff26" ON "people_membership" ("user_id");
CREATE INDEX IF NOT EXISTS "people_team_organization_id_98a3aeb2" ON "people_team" ("organization_id");
CREATE INDEX IF NOT EXISTS "people_token_user_id_e77b4ce1" ON "people_token" ("user_id");
CREATE INDEX IF NOT EXISTS "task_note_task_38acee8d" ON "task_note" ("task");
CREATE INDEX IF NOT EXISTS "task_task_assignee" ON "task_task" ("assignee", "state");
CREATE INDEX IF NOT EXISTS "task_task_called" ON "task_task" ("id") WHERE NOT ("called" = '');
CREATE INDEX IF NOT EXISTS "task_task_closed" ON "task_task" ("closed_at" DESC, "id" DESC) WHERE "closed_at" IS NOT NULL;
CREATE INDEX IF NOT EXISTS "task_task_due" ON "task_task" ("state", "due_at");
CREATE INDEX IF NOT EXISTS "task_task_list" ON "task_task" ("level" DESC, "next_level_at", "id") WHERE "state" IN ('pending', 'in_progress', 'waiting');
CREATE INDEX IF NOT EXISTS "task_task_next" ON "task_task" ("next_level_at") WHERE "next_level_at" IS NOT NULL;
CREATE INDEX IF NOT EXISTS "task_task_opened" ON "task_task" ("opened_at");
CREATE INDEX IF NOT EXISTS "task_task_organization" ON "task_task" ("organization") WHERE "visibility" = 'organization';
CREATE INDEX IF NOT EXISTS "task_task_public" ON "task_task" ("id") WHERE "visibility" = 'public';
CREATE INDEX IF NOT EXISTS "task_task_team" ON "task_task" ("team", "state", "opened_at");
CREATE INDEX IF NOT EXISTS "task_task_watched" ON "task_task" ("id") WHERE NOT ("watchers" = '');
INSERT INTO "django_migrations" ("app", "name", "applied")
SELECT * FROM (VALUES
    ('audit', '0001_initial', '2026-01-01 00:00:00'),
    ('audit', '0002_seals', '2026-01-01 00:00:00'),
    ('audit', '0003_key', '2026-01-01 00:00:00'),
    ('contenttypes', '0001_initial', '2026-01-01 00:00:00'),
    ('contenttypes', '0002_remove_content_type_name', '2026-01-01 00:00:00'),
    ('auth', '0001_initial', '2026-01-01 00:00:00'),
    ('auth', '0002_alter_permission_name_max_length', '2026-01-01 00:00:00'),
    ('auth', '0003_alter_user_email_max_length', '2026-01-01 00:00:00'),
    ('auth', '0004_alter_user_username_opts', '2026-01-01 00:00:00'),
    ('auth', '0005_alter_user_last_login_null', '2026-01-01 00:00:00'),
    ('auth', '0006_require_contenttypes_0002', '2026-01-01 00:00:00'),
    ('auth', '0007_alter_validators_add_error_messages', '2026-01-01 00:00:00'),
    ('auth', '0008_alter_user_username_max_length', '2026-01-01 00:00:00'),
    ('auth', '0009_alter_user_last_name_max_length', '2026-01-01 00:00:00'),
    ('auth', '0010_alter_group_name_max_length', '2026-01-01 00:00:00'),
    ('auth', '0011_update_proxy_permissions', '2026-01-01 00:00:00'),
    ('auth', '0012_alter_user_first_name_max_length', '2026-01-01 00:00:00'),
    ('intake', '0001_initial', '2026-01-01 00:00:00'),
    ('intake', '0002_mailbox', '2026-01-01 00:00:00'),
    ('intake', '0003_waiting', '2026-01-01 00:00:00'),
    ('intake', '0004_tuned', '2026-01-01 00:00:00'),
    ('intake', '0005_words', '2026-01-01 00:00:00'),
    ('intake', '0006_turn', '2026-01-01 00:00:00'),
    ('intake', '0007_gone', '2026-01-01 00:00:00'),
    ('intake', '0008_waiting_file', '2026-01-01 00:00:00'),
    ('intake', '0009_import_place', '2026-01-01 00:00:00'),
    ('intake', '0010_blob', '2026-01-01 00:00:00'),
    ('intake', '0011_failed_file', '2026-01-01 00:00:00'),
    ('ops', '0001_initial', '2026-01-01 00:00:00'),
    ('ops', '0002_tally', '2026-01-01 00:00:00'),
    ('ops', '0003_backups', '2026-01-01 00:00:00'),
    ('ops', '0004_certificate', '2026-01-01 00:00:00'),
    ('ops', '0005_lost_mails', '2026-01-01 00:00:00'),
    ('outbox', '0001_initial', '2026-01-01 00:00:00'),
    ('outbox', '0002_outlets', '2026-01-01 00:00:00'),
    ('outbox', '0003_waiting', '2026-01-01 00:00:00'),
    ('outbox', '0004_tuned', '2026-01-01 00:00:00'),
    ('outbox', '0005_turn', '2026-01-01 00:00:00'),
    ('outbox', '0006_settled', '2026-01-01 00:00:00'),
    ('outbox', '0007_maybe_sent', '2026-01-01 00:00:00'),
    ('people', '0001_initial', '2026-01-01 00:00:00'),
    ('people', '0002_token_name', '2026-01-01 00:00:00'),
    ('sessions', '0001_initial', '2026-01-01 00:00:00'),
    ('task', '0001_initial', '2026-01-01 00:00:00'),
    ('task', '0002_search', '2026-01-01 00:00:00'),
    ('task', '0003_called', '2026-01-01 00:00:00'),
    ('task', '0004_tuned', '2026-01-01 00:00:00'),
    ('task', '0005_lists', '2026-01-01 00:00:00'),
    ('task', '0006_named', '2026-01-01 00:00:00'),
    ('task', '0007_put_off', '2026-01-01 00:00:00')
) WHERE NOT EXISTS (SELECT 1 FROM "django_migrations");
COMMIT;
