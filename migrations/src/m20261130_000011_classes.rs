//! Classes in person from their announcement to the record, and other study on the same way: who was there in which
//! half-day, what proves it, who handed it in and who decided.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

/// Adds columns to `class_run`; creates `class_sign_in` and `class_evidence`.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true) // SQLite, too, must not be left with half a schema
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in columns() {
            manager.alter_table(Table::alter().table("class_run").add_column(column).take()).await?;
        }
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
        for (name, table, ..) in INDEXES.iter().filter(|(_, table, ..)| *table == "class_run") {
            manager.drop_index(Index::drop().name(*name).table(*table).to_owned()).await?;
        }
        for table in ["class_evidence", "class_sign_in"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        for column in columns().iter().rev() {
            let name = Alias::new(column.get_column_name());
            manager.alter_table(Table::alter().table("class_run").drop_column(name).take()).await?;
        }
        Ok(())
    }
}

/// Name, table, columns, unique: the list of a unit, the studies of a person, each sign-in once, what names a file.
const INDEXES: &[(&str, &str, &[&str], bool)] = &[
    ("class_run_unit", "class_run", &["unit_id", "state"], false),
    ("class_run_person", "class_run", &["person_id"], false),
    ("class_sign_in_once", "class_sign_in", &["class_run_id", "half_day", "person_id"], true),
    ("class_evidence_class", "class_evidence", &["class_run_id"], false),
    ("class_evidence_file", "class_evidence", &["sha256"], false),
];

/// What `class_run` gains. The defaults are what the rows of before mean: classes whose hours were entered at once.
fn columns() -> Vec<ColumnDef> {
    vec![
        text("source").default("class").take(),
        text("state").default("approved").take(),
        text("topics").default("").take(),
        big_integer_null("person_id").take(),
        integer_null("signing").take(),
        big_integer_null("signing_since").take(),
        big_integer_null("handed_in_by").take(),
        big_integer_null("handed_in_at").take(),
        big_integer_null("decided_by").take(),
        big_integer_null("decided_at").take(),
        text_null("decision").take(),
    ]
}

fn tables() -> Vec<TableCreateStatement> {
    vec![
        Table::create()
            .table("class_sign_in")
            .col(big_pk_auto("id"))
            .col(big_integer("class_run_id"))
            .col(integer("half_day"))
            .col(big_integer("person_id"))
            .col(text("marked_how"))
            .col(big_integer("marked_by"))
            .col(big_integer("marked_at"))
            .take(),
        Table::create()
            .table("class_evidence")
            .col(big_pk_auto("id"))
            .col(big_integer("class_run_id"))
            .col(text("sha256"))
            .col(text("name"))
            .col(big_integer("added_by"))
            .col(big_integer("added_at"))
            .take(),
    ]
}
