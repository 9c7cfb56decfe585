//! Sessions of a recording that was neither served nor cached.

use super::{column, query, rows_of};
use crate::ledger::post_closed;
use crate::record;
use crate::report::{self, Kind, ReportQuery};
use crate::testing::{CITY, City, LESSON, OTHER_LESSON, START, watched};
use entity::{Category, Moment, PersonId, PlaybackId, lesson, playback};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};

/// Nine in the morning of tomorrow: what is served is noted only since this release.
fn tomorrow() -> Moment {
    Moment::start_of(Moment::now().day().succ_opt().unwrap()).plus_ms(9 * 3_600_000)
}

async fn session_of_now(city: &City, lesson: entity::LessonId) -> PlaybackId {
    city.room(lesson, tomorrow(), &[watched((0, 300), (0, 300))], &[(1, 0, None)]).await
}

#[tokio::test]
async fn a_session_of_a_recording_that_was_neither_served_nor_cached_is_flagged() {
    let city = City::with_people(1).await;
    let article = OTHER_LESSON;
    lesson::Entity::update_many()
        .set(lesson::ActiveModel {
            media_sha256: Set(Some("ab".repeat(32))),
            category: Set(Category::Agriculture),
            ..Default::default()
        })
        .filter(lesson::Column::Id.eq(LESSON))
        .exec(&city.db)
        .await
        .unwrap();
    let old = city.room(LESSON, START, &[watched((0, 300), (0, 300))], &[(1, 0, None)]).await;
    let script = session_of_now(&city, LESSON).await;
    let (served, cached) = (session_of_now(&city, LESSON).await, session_of_now(&city, LESSON).await);
    let reading = session_of_now(&city, article).await;
    let set = async |id, row: playback::ActiveModel| {
        playback::Entity::update_many().set(row).filter(playback::Column::Id.eq(id)).exec(&city.db).await.unwrap();
    };
    set(served, playback::ActiveModel { served_at: Set(Some(START)), ..Default::default() }).await;
    set(cached, playback::ActiveModel { plays_cached: Set(true), ..Default::default() }).await;
    let all = [old, script, served, cached, reading];
    let flagged = crate::flags::unserved(&city.db, all).await.unwrap();
    assert_eq!(flagged, [script].into());
}

#[tokio::test]
async fn a_flag_is_shown_in_the_record_the_export_and_the_book_and_cuts_nothing() {
    let city = City::with_people(1).await;
    lesson::Entity::update_many()
        .set(lesson::ActiveModel { media_sha256: Set(Some("ab".repeat(32))), ..Default::default() })
        .exec(&city.db)
        .await
        .unwrap();
    let id = session_of_now(&city, LESSON).await;
    post_closed(&city.db, tomorrow().plus_ms(400_000)).await.unwrap();
    let year = tomorrow().year();
    let asked = ReportQuery { from: None, to: None, year: Some(year), ..query(CITY) };
    let row = &record::entries(&city.db, PersonId(1), year, 1).await.unwrap().rows[0];
    assert!(row.unserved && row.credited_ms == 300_000);
    for kind in [Kind::Attendance, Kind::Viewing] {
        let report = report::report(&city.db, kind, &asked).await.unwrap();
        let at = column(&report, "提示");
        assert_eq!(rows_of(report).await[0][at], crate::flags::UNSERVED, "{kind:?}");
    }
    let served = playback::ActiveModel { served_at: Set(Some(START)), ..Default::default() };
    playback::Entity::update_many().set(served).filter(playback::Column::Id.eq(id)).exec(&city.db).await.unwrap();
    assert!(!record::entries(&city.db, PersonId(1), year, 1).await.unwrap().rows[0].unserved);
}
