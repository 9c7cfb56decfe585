//! What is learnt in a year and reaches the ledger only after that year was sealed: it waits for a decision.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

/// Creates `late_posting`.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true) // SQLite, too, must not be left with half a schema
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(table()).await?;
        for (name, columns) in INDEXES {
            let mut index = Index::create();
            index.name(*name).table("late_posting");
            for column in *columns {
                index.col(*column);
            }
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("late_posting").take()).await
    }
}

/// Name, columns: those of a person and year, those of a session, and the open ones of a unit.
const INDEXES: &[(&str, &[&str])] = &[
    ("late_posting_person", &["person_id", "day"]),
    ("late_posting_playback", &["playback_id"]),
    ("late_posting_unit", &["unit_id", "decided_at"]),
];

fn table() -> TableCreateStatement {
    Table::create()
        .table("late_posting")
        .col(big_pk_auto("id"))
        .col(big_integer("playback_id"))
        .col(big_integer("person_id"))
        .col(big_integer("unit_id"))
        .col(date("day"))
        .col(text("title"))
        .col(big_integer("claimed_ms"))
        .col(big_integer("credited_ms"))
        .col(big_integer("noted_at"))
        .col(big_integer_null("decided_at"))
        .col(big_integer_null("decided_by"))
        .col(text_null("reason"))
        .col(big_integer_null("entry_seq"))
        .take()
}
