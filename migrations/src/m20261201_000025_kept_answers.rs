//! What was answered to requests that may be asked again and are done once.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

/// Creates `kept_answer`.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true) // SQLite, too, must not be left with half a schema
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("kept_answer")
            .col(big_pk_auto("id"))
            .col(big_integer("account_id"))
            .col(text("request"))
            .col(text("fingerprint"))
            .col(big_integer("begun_at"))
            .col(integer("attempt"))
            .col(boolean("acted"))
            .col(integer_null("status"))
            .col(text_null("location"))
            .col(text_null("content_type"))
            .col(text_null("body"))
            .take();
        manager.create_table(table).await?;
        let mut once = Index::create();
        once.name("kept_answer_once").table("kept_answer").col("account_id").col("request").unique();
        manager.create_index(once).await?;
        let mut oldest = Index::create();
        oldest.name("kept_answer_begun").table("kept_answer").col("begun_at");
        manager.create_index(oldest).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("kept_answer").take()).await
    }
}
