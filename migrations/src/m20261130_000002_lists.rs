//! Lists of many lessons: an index that answers filters, counts and the usual order without reading texts; changes of many
//! lessons at once and what they were before; views that people keep; who watched a lesson.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

/// Creates `bulk_change`, `bulk_lesson` and `saved_view`, and indexes of `lesson` and `ledger_entry`.
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
        for (name, table, ..) in INDEXES.iter().filter(|(_, table, ..)| !TABLES.contains(table)) {
            manager.drop_index(Index::drop().name(*name).table(*table).to_owned()).await?;
        }
        for table in TABLES.iter().rev() {
            manager.drop_table(Table::drop().table(*table).take()).await?;
        }
        Ok(())
    }
}

/// The tables, in the order they are made.
const TABLES: &[&str] = &["bulk_change", "bulk_lesson", "saved_view"];

/// Name, table, columns, unique. Of a lesson everything lists are narrowed by; not how often it was played, which changes
/// with every beginning and would be written here each time.
const INDEXES: &[(&str, &str, &[&str], bool)] = &[
    (
        "lesson_shelf",
        "lesson",
        &[
            "unit_id",
            "state",
            "updated_at",
            "category",
            "level",
            "language",
            "course_id",
            "valid_until",
            "published_on",
            "duration_ms",
        ],
        false,
    ),
    ("ledger_entry_lesson", "ledger_entry", &["lesson_id", "person_id"], false),
    ("bulk_change_account", "bulk_change", &["account_id", "done_at"], false),
    ("saved_view_name", "saved_view", &["account_id", "name"], true),
];

fn tables() -> Vec<TableCreateStatement> {
    vec![
        Table::create()
            .table("bulk_change")
            .col(big_pk_auto("id"))
            .col(big_integer("account_id"))
            .col(text("deed"))
            .col(text("place"))
            .col(big_integer("made_at"))
            .col(big_integer_null("done_at"))
            .col(big_integer_null("undone_at"))
            .take(),
        Table::create()
            .table("bulk_lesson")
            .col(big_integer("bulk_id"))
            .col(big_integer("lesson_id"))
            .col(integer("version"))
            .col(text("title"))
            .col(text_null("was"))
            .col(text_null("left_out"))
            .primary_key(Index::create().col("bulk_id").col("lesson_id"))
            .take(),
        Table::create()
            .table("saved_view")
            .col(big_pk_auto("id"))
            .col(big_integer("account_id"))
            .col(text("name"))
            .col(text("query"))
            .col(big_integer("created_at"))
            .take(),
    ]
}
