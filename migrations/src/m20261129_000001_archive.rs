//! The tables by which people are judged beside the ledger: who is exempt and until when, and what years are sealed.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

/// Creates `exemption`, `seal`, `seal_line` and `seal_head`.
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
        for table in TABLES.iter().rev() {
            manager.drop_table(Table::drop().table(*table).take()).await?;
        }
        Ok(())
    }
}

/// The tables, in the order they are made.
const TABLES: &[&str] = &["exemption", "seal", "seal_line", "seal_head"];

/// Name, table, columns, unique.
const INDEXES: &[(&str, &str, &[&str], bool)] = &[
    ("exemption_person", "exemption", &["person_id"], false),
    ("seal_year", "seal", &["year", "unit_id"], false),
    ("seal_line_person", "seal_line", &["person_id"], false),
    ("seal_line_code", "seal_line", &["check_code"], true),
    ("seal_line_seal", "seal_line", &["seal_id", "kind", "person_id"], false),
];

fn tables() -> Vec<TableCreateStatement> {
    vec![
        Table::create()
            .table("exemption")
            .col(big_pk_auto("id"))
            .col(big_integer("person_id"))
            .col(text("kind"))
            .col(date("begins_on"))
            .col(date("ends_on"))
            .col(text("reason"))
            .col(big_integer("approved_by"))
            .col(big_integer("approved_at"))
            .col(date_null("ended_early_on"))
            .col(big_integer_null("ended_by"))
            .col(text_null("end_reason"))
            .take(),
        Table::create()
            .table("seal")
            .col(big_pk_auto("id"))
            .col(big_integer("unit_id"))
            .col(integer("year"))
            .col(text("state"))
            .col(big_integer("upto_seq"))
            .col(big_integer("people"))
            .col(big_integer("done"))
            .col(big_integer("asked_by"))
            .col(big_integer("asked_at"))
            .col(big_integer_null("sealed_at"))
            .col(text_null("hash"))
            .take(),
        Table::create()
            .table("seal_line")
            .col(big_integer("seq").primary_key())
            .col(big_integer("seal_id"))
            .col(text("kind"))
            .col(big_integer_null("person_id"))
            .col(text("body"))
            .col(big_integer("written_by"))
            .col(big_integer("written_at"))
            .col(text("prev_hash"))
            .col(text("hash"))
            .col(text_null("check_code"))
            .take(),
        Table::create()
            .table("seal_head")
            .col(integer("id").primary_key())
            .col(big_integer("seq"))
            .col(text("hash"))
            .take(),
    ]
}
