//! What trainers and reviewers need: uploads in parts, remarks on a lesson under review, publishing at a time, what
//! people are told on their pages; what is being written, and what was; training plans; wishes and their answers.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

/// Creates those tables, and adds columns to `upload` and `lesson`.
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
        for (name, table, ..) in INDEXES.iter().filter(|(_, table, ..)| !TABLES.contains(table)) {
            manager.drop_index(Index::drop().name(*name).table(*table).to_owned()).await?;
        }
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
    "notice",
    "review_note",
    "lesson_draft",
    "lesson_version",
    "training_plan",
    "training_plan_item",
    "wish",
    "wish_answer",
];

/// Name, table, columns, unique.
const INDEXES: &[(&str, &str, &[&str], bool)] = &[
    ("notice_account", "notice", &["account_id", "seen_at"], false),
    ("notice_subject", "notice", &["kind", "subject_id"], false),
    ("wish_meaning", "wish", &["meaning"], false),
    ("training_plan_unit", "training_plan", &["unit_id"], false),
    ("review_note_lesson", "review_note", &["lesson_id"], false),
    ("lesson_publish_at", "lesson", &["publish_at"], false),
];

/// What older tables gain. The defaults are what the rows of before mean.
fn columns() -> Vec<(&'static str, ColumnDef)> {
    vec![
        ("upload", text_null("concat").take()),
        ("lesson", big_integer_null("submitted_by").take()),
        ("lesson", big_integer_null("publish_at").take()),
        ("lesson", text("chapters").default("").take()),
        ("lesson", text_null("cover_sha256").take()),
    ]
}

fn tables() -> Vec<TableCreateStatement> {
    vec![
        Table::create()
            .table("notice")
            .col(big_pk_auto("id"))
            .col(big_integer("account_id"))
            .col(text("kind"))
            .col(big_integer("subject_id"))
            .col(text("text"))
            .col(big_integer("created_at"))
            .col(big_integer_null("seen_at"))
            .take(),
        Table::create()
            .table("review_note")
            .col(big_pk_auto("id"))
            .col(big_integer("lesson_id"))
            .col(big_integer_null("at_ms"))
            .col(text("text"))
            .col(big_integer("created_by"))
            .col(big_integer("created_at"))
            .col(big_integer_null("done_at"))
            .col(big_integer_null("done_by"))
            .take(),
        Table::create()
            .table("lesson_draft")
            .col(big_integer("lesson_id"))
            .col(big_integer("account_id"))
            .col(integer("version"))
            .col(text("fields"))
            .col(big_integer_null("saved_at"))
            .col(big_integer("seen_at"))
            .primary_key(Index::create().col("lesson_id").col("account_id"))
            .take(),
        Table::create()
            .table("lesson_version")
            .col(big_integer("lesson_id"))
            .col(integer("version"))
            .col(big_integer("at"))
            .col(big_integer_null("account_id"))
            .col(text("snapshot"))
            .primary_key(Index::create().col("lesson_id").col("version"))
            .take(),
        Table::create()
            .table("training_plan")
            .col(big_pk_auto("id"))
            .col(text("title"))
            .col(text("note"))
            .col(big_integer("unit_id"))
            .col(text("posts"))
            .col(date("from_on"))
            .col(date("due_on"))
            .col(big_integer_null("created_by"))
            .col(big_integer("created_at"))
            .col(big_integer_null("ended_at"))
            .take(),
        Table::create()
            .table("training_plan_item")
            .col(big_integer("plan_id"))
            .col(integer("position"))
            .col(big_integer_null("lesson_id"))
            .col(text_null("class_title"))
            .primary_key(Index::create().col("plan_id").col("position"))
            .take(),
        Table::create()
            .table("wish")
            .col(big_integer("account_id"))
            .col(text("meaning"))
            .col(text("query"))
            .col(big_integer("unit_id"))
            .col(big_integer("asked_at"))
            .primary_key(Index::create().col("account_id").col("meaning"))
            .take(),
        Table::create()
            .table("wish_answer")
            .col(text("meaning"))
            .col(big_integer("unit_id"))
            .col(big_integer("lesson_id"))
            .col(big_integer("answered_by"))
            .col(big_integer("answered_at"))
            .col(big_integer("told"))
            .primary_key(Index::create().col("meaning").col("unit_id"))
            .take(),
    ]
}
