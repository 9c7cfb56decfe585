use crate::{City, DAY_MS, MINUTE_MS, NOW, city};
use entity::{DeviceId, Moment, Role, UnitId, device_run, pairing};
use roster::pairing::{Standing, approve, ask, standing};
use roster::run::{Heard, SILENCE_MS, note};
use roster::{Error, account, device, grants, session};
use sea_orm::{EntityTrait, PaginatorTrait, QueryOrder};

fn always(number: u32) -> impl FnMut() -> u32 {
    move || number
}

/// A terminal of the village that has been approved.
async fn approved(city: &City) -> DeviceId {
    let asked = ask(&city.db, always(7), NOW).await.unwrap();
    approve(&city.db, &asked.code, city.village.id, "电视", None, NOW).await.unwrap()
}

#[tokio::test]
async fn a_terminal_that_asked_is_approved_once_and_belongs_to_its_unit() {
    let city = city().await;
    let asked = ask(&city.db, always(12_345), NOW).await.unwrap();
    assert_eq!(asked.code, "012345");
    assert_eq!(standing(&city.db, &asked.secret, NOW).await.unwrap(), Standing::Waiting(asked.expires_at));
    let id = approve(&city.db, "012 345", city.village.id, " 教室电视 ", None, NOW).await.unwrap();
    assert_eq!(standing(&city.db, &asked.secret, NOW).await.unwrap(), Standing::Approved(id));
    let account = device::arrive(&city.db, id, NOW).await.unwrap();
    let held = grants::of_account(&city.db, account).await.unwrap();
    assert_eq!((held.len(), held[0].role, held[0].unit_id), (1, Role::Device, city.village.id));
    assert_eq!(account::account(&city.db, account).await.unwrap().device_id, Some(id));
    let again = approve(&city.db, "012345", city.village.id, "另一台", None, NOW).await;
    assert!(matches!(again, Err(Error::WrongCode)));
    let here = device::of_unit(&city.db, city.village.id).await.unwrap();
    assert_eq!((here.len(), here[0].name.as_str(), here[0].paired_at), (1, "教室电视", Some(NOW)));
}

#[tokio::test]
async fn the_table_keeps_no_secret() {
    let city = city().await;
    let asked = ask(&city.db, always(1), NOW).await.unwrap();
    let row = pairing::Entity::find().one(&city.db).await.unwrap().unwrap();
    assert_ne!(row.secret_hash, asked.secret);
    let by_hash = standing(&city.db, &row.secret_hash, NOW).await;
    assert!(matches!(by_hash, Err(Error::PairingOver)), "what stands in the table opens nothing");
}

#[tokio::test]
async fn a_code_dies_after_ten_minutes_and_an_approved_terminal_has_ten_more() {
    let city = city().await;
    let asked = ask(&city.db, always(1), NOW).await.unwrap();
    let last = NOW.plus_ms(10 * MINUTE_MS - 1);
    let late = NOW.plus_ms(10 * MINUTE_MS);
    assert!(matches!(standing(&city.db, &asked.secret, late).await, Err(Error::PairingOver)));
    let too_late = approve(&city.db, &asked.code, city.village.id, "电视", None, late).await;
    assert!(matches!(too_late, Err(Error::WrongCode)));
    let id = approve(&city.db, &asked.code, city.village.id, "电视", None, last).await.unwrap();
    let fetched = standing(&city.db, &asked.secret, last.plus_ms(10 * MINUTE_MS - 1)).await.unwrap();
    assert_eq!(fetched, Standing::Approved(id));
    let never = standing(&city.db, &asked.secret, last.plus_ms(10 * MINUTE_MS)).await;
    assert!(matches!(never, Err(Error::PairingOver)));
}

#[tokio::test]
async fn no_two_open_questions_show_the_same_digits() {
    let city = city().await;
    let mut numbers = [5, 5, 5, 6].into_iter();
    let mut draw = || numbers.next().unwrap();
    let first = ask(&city.db, &mut draw, NOW).await.unwrap();
    let second = ask(&city.db, &mut draw, NOW).await.unwrap();
    assert_eq!((first.code.as_str(), second.code.as_str()), ("000005", "000006"));
    let stuck = ask(&city.db, always(5), NOW).await;
    assert!(matches!(stuck, Err(Error::TooManyPairings)), "digits in use are never shown twice");
    let later = ask(&city.db, always(5), NOW.plus_ms(10 * MINUTE_MS)).await.unwrap();
    assert_eq!(later.code, "000005");
}

#[tokio::test]
async fn the_questions_are_bounded_and_expired_ones_make_room() {
    let city = city().await;
    let rows = (0..2_000).map(|number| pairing::ActiveModel {
        code: sea_orm::Set(format!("{number:06}")),
        secret_hash: sea_orm::Set(format!("{number}")),
        asked_at: sea_orm::Set(NOW),
        expires_at: sea_orm::Set(NOW.plus_ms(MINUTE_MS)),
        ..Default::default()
    });
    pairing::Entity::insert_many(rows).exec_without_returning(&city.db).await.unwrap();
    assert!(matches!(ask(&city.db, always(9_999), NOW).await, Err(Error::TooManyPairings)));
    ask(&city.db, always(9_999), NOW.plus_ms(MINUTE_MS)).await.unwrap();
    assert_eq!(pairing::Entity::find().count(&city.db).await.unwrap(), 1);
    roster::pairing::sweep(&city.db, NOW.plus_ms(11 * MINUTE_MS)).await.unwrap();
    assert_eq!(pairing::Entity::find().count(&city.db).await.unwrap(), 0);
}

