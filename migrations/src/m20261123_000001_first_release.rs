//! The tables of the first release.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

/// Creates every table and index of the first release.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true) // SQLite, too, must not be left with half a schema
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables() {
            manager.create_table(table).await?;
        }
        for (name, table, columns, unique) in INDEXES {
            let mut index = Index::create();
            index.name(*name).table(*table);
            for column in *columns {
                index.col(*column);
            }
            if *unique {
                index.unique();
            }
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES.iter().rev() {
            manager.drop_table(Table::drop().table(*table).take()).await?;
        }
        Ok(())
    }
}

/// The tables, in the order they are made.
const TABLES: &[&str] = &[
    "org_unit",
    "person",
    "post",
    "account",
    "role_grant",
    "refresh_token",
    "device",
    "course",
    "lesson",
    "media",
    "upload",
    "playback",
    "presence",
    "class_run",
    "class_attendance",
    "ledger_entry",
    "ledger_head",
    "rule",
    "audit",
    "outbox",
    "beat",
];

/// Name, table, columns, unique.
const INDEXES: &[(&str, &str, &[&str], bool)] = &[
    ("org_unit_code", "org_unit", &["code"], true),
    ("org_unit_path", "org_unit", &["path"], true),
    ("org_unit_parent", "org_unit", &["parent_id"], false),
    ("person_code", "person", &["code"], true),
    ("person_unit", "person", &["unit_id"], false),
    ("post_person", "post", &["person_id"], false),
    ("account_login", "account", &["login"], true),
    ("account_person", "account", &["person_id"], true),
    ("account_device", "account", &["device_id"], true),
    ("role_grant_once", "role_grant", &["account_id", "role", "unit_id"], true),
    ("refresh_token_hash", "refresh_token", &["token_hash"], true),
    ("refresh_token_family", "refresh_token", &["family"], false),
    ("refresh_token_account", "refresh_token", &["account_id"], false),
    ("device_unit", "device", &["unit_id"], false),
    ("course_slug", "course", &["slug"], true),
    ("lesson_slug", "lesson", &["slug"], true),
    ("lesson_course", "lesson", &["course_id", "position"], false),
    ("lesson_media", "lesson", &["media_sha256"], false),
    ("upload_account", "upload", &["account_id"], false),
    ("playback_person_lesson", "playback", &["person_id", "lesson_id", "last_beat_at"], false),
    ("playback_open", "playback", &["closed_at", "last_beat_at"], false),
    ("playback_unposted", "playback", &["posted_at", "closed_at"], false),
    ("playback_unit_day", "playback", &["unit_id", "day"], false),
    ("playback_lesson_day", "playback", &["lesson_id", "day"], false),
    ("presence_stay", "presence", &["playback_id", "person_id", "arrived_at"], true),
    ("presence_person", "presence", &["person_id", "arrived_at"], false),
    ("class_attendance_once", "class_attendance", &["class_run_id", "person_id"], true),
    ("class_attendance_person", "class_attendance", &["person_id"], false),
    ("ledger_entry_person_day", "ledger_entry", &["person_id", "day"], false),
    ("ledger_entry_once", "ledger_entry", &["playback_id", "person_id", "day"], true),
    ("ledger_entry_class", "ledger_entry", &["class_run_id", "person_id"], false),
    ("ledger_entry_unit_day", "ledger_entry", &["unit_id", "day"], false),
    ("ledger_entry_day", "ledger_entry", &["day"], false),
    ("rule_dated", "rule", &["unit_id", "valid_from"], true),
    ("audit_at", "audit", &["at"], false),
    ("audit_target", "audit", &["target"], false),
];

