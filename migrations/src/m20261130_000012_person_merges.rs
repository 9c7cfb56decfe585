//! That two rows of the roster are one person: who is kept, who is one with them, and what puts it back.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

/// Creates `person_merge`.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true) // SQLite, too, must not be left with half a schema
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("person_merge")
            .col(big_pk_auto("id"))
            .col(big_integer("kept_id"))
            .col(big_integer("merged_id"))
            .col(text("reason"))
            .col(big_integer("merged_by"))
            .col(big_integer("merged_at"))
            .col(big_integer("before_seq"))
            .col(big_integer("since_seq"))
            .col(big_integer_null("until_seq"))
            .col(big_integer("unit_id"))
            .col(date_null("left_on"))
            .col(text("posts"))
            .col(text("exemptions"))
            .col(big_integer_null("parted_by"))
            .col(big_integer_null("parted_at"))
            .col(text_null("part_reason"))
            .take();
        manager.create_table(table).await?;
        for (name, column) in [("person_merge_kept", "kept_id"), ("person_merge_merged", "merged_id")] {
            let mut index = Index::create();
            index.name(name).table("person_merge").col(column);
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("person_merge").take()).await
    }
}
