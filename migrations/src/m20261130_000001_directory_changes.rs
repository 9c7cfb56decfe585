//! What the database itself notes when an account, its roles, its person or a unit changes, so that a server may keep
//! what it knows of ten thousand accounts and need not read each again every few seconds.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Creates `directory_change` and the triggers that write it.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true) // SQLite, too, must not be left with half a schema
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("directory_change")
            .col(big_pk_auto("id"))
            .col(big_integer_null("account_id")) // none: any of them
            .col(big_integer("at"))
            .col(big_integer("xid").default(0)) // of PostgreSQL's transaction
            .take();
        manager.create_table(table).await?;
        run(manager, noting(manager.get_database_backend())).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, not_noting(manager.get_database_backend())).await?;
        manager.drop_table(Table::drop().table("directory_change").take()).await
    }
}

/// PostgreSQL shows rows in the order of commits, not of their ids, so each says which transaction wrote it.
fn noting(backend: DbBackend) -> &'static [&'static str] {
    match backend {
        DbBackend::Postgres => &[
            "ALTER TABLE directory_change \
             ALTER COLUMN xid SET DEFAULT CAST(CAST(pg_current_xact_id() AS text) AS bigint)",
            "CREATE INDEX directory_change_xid ON directory_change (xid)",
            "CREATE FUNCTION note_directory_change() RETURNS trigger LANGUAGE plpgsql AS $$ \
             DECLARE now_ms bigint := CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint); \
             BEGIN \
               IF TG_TABLE_NAME = 'account' THEN \
                 INSERT INTO directory_change (account_id, at) VALUES (NEW.id, now_ms); \
               ELSIF TG_TABLE_NAME = 'person' THEN \
                 INSERT INTO directory_change (account_id, at) \
                 SELECT id, now_ms FROM account WHERE person_id = NEW.id; \
               ELSIF TG_TABLE_NAME = 'org_unit' THEN \
                 INSERT INTO directory_change (account_id, at) VALUES (NULL, now_ms); \
               ELSIF TG_OP = 'DELETE' THEN \
                 INSERT INTO directory_change (account_id, at) VALUES (OLD.account_id, now_ms); \
               ELSE \
                 INSERT INTO directory_change (account_id, at) VALUES (NEW.account_id, now_ms); \
               END IF; \
               RETURN NULL; \
             END $$",
            "CREATE TRIGGER account_changed AFTER UPDATE OF login, person_id, device_id, must_change_password, \
             session_epoch, disabled_at ON account FOR EACH ROW EXECUTE FUNCTION note_directory_change()",
            "CREATE TRIGGER person_changed AFTER UPDATE OF name, unit_id ON person \
             FOR EACH ROW EXECUTE FUNCTION note_directory_change()",
            "CREATE TRIGGER role_grant_changed AFTER INSERT OR DELETE ON role_grant \
             FOR EACH ROW EXECUTE FUNCTION note_directory_change()",
            "CREATE TRIGGER org_unit_changed AFTER UPDATE OF path OR DELETE ON org_unit \
             FOR EACH ROW EXECUTE FUNCTION note_directory_change()",
        ],
        _ => &[
            "CREATE TRIGGER account_changed AFTER UPDATE OF login, person_id, device_id, must_change_password, \
             session_epoch, disabled_at ON account BEGIN \
             INSERT INTO directory_change (account_id, at) VALUES (NEW.id, strftime('%s', 'now') * 1000); END",
            "CREATE TRIGGER person_changed AFTER UPDATE OF name, unit_id ON person BEGIN \
             INSERT INTO directory_change (account_id, at) \
             SELECT id, strftime('%s', 'now') * 1000 FROM account WHERE person_id = NEW.id; END",
            "CREATE TRIGGER role_grant_given AFTER INSERT ON role_grant BEGIN \
             INSERT INTO directory_change (account_id, at) VALUES (NEW.account_id, strftime('%s', 'now') * 1000); END",
            "CREATE TRIGGER role_grant_taken AFTER DELETE ON role_grant BEGIN \
             INSERT INTO directory_change (account_id, at) VALUES (OLD.account_id, strftime('%s', 'now') * 1000); END",
            "CREATE TRIGGER org_unit_changed AFTER UPDATE OF path ON org_unit BEGIN \
             INSERT INTO directory_change (account_id, at) VALUES (NULL, strftime('%s', 'now') * 1000); END",
            "CREATE TRIGGER org_unit_gone AFTER DELETE ON org_unit BEGIN \
             INSERT INTO directory_change (account_id, at) VALUES (NULL, strftime('%s', 'now') * 1000); END",
        ],
    }
}

fn not_noting(backend: DbBackend) -> &'static [&'static str] {
    match backend {
        DbBackend::Postgres => &[
            "DROP TRIGGER account_changed ON account",
            "DROP TRIGGER person_changed ON person",
            "DROP TRIGGER role_grant_changed ON role_grant",
            "DROP TRIGGER org_unit_changed ON org_unit",
            "DROP FUNCTION note_directory_change",
        ],
        _ => &[
            "DROP TRIGGER account_changed",
            "DROP TRIGGER person_changed",
            "DROP TRIGGER role_grant_given",
            "DROP TRIGGER role_grant_taken",
            "DROP TRIGGER org_unit_changed",
            "DROP TRIGGER org_unit_gone",
        ],
    }
}

async fn run(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    for statement in statements {
        manager.get_connection().execute_unprepared(statement).await?;
    }
    Ok(())
}
