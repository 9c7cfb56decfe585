//! Wrong passwords are counted by what was typed as the login, no longer on the account: whether there is such an account
//! must not be told by waiting.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

/// Creates `sign_in_failure`; drops what an account counted.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true) // SQLite, too, must not be left with half a schema
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::create();
        table.table("sign_in_failure").col(text("login").primary_key()).col(integer("count")).col(big_integer("at"));
        manager.create_table(table).await?;
        for column in ["failed_count", "failed_at"] {
            manager.alter_table(Table::alter().table("account").drop_column(column).take()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .alter_table(Table::alter().table("account").add_column(integer("failed_count").default(0)).take())
            .await?;
        manager.alter_table(Table::alter().table("account").add_column(big_integer_null("failed_at")).take()).await?;
        manager.drop_table(Table::drop().table("sign_in_failure").take()).await
    }
}
