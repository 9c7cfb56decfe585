//! What the reports need: an index that holds the sums of a person's days, the marks of the star rating, and an audit
//! log that says from where and that nobody can edit.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Replaces the index of entries by person and day with one that covers every sum; creates `star_mark`.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true) // SQLite, too, must not be left with half a schema
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        swap(manager, NARROW, WIDE).await?;
        manager.create_table(star_mark()).await?;
        let mut index = Index::create();
        index.name("star_mark_unit").table("star_mark").col("unit_id").col("year");
        manager.create_index(index).await?;
        manager.alter_table(Table::alter().table("audit").add_column(text_null("address")).take()).await?;
        for (name, columns) in AUDIT_INDEXES {
            let mut index = Index::create();
            index.name(*name).table("audit");
            columns.iter().for_each(|column| _ = index.col(*column));
            manager.create_index(index).await?;
        }
        run(manager, sealing(manager.get_database_backend())).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, unsealing(manager.get_database_backend())).await?;
        for (name, _) in AUDIT_INDEXES {
            manager.drop_index(Index::drop().name(*name).table("audit").to_owned()).await?;
        }
        manager.alter_table(Table::alter().table("audit").drop_column("address").take()).await?;
        manager.drop_table(Table::drop().table("star_mark").take()).await?;
        swap(manager, WIDE, NARROW).await
    }
}

/// Name and columns of an index on `ledger_entry`.
type Columns = (&'static str, &'static [&'static str]);

const NARROW: Columns = ("ledger_entry_person_day", &["person_id", "day"]);

/// A person's entries lie scattered over the ledger, one here, one there: sums that had to fetch each of them would
/// read the whole table for a report of the city.
const WIDE: Columns = (
    "ledger_entry_person_sums",
    &["person_id", "day", "seq", "source", "rule_id", "lesson_id", "class_run_id", "claimed_ms", "credited_ms"],
);

async fn swap(manager: &SchemaManager<'_>, old: Columns, new: Columns) -> Result<(), DbErr> {
    manager.drop_index(Index::drop().name(old.0).table("ledger_entry").to_owned()).await?;
    let mut index = Index::create();
    index.name(new.0).table("ledger_entry");
    for column in new.1 {
        index.col(*column);
    }
    manager.create_index(index).await
}

const AUDIT_INDEXES: &[(&str, &[&str])] =
    &[("audit_account", &["account_id", "id"]), ("audit_action", &["action", "id"])];

/// What makes the database itself refuse to change or remove a line of the audit log.
fn sealing(backend: DbBackend) -> &'static [&'static str] {
    match backend {
        DbBackend::Postgres => &[
            "CREATE FUNCTION audit_is_only_added_to() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'the audit log is only added to'; END $$",
            "CREATE TRIGGER audit_is_kept BEFORE UPDATE OR DELETE ON audit \
             FOR EACH ROW EXECUTE FUNCTION audit_is_only_added_to()",
            "CREATE TRIGGER audit_is_kept_whole BEFORE TRUNCATE ON audit \
             FOR EACH STATEMENT EXECUTE FUNCTION audit_is_only_added_to()",
        ],
        _ => &[
            "CREATE TRIGGER audit_is_kept BEFORE UPDATE ON audit \
             BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END",
            "CREATE TRIGGER audit_is_kept_whole BEFORE DELETE ON audit \
             BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END",
        ],
    }
}

fn unsealing(backend: DbBackend) -> &'static [&'static str] {
    match backend {
        DbBackend::Postgres => &[
            "DROP TRIGGER audit_is_kept ON audit",
            "DROP TRIGGER audit_is_kept_whole ON audit",
            "DROP FUNCTION audit_is_only_added_to",
        ],
        _ => &["DROP TRIGGER audit_is_kept", "DROP TRIGGER audit_is_kept_whole"],
    }
}

async fn run(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    for statement in statements {
        manager.get_connection().execute_unprepared(statement).await?;
    }
    Ok(())
}

fn star_mark() -> TableCreateStatement {
    Table::create()
        .table("star_mark")
        .col(big_pk_auto("id"))
        .col(big_integer("unit_id"))
        .col(integer("year"))
        .col(text("item"))
        .col(big_integer("points"))
        .col(text("reason"))
        .col(text("evidence_sha256"))
        .col(text("evidence_name"))
        .col(big_integer("author_id"))
        .col(big_integer("marked_at"))
        .take()
}
