//! The tables of preparation (jobs, renditions), of captions, and of what people searched for.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

/// Creates `job`, `rendition`, `caption` and `search_count`.
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
        for table in ["search_count", "caption", "rendition", "job"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}

/// Name, table, columns, unique.
const INDEXES: &[(&str, &str, &[&str], bool)] = &[
    ("job_of_media", "job", &["media_sha256", "kind"], true),
    ("job_due", "job", &["state", "run_after"], false),
    ("rendition_of_media", "rendition", &["media_sha256", "kind"], true),
    ("rendition_blob", "rendition", &["blob_sha256"], false),
    ("caption_of_lesson", "caption", &["lesson_id", "language"], true),
];

fn tables() -> Vec<TableCreateStatement> {
    vec![
        Table::create()
            .table("job")
            .col(big_pk_auto("id"))
            .col(text("media_sha256"))
            .col(text("kind"))
            .col(text("state"))
            .col(integer("progress_permille"))
            .col(integer("attempts"))
            .col(big_integer("run_after"))
            .col(big_integer_null("leased_until"))
            .col(text_null("worker"))
            .col(text_null("error"))
            .col(big_integer("created_at"))
            .col(big_integer("updated_at"))
            .take(),
        Table::create()
            .table("rendition")
            .col(big_pk_auto("id"))
            .col(text("media_sha256"))
            .col(text("kind"))
            .col(text("blob_sha256"))
            .col(big_integer("size_bytes"))
            .col(text("mime"))
            .col(text_null("codecs"))
            .col(integer_null("width"))
            .col(integer_null("height"))
            .col(big_integer_null("duration_ms"))
            .col(text_null("detail"))
            .col(big_integer("created_at"))
            .take(),
        Table::create()
            .table("caption")
            .col(big_pk_auto("id"))
            .col(big_integer("lesson_id"))
            .col(text("language"))
            .col(text("source_name"))
            .col(text("source_encoding"))
            .col(text("cues"))
            .col(big_integer_null("created_by"))
            .col(big_integer("created_at"))
            .take(),
        Table::create()
            .table("search_count")
            .col(date("day"))
            .col(big_integer("unit_id"))
            .col(text("tier"))
            .col(text("meaning"))
            .col(text("query"))
            .col(big_integer("asked"))
            .primary_key(Index::create().col("day").col("unit_id").col("tier").col("meaning"))
            .take(),
    ]
}