#[tokio::test]
async fn wrong_digits_a_nameless_terminal_and_an_unknown_unit_are_refused_and_spend_nothing() {
    let city = city().await;
    let asked = ask(&city.db, always(1), NOW).await.unwrap();
    for code in ["", "00000", "000002", "\0", "0000010", "999999999999"] {
        let wrong = approve(&city.db, code, city.village.id, "电视", None, NOW).await;
        assert!(matches!(wrong, Err(Error::WrongCode)), "{code}");
    }
    for name in ["", "  ", "a\0b", &"长".repeat(51)] {
        let nameless = approve(&city.db, &asked.code, city.village.id, name, None, NOW).await;
        assert!(matches!(nameless, Err(Error::BadDeviceName)));
    }
    let nowhere = approve(&city.db, &asked.code, UnitId(999), "电视", None, NOW).await;
    assert!(matches!(nowhere, Err(Error::NoSuchUnit)));
    assert!(device::of_unit(&city.db, city.village.id).await.unwrap().is_empty());
    approve(&city.db, &asked.code, city.village.id, "电视", None, NOW).await.unwrap();
}

#[tokio::test]
async fn a_terminal_stays_signed_in_for_years_until_it_is_revoked() {
    let city = city().await;
    let id = approved(&city).await;
    let account = device::arrive(&city.db, id, NOW).await.unwrap();
    let issued = session::begin(&city.db, account, NOW).await.unwrap();
    let (_, issued) = session::rotate(&city.db, &issued.token, NOW.plus_ms(400 * DAY_MS)).await.unwrap();
    let closed = device::revoke(&city.db, id, None, NOW.plus_ms(400 * DAY_MS)).await.unwrap();
    assert_eq!(closed, Some(account));
    assert_eq!(device::revoke(&city.db, id, None, NOW.plus_ms(400 * DAY_MS)).await.unwrap(), None);
    let over = session::rotate(&city.db, &issued.token, NOW.plus_ms(400 * DAY_MS)).await;
    assert!(matches!(over, Err(Error::SessionOver)));
    assert!(matches!(session::begin(&city.db, account, NOW).await, Err(Error::Disabled)));
    assert!(device::of_unit(&city.db, city.village.id).await.unwrap().is_empty());
    assert!(matches!(device::revoke(&city.db, DeviceId(99), None, NOW).await, Err(Error::NoSuchDevice)));
}

#[tokio::test]
async fn a_terminal_revoked_before_it_came_cannot_come() {
    let city = city().await;
    let asked = ask(&city.db, always(1), NOW).await.unwrap();
    let id = approve(&city.db, &asked.code, city.village.id, "电视", None, NOW).await.unwrap();
    device::revoke(&city.db, id, None, NOW).await.unwrap();
    assert!(matches!(standing(&city.db, &asked.secret, NOW).await, Err(Error::PairingOver)));
    assert!(matches!(device::arrive(&city.db, id, NOW).await, Err(Error::PairingOver)));
}

#[tokio::test]
async fn the_secret_ends_when_the_terminal_is_heard_of() {
    let city = city().await;
    let asked = ask(&city.db, always(1), NOW).await.unwrap();
    let id = approve(&city.db, &asked.code, city.village.id, "电视", None, NOW).await.unwrap();
    for _ in 0..2 {
        standing(&city.db, &asked.secret, NOW).await.unwrap(); // the first answer may have been lost
        device::arrive(&city.db, id, NOW).await.unwrap();
    }
    note(&city.db, &[Heard { device: id, first: NOW, last: NOW }]).await.unwrap();
    assert!(matches!(standing(&city.db, &asked.secret, NOW).await, Err(Error::PairingOver)));
}

#[tokio::test]
async fn a_run_goes_on_until_ten_minutes_of_silence() {
    let city = city().await;
    let id = approved(&city).await;
    let at = |ms: i64| NOW.plus_ms(ms);
    let hear = async |first: i64, last: i64| {
        let heard = Heard { device: id, first: at(first), last: at(last) };
        note(&city.db, &[heard]).await.unwrap();
        note(&city.db, &[heard]).await.unwrap(); // twice is once
    };
    hear(0, 30_000).await;
    hear(60_000, 90_000).await;
    let second = 90_000 + SILENCE_MS; // silent for exactly ten minutes: still the same evening
    hear(second, second).await;
    let third = second + SILENCE_MS + 1;
    hear(third, third + 1_000).await;
    hear(third - 500, third - 400).await; // another process tells late what it heard
    let runs = device_run::Entity::find().order_by_asc(device_run::Column::Id).all(&city.db).await.unwrap();
    let spans: Vec<(Moment, Moment)> = runs.iter().map(|run| (run.began_at, run.last_seen_at)).collect();
    assert_eq!(spans, [(at(0), at(second)), (at(third), at(third + 1_000))]);
    assert_eq!(device::device(&city.db, id).await.unwrap().last_seen_at, Some(at(third + 1_000)));
    note(&city.db, &[Heard { device: DeviceId(999), first: NOW, last: NOW }]).await.unwrap();
    assert_eq!(device_run::Entity::find().count(&city.db).await.unwrap(), 2);
}
