#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

use super::*;
use crate::testing::{COUNTY, City, FAR_VILLAGE, OFFICE, START, VILLAGE, day};
use crate::verify;
use declared::{certificate, study_of};
use entity::ledger_entry;
use entity::rotating_code::{Codes, Door};
use sea_orm::{PaginatorTrait, QueryOrder};

mod declared;
mod recorded;

const TRAINER: AccountId = AccountId(901);

fn draft() -> Draft {
    Draft {
        unit_id: COUNTY,
        title: " 冬季轮训班 ".to_owned(),
        topics: "产业".to_owned(),
        teacher: "覃老师".to_owned(),
        place: "县委党校".to_owned(),
        starts_on: day("2025-11-26"),
        ends_on: day("2025-11-27"),
        half_days: 4,
    }
}

fn there(person: i64, half_day: i32) -> sign_in::Mark {
    sign_in::Mark { person_id: PersonId(person), half_day, there: true }
}

fn approval(by: AccountId) -> decide::Decision<'static> {
    decide::Decision { approve: true, half_days: None, reason: "", by }
}

/// A class of the county with two people on its roster: one was there always, one half of the time.
async fn handed_in(city: &City) -> ClassId {
    let class = create(&city.db, draft(), TRAINER, START).await.unwrap();
    assert_eq!((class.level, class.title.as_str(), class.state), (UnitLevel::County, "冬季轮训班", ClassState::Open));
    let people = [PersonId(1), PersonId(2)];
    assert_eq!(roster::enroll(&city.db, class.id, &people, TRAINER, START).await.unwrap(), 2);
    let all = [there(1, 1), there(1, 2), there(1, 3), there(1, 4), there(2, 1), there(2, 2)];
    sign_in::call_roll(&city.db, class.id, &all, TRAINER, START).await.unwrap();
    hand_in(&city.db, class.id, TRAINER, START).await.unwrap();
    class.id
}

async fn entries(city: &City) -> Vec<ledger_entry::Model> {
    ledger_entry::Entity::find().order_by_asc(ledger_entry::Column::Seq).all(&city.db).await.unwrap()
}

#[tokio::test]
async fn a_class_counts_when_somebody_else_has_approved_it_and_not_before() {
    let city = City::with_people(3).await;
    let id = handed_in(&city).await;
    assert!(entries(&city).await.is_empty());
    let own = decide::decide(&city.db, id, &approval(TRAINER), START).await;
    assert!(matches!(own, Err(Error::OwnClass)), "{own:?}");
    let silent = decide::Decision { approve: false, ..approval(OFFICE) };
    assert!(matches!(decide::decide(&city.db, id, &silent, START).await, Err(Error::NoReason)));
    let returned = decide::Decision { reason: "名单不全", ..silent };
    assert_eq!(decide::decide(&city.db, id, &returned, START).await.unwrap().state, ClassState::Open);
    roster::enroll(&city.db, id, &[PersonId(3)], TRAINER, START).await.unwrap();
    hand_in(&city.db, id, TRAINER, START).await.unwrap();
    decide::decide(&city.db, id, &approval(OFFICE), START).await.unwrap();
    let again = decide::decide(&city.db, id, &approval(OFFICE), START).await;
    assert!(matches!(again, Err(Error::ClassState(ClassState::Approved))), "{again:?}");
    let hours: Vec<_> = entries(&city).await.iter().map(|row| row.credited_ms / 3_600_000).collect();
    assert_eq!(hours, [12, 0, 0], "two days of six hours; half of it missed; never there");
    assert!(entries(&city).await.iter().all(|row| row.note == "冬季轮训班（县区级）" && row.author_id == Some(OFFICE)));
    assert!(verify::ledger(&city.db, &|_, _| {}).await.unwrap().is_sound());
}

#[tokio::test]
async fn nobody_approves_with_another_account_of_theirs_what_they_entered_or_earn_hours_by() {
    let city = City::with_people(4).await;
    let class = handed_in(&city).await;
    let proof = certificate(&city).await;
    let theirs = study::NewStudy { person_id: PersonId(3), ..study_of(Source::Degree, 2, &proof) };
    let study = study::declare(&city.db, theirs, AccountId(902), START).await.unwrap().id;
    city.account(TRAINER, 3).await;
    city.account(OFFICE, 4).await;
    city.merge(4, 3).await;
    for own in [class, study] {
        let refused = decide::decide(&city.db, own, &approval(OFFICE), START).await;
        assert!(matches!(refused, Err(Error::OwnClass)), "{refused:?}");
    }
    assert!(entries(&city).await.is_empty());
}

