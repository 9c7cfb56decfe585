//! A small demo, made in an empty database, is as sound as a city that grew.
#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use super::*;
use entity::{account, ledger_entry, lesson, org_unit, person, playback};
use migrations::{Migrate, Migrator};
use sea_orm::{ColumnTrait, ConnectOptions, Database, EntityTrait, PaginatorTrait, QueryFilter};

/// Half past two in the afternoon of 23 November 2026 in Shanghai.
const NOW: Moment = Moment(1_795_415_400_000);

async fn demo(now: Moment, rooms: usize) -> (tempfile::TempDir, DatabaseConnection, Logins) {
    let data = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", data.path().join("demo.db").display());
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    let db = Database::connect(options).await.unwrap();
    Migrator::up(&db, None).await.unwrap();
    let store = Store::open(data.path()).unwrap();
    let logins = make(&db, &store, now, Some("a-password-of-tests"), rooms, &|_, _| {}).await.unwrap();
    (data, db, logins)
}

#[actix_web::test]
async fn a_demo_is_whole_and_its_archive_verifies() {
    let (_data, db, logins) = demo(NOW, 24).await;
    assert_eq!(org_unit::Entity::find().count(&db).await.unwrap(), 1 + 10 + 86 + 938);
    assert_eq!(person::Entity::find().count(&db).await.unwrap(), 8898);
    let samples = lesson::Entity::find().filter(lesson::Column::IsSample.eq(true));
    assert_eq!(samples.clone().count(&db).await.unwrap(), 260 + 3); // three are still on the trainer's desk
    let published = samples.filter(lesson::Column::State.eq(entity::LessonState::Published));
    assert_eq!(published.count(&db).await.unwrap(), 260);
    assert_eq!(lesson::Entity::find().filter(lesson::Column::MediaSha256.is_not_null()).count(&db).await.unwrap(), 9);
    assert_eq!(playback::Entity::find().filter(playback::Column::PostedAt.is_null()).count(&db).await.unwrap(), 0);
    let findings = archive::verify::ledger(&db, &|_, _| {}).await.unwrap();
    assert!(findings.is_sound(), "{findings}");
    let own = ledger_entry::Entity::find().filter(ledger_entry::Column::PersonId.eq(logins.cadre));
    let own = own.all(&db).await.unwrap();
    for source in [entity::Source::Solo, entity::Source::Group, entity::Source::Class] {
        assert!(own.iter().any(|entry| entry.source == source && entry.credited_ms > 0), "{source}");
    }
    let login = |name: &'static str| account::Entity::find().filter(account::Column::Login.eq(name)).one(&db);
    for name in ["cadre", "site", "trainer", "reviewer", "office", "expert", "auditor", "admin"] {
        assert!(!login(name).await.unwrap().unwrap().must_change_password, "{name}");
    }
    assert!(logins.to_string().contains("a-password-of-tests"));
}

#[actix_web::test]
async fn today_is_a_play_day_of_the_county_of_a_demo() {
    let (_data, db, logins) = demo(NOW, 0).await;
    let village = roster::org::unit(&db, logins.village).await.unwrap();
    let terminal = catalog::Viewer { homes: vec![village.path.clone()], ..Default::default() };
    let day = NOW.day();
    let today = catalog::play_day::today::showings(&db, &terminal, &village.path, day).await.unwrap();
    assert_eq!(today.iter().map(|showing| showing.lessons.len()).collect::<Vec<_>>(), [3]);
    let next = catalog::play_day::today::next_after(&db, &village.path, day).await.unwrap().unwrap();
    assert_eq!(next.title, "全市政策讲堂"); // the 25th
}

#[actix_web::test]
async fn a_demo_made_at_new_year_is_sound_too() {
    let new_year = Moment::start_of("2027-01-01".parse().unwrap()).plus_ms(60_000);
    let (_data, db, _) = demo(new_year, 2).await;
    let findings = archive::verify::ledger(&db, &|_, _| {}).await.unwrap();
    assert!(findings.is_sound() && findings.recomputed > 0);
}

#[test]
fn shares_are_exact_and_within_their_bounds() {
    let shares = shares(938, 86, 6..=17, &mut Rng::with_seed(7)).unwrap();
    assert_eq!((shares.len(), shares.iter().sum::<usize>()), (86, 938));
    assert!(shares.iter().all(|share| (6..=17).contains(share)));
}
