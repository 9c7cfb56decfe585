//! Finds the few rows that somebody has to come back to among the many that are done with: rooms that nobody has ended, and
//! entries of which something waits because a clock was wrong.

use sea_orm_migration::prelude::*;

/// Creates two indexes of only these rows.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true) // SQLite, too, must not be left with half a schema
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, rows) in INDEXES {
            let statement = format!("CREATE INDEX {name} ON {rows}");
            manager.get_connection().execute_unprepared(&statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, _) in INDEXES {
            manager.get_connection().execute_unprepared(&format!("DROP INDEX {name}")).await?;
        }
        Ok(())
    }
}

/// Name, and the rows that stand in it: a query that looks for them says the same of them.
const INDEXES: &[(&str, &str)] = &[
    ("playback_room", "playback (account_id) WHERE mode = 'group' AND closed_at IS NULL"),
    ("ledger_entry_clock", "ledger_entry (unit_id) WHERE reasons LIKE '%\"CLOCK_UNRESOLVED\"%'"),
];
