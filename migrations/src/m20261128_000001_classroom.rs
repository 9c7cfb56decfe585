//! The tables of the classroom (pairing, play days, guests, PINs, drawn names, raised hands), of the in-class quiz and
//! of appeals; and when a beat happened, which may be long before it came.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

/// Creates those tables and adds columns to `presence`, `playback`, `beat` and `lesson`.
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
        for (table, column) in columns() {
            manager.alter_table(Table::alter().table(table).add_column(column).take()).await?;
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
        for (table, column) in columns() {
            let name = column.get_column_name();
            manager.alter_table(Table::alter().table(table).drop_column(Alias::new(name)).take()).await?;
        }
        for table in TABLES.iter().rev() {
            manager.drop_table(Table::drop().table(*table).take()).await?;
        }
        Ok(())
    }
}

/// The tables, in the order they are made.
const TABLES: &[&str] = &[
    "pairing",
    "device_run",
    "play_day",
    "play_day_lesson",
    "guest",
    "person_pin",
    "presence_check",
    "question",
    "quiz_attempt",
    "room_answer",
    "appeal",
];

/// Name, table, columns, unique.
const INDEXES: &[(&str, &str, &[&str], bool)] = &[
    ("pairing_secret", "pairing", &["secret_hash"], true),
    ("pairing_code", "pairing", &["code"], false),
    ("device_run_device", "device_run", &["device_id", "began_at"], false),
    ("play_day_unit", "play_day", &["unit_id"], false),
    ("guest_playback", "guest", &["playback_id"], false),
    ("presence_check_playback", "presence_check", &["playback_id"], false),
    ("question_lesson", "question", &["lesson_id", "position"], false),
    ("quiz_attempt_person", "quiz_attempt", &["person_id", "lesson_id"], false),
    ("appeal_person", "appeal", &["person_id"], false),
    ("appeal_entry", "appeal", &["entry_seq"], false),
    ("appeal_open", "appeal", &["decided_at", "unit_id"], false),
];

/// What older tables gain. The defaults are what the rows of before mean.
fn columns() -> Vec<(&'static str, ColumnDef)> {
    vec![
        ("presence", text("marked_how").default("roll").take()),
        ("presence", big_integer_null("guest_id").take()),
        ("lesson", boolean("quiz_required").default(false).take()),
        ("playback", big_integer("start_position_ms").default(0).take()),
        ("playback", integer("most_rate_permille").default(1500).take()),
        ("playback", big_integer_null("touched_at").take()),
        ("playback", big_integer_null("idle_after_ms").take()),
        ("playback", big_integer_null("served_at").take()),
        ("playback", boolean("plays_cached").default(false).take()),
        ("beat", big_integer_null("happened_at").take()),
        ("beat", big_integer_null("received_at").take()),
        ("beat", boolean("touched").default(false).take()),
    ]
}

fn tables() -> Vec<TableCreateStatement> {
    vec![
        Table::create()
            .table("pairing")
            .col(big_pk_auto("id"))
            .col(text("code"))
            .col(text("secret_hash"))
            .col(big_integer("asked_at"))
            .col(big_integer("expires_at"))
            .col(big_integer_null("device_id"))
            .take(),
        Table::create()
            .table("device_run")
            .col(big_pk_auto("id"))
            .col(big_integer("device_id"))
            .col(big_integer("began_at"))
            .col(big_integer("last_seen_at"))
            .take(),
        Table::create()
            .table("play_day")
            .col(big_pk_auto("id"))
            .col(big_integer("unit_id"))
            .col(text("title"))
            .col(text("days"))
            .col(integer("at_minute"))
            .col(date("valid_from"))
            .col(date_null("ended_on"))
            .col(big_integer_null("created_by"))
            .col(big_integer("created_at"))
            .take(),
        Table::create()
            .table("play_day_lesson")
            .col(big_integer("play_day_id"))
            .col(integer("position"))
            .col(big_integer("lesson_id"))
            .primary_key(Index::create().col("play_day_id").col("position"))
            .take(),
        Table::create()
            .table("guest")
            .col(big_pk_auto("id"))
            .col(big_integer("playback_id"))
            .col(text("name"))
            .col(text("place"))
            .col(text_null("phone"))
            .col(big_integer("arrived_at"))
            .col(big_integer_null("left_at"))
            .col(big_integer_null("marked_by"))
            .col(big_integer_null("person_id"))
            .col(big_integer_null("merged_by"))
            .col(big_integer_null("merged_at"))
            .take(),
        Table::create()
            .table("person_pin")
            .col(big_integer("person_id").primary_key())
            .col(text("hash"))
            .col(big_integer("set_at"))
            .col(integer("failed_count"))
            .col(big_integer_null("failed_at"))
            .take(),
        Table::create()
            .table("presence_check")
            .col(big_pk_auto("id"))
            .col(big_integer("playback_id"))
            .col(big_integer("person_id"))
            .col(big_integer("asked_at"))
            .col(boolean_null("present"))
            .col(big_integer_null("answered_by"))
            .col(big_integer_null("answered_at"))
            .take(),
        Table::create()
            .table("question")
            .col(big_pk_auto("id"))
            .col(big_integer("lesson_id"))
            .col(integer("position"))
            .col(text("kind"))
            .col(text("text"))
            .col(text("choices"))
            .col(text("answer"))
            .col(text("explanation"))
            .col(big_integer_null("created_by"))
            .col(big_integer("created_at"))
            .take(),
        Table::create()
            .table("quiz_attempt")
            .col(big_pk_auto("id"))
            .col(big_integer("person_id"))
            .col(big_integer("lesson_id"))
            .col(date("day"))
            .col(big_integer("begun_at"))
            .col(big_integer_null("submitted_at"))
            .col(text("questions"))
            .col(text_null("answers"))
            .col(integer("right_count"))
            .col(integer("question_count"))
            .col(boolean("passed"))
            .take(),
        Table::create()
            .table("room_answer")
            .col(big_integer("playback_id"))
            .col(big_integer("question_id"))
            .col(integer("choice"))
            .col(integer("hands"))
            .col(big_integer_null("answered_by"))
            .col(big_integer("answered_at"))
            .primary_key(Index::create().col("playback_id").col("question_id").col("choice"))
            .take(),
        Table::create()
            .table("appeal")
            .col(big_pk_auto("id"))
            .col(big_integer("person_id"))
            .col(big_integer("entry_seq"))
            .col(big_integer("unit_id"))
            .col(text("text"))
            .col(big_integer("created_at"))
            .col(big_integer_null("decided_at"))
            .col(big_integer_null("decided_by"))
            .col(boolean_null("granted"))
            .col(text_null("decision"))
            .col(big_integer_null("correction_seq"))
            .take(),
    ]
}