#[tokio::test]
async fn a_class_that_was_rewritten_after_its_approval_is_found() {
    let city = City::with_people(2).await;
    let id = handed_in(&city).await;
    decide::decide(&city.db, id, &approval(OFFICE), START).await.unwrap();
    for forged in [
        "level = 'township'",
        "title = '春季轮训班'",
        "source = 'degree'",
        "half_days = 5",
        "state = 'refused'",
        "ends_on = '2025-11-28'",
        "decided_at = NULL",
    ] {
        let txn = entity::writing::begin(&city.db).await.unwrap();
        let statement = format!("UPDATE class_run SET {forged}");
        sea_orm::ConnectionTrait::execute_unprepared(&txn, &statement).await.unwrap();
        assert!(!verify::ledger(&txn, &|_, _| {}).await.unwrap().is_sound(), "{forged}");
        txn.rollback().await.unwrap();
    }
    assert!(verify::ledger(&city.db, &|_, _| {}).await.unwrap().is_sound());
}

#[tokio::test]
async fn a_code_opens_its_own_half_day_while_it_runs_for_those_on_the_roster() {
    let city = City::with_people(2).await;
    let codes = Codes::new([1; 32], None);
    let [first, second] =
        [create(&city.db, draft(), TRAINER, START).await, create(&city.db, draft(), TRAINER, START).await];
    let (class, other) = (first.unwrap().id, second.unwrap().id);
    for id in [class, other] {
        roster::enroll(&city.db, id, &[PersonId(1)], TRAINER, START).await.unwrap();
        sign_in::begin(&city.db, id, Some(1), TRAINER, START).await.unwrap();
    }
    let shown = |id, half_day, at| codes.shown(Door::HalfDay(id, half_day), at);
    let try_in = async |who, class, typed: String, at| {
        sign_in::by_code(&city.db, &codes, (PersonId(who), AccountId(1)), (class, &typed), at).await
    };
    let came = try_in(1, None, shown(class, 1, START), START).await.unwrap();
    assert_eq!((came.0.id, came.1), (class, 1));
    try_in(1, Some(class), shown(class, 1, START), START).await.unwrap();
    let tomorrow = START.plus_ms(24 * 3_600_000);
    for (who, named, typed, at, why) in [
        (2, None, shown(class, 1, START), START, "not on the roster"),
        (1, Some(class), shown(other, 1, START), START, "of another class"),
        (1, None, shown(class, 2, START), START, "of a half-day that has not begun"),
        (1, None, shown(class, 1, START.plus_ms(-7 * 86_400_000)), START, "of last week"),
        (1, Some(class), shown(class, 1, tomorrow), tomorrow, "begun yesterday"),
    ] {
        assert!(matches!(try_in(who, named, typed, at).await, Err(Error::WrongCode)), "{why}");
    }
    sign_in::begin(&city.db, class, Some(2), TRAINER, START).await.unwrap();
    let elapsed = try_in(1, Some(class), shown(class, 1, START), START).await;
    assert!(matches!(elapsed, Err(Error::WrongCode)), "the half-day is over");
    let there = sign_in::half_days_of(&city.db, class).await.unwrap();
    assert_eq!(there.get(&PersonId(1)).map(|days| days.iter().copied().collect()), Some(vec![1]));
}

#[tokio::test]
async fn who_stands_on_a_roster_under_two_numbers_is_one_with_the_half_days_of_both() {
    let city = City::with_people(3).await;
    let id = create(&city.db, draft(), TRAINER, START).await.unwrap().id;
    roster::enroll(&city.db, id, &[PersonId(1), PersonId(2), PersonId(3)], TRAINER, START).await.unwrap();
    let signed = [there(1, 1), there(1, 2), there(2, 2), there(2, 3), there(2, 4), there(3, 1)];
    sign_in::call_roll(&city.db, id, &signed, TRAINER, START).await.unwrap();
    city.merge(1, 2).await;
    let page = roster::page(&city.db, id, 1, 50).await.unwrap();
    let seen: Vec<_> = page.rows.iter().map(|row| (row.person.person_id.0, row.there.len())).collect();
    assert_eq!((page.total, seen), (2, vec![(1, 4), (3, 1)]));
    let reach = entity::Scope::of(["/1/2/".to_owned()]);
    let listed = list::classes(&city.db, &list::Filter { reach, ..Default::default() }, 1, 20).await.unwrap();
    assert_eq!(listed.rows[0].people, 2);
    let gone = sign_in::Mark { there: false, ..there(1, 4) };
    sign_in::call_roll(&city.db, id, &[gone], TRAINER, START).await.unwrap();
    assert_eq!(sign_in::half_days_of(&city.db, id).await.unwrap().get(&PersonId(1)).map(|days| days.len()), Some(3));
    sign_in::call_roll(&city.db, id, &[there(1, 4)], TRAINER, START).await.unwrap();
    hand_in(&city.db, id, TRAINER, START).await.unwrap();
    decide::decide(&city.db, id, &approval(OFFICE), START).await.unwrap();
    let posted: Vec<_> =
        entries(&city).await.iter().map(|row| (row.person_id.0, row.credited_ms / 3_600_000)).collect();
    assert_eq!(posted, [(1, 12), (3, 0)], "one entry a person");
    assert_eq!(roster::page(&city.db, id, 1, 50).await.unwrap().total, 2);
}