fn tables() -> Vec<TableCreateStatement> {
    vec![
        Table::create()
            .table("org_unit")
            .col(big_pk_auto("id"))
            .col(big_integer_null("parent_id"))
            .col(text("code"))
            .col(text("name"))
            .col(text("level"))
            .col(text("path"))
            .take(),
        Table::create()
            .table("person")
            .col(big_pk_auto("id"))
            .col(text("code"))
            .col(text("name"))
            .col(text("pinyin"))
            .col(big_integer("unit_id"))
            .col(text_null("gender"))
            .col(integer_null("birth_year"))
            .col(text_null("phone"))
            .col(date_null("left_on"))
            .col(big_integer("created_at"))
            .take(),
        Table::create()
            .table("post")
            .col(big_pk_auto("id"))
            .col(big_integer("person_id"))
            .col(text("kind"))
            .col(date("appointed_on"))
            .col(date_null("ended_on"))
            .take(),
        Table::create()
            .table("account")
            .col(big_pk_auto("id"))
            .col(text("login"))
            .col(text("password_hash"))
            .col(big_integer_null("person_id"))
            .col(big_integer_null("device_id"))
            .col(boolean("must_change_password"))
            .col(integer("failed_count"))
            .col(big_integer_null("failed_at"))
            .col(integer("session_epoch"))
            .col(big_integer_null("disabled_at"))
            .col(big_integer("created_at"))
            .take(),
        Table::create()
            .table("role_grant")
            .col(big_pk_auto("id"))
            .col(big_integer("account_id"))
            .col(text("role"))
            .col(big_integer("unit_id"))
            .col(big_integer("granted_at"))
            .take(),
        Table::create()
            .table("refresh_token")
            .col(big_pk_auto("id"))
            .col(big_integer("account_id"))
            .col(text("family"))
            .col(text("token_hash"))
            .col(big_integer("issued_at"))
            .col(big_integer("expires_at"))
            .col(big_integer_null("used_at"))
            .col(big_integer_null("revoked_at"))
            .take(),
        Table::create()
            .table("device")
            .col(big_pk_auto("id"))
            .col(big_integer("unit_id"))
            .col(text("name"))
            .col(text_null("pairing_hash"))
            .col(big_integer_null("pairing_expires_at"))
            .col(big_integer_null("paired_at"))
            .col(big_integer_null("revoked_at"))
            .col(big_integer_null("last_seen_at"))
            .take(),
        Table::create()
            .table("course")
            .col(big_pk_auto("id"))
            .col(text("slug"))
            .col(text("title"))
            .col(text("summary"))
            .col(text("category"))
            .col(big_integer("unit_id"))
            .col(big_integer("audience_unit_id"))
            .col(big_integer_null("created_by"))
            .col(big_integer("created_at"))
            .col(big_integer("updated_at"))
            .col(integer("version"))
            .take(),
        Table::create()
            .table("lesson")
            .col(big_pk_auto("id"))
            .col(text("slug"))
            .col(big_integer("course_id"))
            .col(integer("position"))
            .col(text("title"))
            .col(text("summary"))
            .col(text("body"))
            .col(text("category"))
            .col(text("tags"))
            .col(text_null("crop"))
            .col(text_null("season"))
            .col(text("level"))
            .col(text("language"))
            .col(text("lecturer"))
            .col(text("source"))
            .col(date_null("valid_until"))
            .col(big_integer("duration_ms"))
            .col(text_null("media_sha256"))
            .col(text("state"))
            .col(big_integer("unit_id"))
            .col(big_integer("audience_unit_id"))
            .col(date_null("published_on"))
            .col(big_integer("plays"))
            .col(boolean("is_sample"))
            .col(text_null("return_reason"))
            .col(big_integer_null("created_by"))
            .col(big_integer_null("reviewed_by"))
            .col(big_integer("updated_at"))
            .col(integer("version"))
            .take(),
        Table::create()
            .table("media")
            .col(text("sha256").primary_key())
            .col(big_integer("size_bytes"))
            .col(text("mime"))
            .col(text("filename"))
            .col(big_integer_null("duration_ms"))
            .col(integer_null("width"))
            .col(integer_null("height"))
            .col(text_null("codecs"))
            .col(boolean_null("faststart"))
            .col(big_integer("unit_id"))
            .col(big_integer_null("uploaded_by"))
            .col(big_integer("created_at"))
            .take(),
        Table::create()
            .table("upload")
            .col(text("id").primary_key())
            .col(big_integer("account_id"))
            .col(big_integer("unit_id"))
            .col(big_integer("length"))
            .col(big_integer("received"))
            .col(text("metadata"))
            .col(text("filename"))
            .col(text("filetype"))
            .col(big_integer_null("course_id"))
            .col(text("state"))
            .col(text_null("sha256"))
            .col(text_null("error"))
            .col(big_integer("created_at"))
            .col(big_integer("expires_at"))
            .take(),
        Table::create()
            .table("playback")
            .col(big_pk_auto("id"))
            .col(text("mode"))
            .col(big_integer("lesson_id"))
            .col(big_integer_null("person_id"))
            .col(big_integer("account_id"))
            .col(big_integer("unit_id"))
            .col(big_integer("duration_ms"))
            .col(big_integer("started_at"))
            .col(date("day"))
            .col(big_integer("last_seq"))
            .col(big_integer("last_position_ms"))
            .col(boolean("last_playing"))
            .col(integer("last_rate_permille"))
            .col(big_integer("last_beat_at"))
            .col(big_integer("claimed_ms"))
            .col(big_integer("credited_ms"))
            .col(text("reasons"))
            .col(text("seen"))
            .col(big_integer_null("superseded_at"))
            .col(big_integer_null("closed_at"))
            .col(big_integer_null("posted_at"))
            .take(),
        Table::create()
            .table("presence")
            .col(big_pk_auto("id"))
            .col(big_integer("playback_id"))
            .col(big_integer("person_id"))
            .col(big_integer("arrived_at"))
            .col(big_integer_null("left_at"))
            .col(big_integer_null("marked_by"))
            .take(),
        Table::create()
            .table("class_run")
            .col(big_pk_auto("id"))
            .col(text("level"))
            .col(text("title"))
            .col(big_integer("unit_id"))
            .col(text("place"))
            .col(text("teacher"))
            .col(date("starts_on"))
            .col(date("ends_on"))
            .col(integer("half_days"))
            .col(big_integer_null("created_by"))
            .col(big_integer("created_at"))
            .take(),
        Table::create()
            .table("class_attendance")
            .col(big_pk_auto("id"))
            .col(big_integer("class_run_id"))
            .col(big_integer("person_id"))
            .col(integer("half_days"))
            .col(text("status"))
            .take(),
        Table::create()
            .table("ledger_entry")
            .col(big_integer("seq").primary_key())
            .col(big_integer("person_id"))
            .col(big_integer("unit_id"))
            .col(date("day"))
            .col(text("source"))
            .col(big_integer_null("lesson_id"))
            .col(big_integer_null("playback_id"))
            .col(big_integer_null("class_run_id"))
            .col(big_integer_null("corrects_seq"))
            .col(big_integer("claimed_ms"))
            .col(big_integer("credited_ms"))
            .col(text("reasons"))
            .col(big_integer("rule_id"))
            .col(text("note"))
            .col(big_integer_null("author_id"))
            .col(big_integer("posted_at"))
            .col(text("prev_hash"))
            .col(text("hash"))
            .take(),
        Table::create()
            .table("ledger_head")
            .col(integer("id").primary_key())
            .col(big_integer("seq"))
            .col(text("hash"))
            .take(),
        Table::create()
            .table("rule")
            .col(big_pk_auto("id"))
            .col(big_integer("unit_id"))
            .col(date("valid_from"))
            .col(text("name"))
            .col(text("body"))
            .col(big_integer_null("created_by"))
            .col(big_integer("created_at"))
            .take(),
        Table::create()
            .table("audit")
            .col(big_pk_auto("id"))
            .col(big_integer("at"))
            .col(big_integer_null("account_id"))
            .col(text("action"))
            .col(text("target"))
            .col(text("detail"))
            .take(),
        Table::create()
            .table("outbox")
            .col(big_pk_auto("id"))
            .col(big_integer("lesson_id"))
            .col(big_integer("at"))
            .take(),
        Table::create()
            .table("beat")
            .col(big_integer("playback_id"))
            .col(big_integer("seq"))
            .col(big_integer("position_ms"))
            .col(boolean("playing"))
            .col(integer("rate_permille"))
            .col(big_integer("claimed_ms"))
            .col(big_integer("span_from_ms"))
            .col(big_integer("span_to_ms"))
            .col(big_integer("wall_from"))
            .col(big_integer("wall_to"))
            .col(text_null("reason"))
            .col(big_integer("reason_ms"))
            .primary_key(Index::create().col("playback_id").col("seq"))
            .take(),
    ]
}
