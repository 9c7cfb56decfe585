//! The schema's history: every migration can be undone and made again, on either database.

use migrations::{Migrate, Migrator};
use sea_orm::{EntityTrait, PaginatorTrait};
use tests::city::Ground;

#[tokio::test(flavor = "multi_thread")]
async fn every_migration_can_be_undone_and_made_again() {
    let ground = Ground::new().await;
    let db = server::app::open_database(&ground.config).await.unwrap().write;
    Migrator::down(&db, None).await.unwrap();
    assert!(entity::lesson::Entity::find().count(&db).await.is_err(), "a table was left behind");
    Migrator::up(&db, None).await.unwrap();
    assert_eq!(entity::lesson::Entity::find().count(&db).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_column_of_every_entity_is_in_the_schema() {
    let ground = Ground::new().await;
    let db = server::app::open_database(&ground.config).await.unwrap().write;
    macro_rules! all_columns_of {
        ($($table:ident)*) => {$(
            let rows = entity::$table::Entity::find().all(&db).await;
            assert!(rows.is_ok_and(|rows| rows.is_empty()), stringify!($table));
        )*};
    }
    all_columns_of!(account audit beat bulk_change bulk_lesson caption class_attendance class_evidence class_run class_sign_in course device directory_change exemption job late_posting ledger_entry ledger_head lesson lesson_draft lesson_version media notice
        org_unit outbox pairing person person_merge play_day play_day_lesson device_run kept_answer playback post presence refresh_token rendition review_note role_grant rule saved_view seal seal_head seal_line search_count star_mark training_plan training_plan_item upload voice wish wish_answer);
}