#[tokio::test]
async fn who_is_found_to_be_two_between_handing_in_and_approval_counts_once() {
    let city = City::with_people(2).await;
    let id = handed_in(&city).await;
    city.merge(1, 2).await;
    decide::decide(&city.db, id, &approval(OFFICE), START).await.unwrap();
    let posted: Vec<_> =
        entries(&city).await.iter().map(|row| (row.person_id.0, row.credited_ms / 3_600_000)).collect();
    assert_eq!(posted, [(1, 12)]);
}

#[tokio::test]
async fn who_stands_there_only_under_the_number_that_was_merged_signs_in_under_the_other() {
    let city = City::with_people(2).await;
    let codes = Codes::new([1; 32], None);
    let id = create(&city.db, draft(), TRAINER, START).await.unwrap().id;
    roster::enroll(&city.db, id, &[PersonId(2)], TRAINER, START).await.unwrap();
    sign_in::begin(&city.db, id, Some(1), TRAINER, START).await.unwrap();
    city.merge(1, 2).await;
    let typed = codes.shown(Door::HalfDay(id, 1), START);
    for _ in 0..2 {
        sign_in::by_code(&city.db, &codes, (PersonId(1), AccountId(1)), (Some(id), &typed), START).await.unwrap();
    }
    assert_eq!(roster::enroll(&city.db, id, &[PersonId(1)], TRAINER, START).await.unwrap(), 0, "they stand there");
    let page = roster::page(&city.db, id, 1, 50).await.unwrap();
    let seen: Vec<_> = page.rows.iter().map(|row| (row.person.person_id.0, row.there.len())).collect();
    assert_eq!(seen, [(1, 1)]);
    roster::remove(&city.db, id, PersonId(1), TRAINER, START).await.unwrap();
    assert_eq!(roster::page(&city.db, id, 1, 50).await.unwrap().total, 0);
}

#[tokio::test]
async fn a_roll_drawn_a_while_ago_takes_nobody_out_and_a_stranger_spoils_it_all() {
    let city = City::with_people(2).await;
    let id = create(&city.db, draft(), TRAINER, START).await.unwrap().id;
    roster::enroll(&city.db, id, &[PersonId(1)], TRAINER, START).await.unwrap();
    sign_in::call_roll(&city.db, id, &[there(1, 1)], TRAINER, START).await.unwrap();
    sign_in::call_roll(&city.db, id, &[there(1, 2)], TRAINER, START).await.unwrap();
    for wrong in [there(2, 1), there(1, 5), there(1, 0)] {
        let refused = sign_in::call_roll(&city.db, id, &[there(1, 3), wrong], TRAINER, START).await;
        assert!(matches!(refused, Err(Error::BadClass(_))), "{wrong:?}");
    }
    let signed = sign_in::half_days_of(&city.db, id).await.unwrap();
    assert_eq!(signed.get(&PersonId(1)).map(|days| days.iter().copied().collect()), Some(vec![1, 2]));
    let shorter = Draft { half_days: 1, ..draft() };
    assert!(matches!(edit(&city.db, id, shorter, TRAINER, START).await, Err(Error::BadClass("half_days_signed"))));
}

#[tokio::test]
async fn a_roster_names_each_line_that_cannot_be_taken() {
    let city = City::with_people(3).await;
    city.person(9, FAR_VILLAGE, entity::PostKind::Member).await;
    let class = create(&city.db, draft(), TRAINER, START).await.unwrap();
    roster::enroll(&city.db, class.id, &[PersonId(3)], TRAINER, START).await.unwrap();
    let rows = sheet::typed("编号 姓名\n000099 韦1\n000098 韦9\n000091\n000097\n000099\n999999");
    let plan = roster::plan(&city.db, &class, &rows).await.unwrap();
    let adds: Vec<_> = plan.rows.iter().map(|one| one.person_id.0).collect();
    assert_eq!((adds, plan.unchanged), (vec![1], 1));
    let bad: Vec<_> = plan.bad.iter().map(|(line, reason)| (*line, reason.as_str())).collect();
    assert_eq!(
        bad,
        [
            (3, "编号 000098 是 韦2，不是 韦9"),
            (4, "本单位和下级没有编号 000091 的人"),
            (6, "与第 2 行是同一个人"),
            (7, "本单位和下级没有编号 999999 的人")
        ]
    );
    let far = roster::enroll(&city.db, class.id, &[PersonId(1), PersonId(9)], TRAINER, START).await;
    assert!(matches!(far, Err(Error::NoSuchPerson(PersonId(9)))));
    assert_eq!(roster::page(&city.db, class.id, 1, 50).await.unwrap().total, 1, "all or nothing");
}
