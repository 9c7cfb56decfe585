#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use super::*;
use crate::ledger::post_closed;
use crate::testing::{City, LESSON, OTHER_LESSON, START, VILLAGE, at, day, watched};
use crate::view::Whom;
use proptest::prelude::*;
use sea_orm::{ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set};

async fn effect(city: &City, until: Day) -> Effect {
    let scope = Scope::of(["/1/".to_owned()]);
    let book = RuleBook::load(&city.db).await.unwrap();
    let slice = Slice::of_year(&city.db, Whom::Of(scope.clone()), START.year()).await.unwrap();
    let sums = view::sums(&city.db, &book, &slice).await.unwrap();
    let credited = sums.values().map(|sums| (VILLAGE, sums.all().credited_ms));
    let units = of_units(&city.db, &book, &scope, (&slice, until), credited).await.unwrap();
    units.get(&VILLAGE).copied().unwrap_or_default()
}

async fn tried(city: &City, who: i64, right: i32) {
    let row = quiz_attempt::ActiveModel {
        id: NotSet,
        person_id: Set(PersonId(who)),
        lesson_id: Set(LESSON),
        day: Set(START.day()),
        begun_at: Set(START),
        submitted_at: Set(Some(START)),
        questions: Set("[]".into()),
        answers: Set(None),
        right_count: Set(right),
        question_count: Set(4),
        passed: Set(right > 2),
    };
    row.insert(&city.db).await.unwrap();
}

#[tokio::test]
async fn three_people_who_begin_one_lesson_in_one_second_are_noticed_and_two_are_not() {
    let city = City::with_people(5).await;
    for (who, lesson, ms) in
        [(1, LESSON, 0), (2, LESSON, 400), (3, LESSON, 999), (4, OTHER_LESSON, 0), (5, OTHER_LESSON, 1)]
    {
        city.solo(who, lesson, at(0).plus_ms(ms), &[watched((0, 300), (0, 300))]).await;
    }
    assert_eq!(effect(&city, day("2025-12-31")).await.together, 3);
}

#[tokio::test]
async fn hours_of_the_last_ten_days_are_told_by_the_days_that_have_begun() {
    let city = City::with_people(1).await;
    for days in [0, 9, 10] {
        city.solo(1, LESSON, at(-86_400 * days), &[watched((0, 600), (0, 600))]).await;
    }
    post_closed(&city.db, at(90_000)).await.unwrap();
    let now = effect(&city, START.day()).await;
    assert_eq!(
        (now.credited_ms, now.late_ms),
        (1_800_000, 1_200_000),
        "the tenth day before is not one of the last ten"
    );
    assert_eq!(now.late_percent(), Some(Hundredths(66_66)));
    assert_eq!(effect(&city, day("2025-12-31")).await.late_ms, 0);
}

#[tokio::test]
async fn the_gain_is_the_best_later_try_over_the_first() {
    let city = City::with_people(3).await;
    for (who, right) in [(1, 1), (1, 3), (1, 2), (2, 4), (2, 1), (3, 2)] {
        tried(&city, who, right).await;
    }
    let told = effect(&city, day("2025-12-31")).await;
    assert_eq!((told.retried, told.gained), (2, 50_00), "two tried twice, one of them gained half");
    assert_eq!(told.gain(), Some(Hundredths(25_00)));
    assert_eq!(Effect::default().gain(), None);
}

#[tokio::test]
async fn a_wish_is_answered_when_the_same_words_find_something_in_that_county() {
    let city = City::with_people(1).await;
    for (meaning, tier, unit) in [
        ("a", SearchTier::None, VILLAGE),
        ("a", SearchTier::Full, VILLAGE),
        ("b", SearchTier::None, VILLAGE),
        ("b", SearchTier::Full, crate::testing::FAR_VILLAGE),
    ] {
        let row = search_count::ActiveModel {
            day: Set(START.day()),
            unit_id: Set(unit),
            tier: Set(tier),
            meaning: Set(meaning.into()),
            query: Set(meaning.into()),
            asked: Set(1),
        };
        search_count::Entity::insert(row).exec_without_returning(&city.db).await.unwrap();
    }
    let told = effect(&city, day("2025-12-31")).await;
    assert_eq!((told.requests, told.answered), (2, 1));
    assert_eq!(told.answered_percent(), Some(Hundredths(50_00)));
}

proptest! {
    #[test]
    fn shares_lie_between_nothing_and_all_and_effects_add_up(a in 0_u64..9_000, b in 0_u64..9_000, late in 0_i64..9_000) {
        let one = Effect { requests: a + b, answered: a, credited_ms: late + 5, late_ms: late, ..Effect::default() };
        if let Some(share) = one.answered_percent() {
            prop_assert!((0..=10_000).contains(&share.0));
        }
        prop_assert!((0..=10_000).contains(&one.late_percent().map_or(0, |share| share.0)));
        let mut two = one;
        two.add(&one);
        prop_assert_eq!(two.answered_percent(), one.answered_percent());
        prop_assert_eq!(two.late_percent(), one.late_percent());
    }
}
