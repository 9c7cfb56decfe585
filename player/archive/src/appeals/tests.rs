#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

use super::*;
use crate::ledger::{NewEntry, append, correct};
use crate::testing::{City, FAR_VILLAGE, LESSON, OFFICE, START, VILLAGE, at, day};
use crate::{record, verify};
use entity::{PostKind, RuleId, Scope, UnitId};
use std::collections::BTreeMap;

const CADRE: AccountId = AccountId(1);

async fn entry(city: &City, who: i64, unit_id: UnitId, reasons: &[(Reason, i64)]) -> i64 {
    let lost_ms: i64 = reasons.iter().map(|(_, ms)| *ms).sum();
    let entry = NewEntry {
        person_id: PersonId(who),
        unit_id,
        day: START.day(),
        source: Source::Solo,
        lesson_id: Some(LESSON),
        playback_id: None,
        class_run_id: None,
        corrects_seq: None,
        claimed_ms: 300_000 + lost_ms,
        credited_ms: 300_000,
        reasons: reasons.iter().copied().collect::<BTreeMap<_, _>>(),
        rule_id: RuleId(1),
        note: "沃柑保果".to_owned(),
        author_id: None,
    };
    let txn = entity::writing::begin(&city.db).await.unwrap();
    let seq = append(&txn, &[entry], START).await.unwrap().first().unwrap().seq;
    txn.commit().await.unwrap();
    seq
}

async fn made(city: &City, seq: i64) -> AppealId {
    make(&city.db, PersonId(1), seq, "当时停电", CADRE, at(60)).await.unwrap().id
}

fn granted(ms: i64) -> Decision<'static> {
    Decision { verdict: Verdict::Granted { ms }, reason: " 村委已证明 ", by: OFFICE, clock_only: false }
}

const REFUSED: Decision<'static> =
    Decision { verdict: Verdict::Refused, reason: "没有旁证", by: OFFICE, clock_only: false };

#[tokio::test]
async fn an_appeal_is_ones_own_once_and_of_the_last_year() {
    let city = City::with_people(2).await;
    let seq = entry(&city, 1, VILLAGE, &[(Reason::NotPresent, 60_000)]).await;
    let ask = |who, text: &'static str, now| make(&city.db, PersonId(who), seq, text, CADRE, now);
    assert!(matches!(ask(2, "不是我的", at(1)).await, Err(Error::NoSuchEntry(_))));
    assert!(matches!(ask(1, " \n ", at(1)).await, Err(Error::NoAppealText)));
    let long = "长".repeat(501);
    assert!(matches!(make(&city.db, PersonId(1), seq, &long, CADRE, at(1)).await, Err(Error::NoAppealText)));
    let late = Moment::start_of(day("2026-11-28"));
    assert!(matches!(ask(1, "晚了", late).await, Err(Error::AppealTooLate(_))));
    assert!(is_in_time(START.day(), day("2026-11-27")));
    assert_eq!(ask(1, " 停电\0了\r\n", at(1)).await.unwrap().text, "停电了");
    assert!(matches!(ask(1, "再说一次", at(2)).await, Err(Error::AppealOpen(_))));
    correct(&city.db, seq, 30_000, "补", OFFICE, at(3)).await.unwrap();
    let correction = make(&city.db, PersonId(1), seq + 1, "不服更正", CADRE, at(4)).await;
    assert!(matches!(correction, Err(Error::CorrectsCorrection(_))));
    let lines = audit::Entity::find().filter(audit::Column::Action.eq("appeal.make")).count(&city.db).await.unwrap();
    assert_eq!(lines, 1);
}

#[tokio::test]
async fn a_grant_is_a_new_entry_and_never_more_than_was_claimed() {
    let city = City::with_people(1).await;
    let seq = entry(&city, 1, VILLAGE, &[(Reason::NotPresent, 90_000)]).await;
    let id = made(&city, seq).await;
    for wrong in [0, -60_000, 90_001, i64::MAX] {
        let refused = decide(&city.db, id, &granted(wrong), at(70)).await;
        assert!(matches!(refused, Err(Error::GrantOutOfBounds { most_ms: 90_000 })), "{wrong}");
    }
    let decided = decide(&city.db, id, &granted(60_000), at(70)).await.unwrap();
    assert_eq!((decided.granted, decided.decision.as_deref()), (Some(true), Some("村委已证明")));
    let (old, corrections) = record::entry(&city.db, seq).await.unwrap();
    assert_eq!(old.credited_ms, 300_000, "the old entry stays as it was");
    assert_eq!(corrections.iter().map(|row| (row.seq, row.credited_ms)).collect::<Vec<_>>(), [(2, 60_000)]);
    assert_eq!(decided.correction_seq, Some(2));
    assert!(matches!(decide(&city.db, id, &REFUSED, at(71)).await, Err(Error::AppealDecided(_))));
    let again = made(&city, seq).await;
    let most = decide(&city.db, again, &granted(60_000), at(80)).await;
    assert!(matches!(most, Err(Error::GrantOutOfBounds { most_ms: 30_000 })), "what was given counts");
    let refused = decide(&city.db, again, &REFUSED, at(80)).await.unwrap();
    assert_eq!((refused.granted, refused.correction_seq), (Some(false), None));
    assert!(verify::ledger(&city.db, &|_, _| {}).await.unwrap().is_sound());
    let decisions = audit::Entity::find().filter(audit::Column::Action.eq("appeal.decide"));
    assert_eq!(decisions.count(&city.db).await.unwrap(), 2);
}

#[tokio::test]
async fn of_two_deciders_at_once_one_wins_and_the_other_is_told() {
    let city = City::with_people(1).await;
    let seq = entry(&city, 1, VILLAGE, &[(Reason::NotPresent, 90_000)]).await;
    let id = made(&city, seq).await;
    let grant = granted(90_000);
    let (first, second) = tokio::join!(decide(&city.db, id, &grant, at(70)), decide(&city.db, id, &grant, at(70)));
    let outcomes = [first, second];
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(outcomes.iter().any(|outcome| matches!(outcome, Err(Error::AppealDecided(_)))));
    assert_eq!(record::entry(&city.db, seq).await.unwrap().1.len(), 1, "granted once");
}

#[tokio::test]
async fn a_decision_without_a_reason_or_of_ones_own_appeal_changes_nothing() {
    let city = City::with_people(1).await;
    let seq = entry(&city, 1, VILLAGE, &[(Reason::NotPresent, 90_000)]).await;
    let id = made(&city, seq).await;
    let silent = Decision { reason: " ", ..granted(60_000) };
    assert!(matches!(decide(&city.db, id, &silent, at(70)).await, Err(Error::NoReason)));
    city.account(CADRE, 1).await;
    let own = Decision { by: CADRE, ..granted(60_000) };
    assert!(matches!(decide(&city.db, id, &own, at(70)).await, Err(Error::OwnAppeal)));
    assert!(record::entry(&city.db, seq).await.unwrap().1.is_empty());
    assert!(matches!(decide(&city.db, AppealId(9), &REFUSED, at(70)).await, Err(Error::NoSuchAppeal(_))));
}

#[tokio::test]
async fn an_appeal_under_another_number_of_the_decider_is_their_own() {
    for (kept, merged) in [(1, 2), (2, 1)] {
        let city = City::with_people(2).await;
        let seq = entry(&city, 1, VILLAGE, &[(Reason::NotPresent, 90_000)]).await;
        let id = made(&city, seq).await;
        city.account(OFFICE, 2).await;
        city.merge(kept, merged).await;
        let own = decide(&city.db, id, &granted(60_000), at(70)).await;
        assert!(matches!(own, Err(Error::OwnAppeal)), "{merged} is {kept}: {own:?}");
    }
}

#[tokio::test]
async fn a_trainer_reaches_and_gives_back_only_what_a_wrong_clock_kept() {
    let city = City::with_people(1).await;
    let plain = entry(&city, 1, VILLAGE, &[(Reason::NotPresent, 90_000)]).await;
    let clock = entry(&city, 1, VILLAGE, &[(Reason::NotPresent, 90_000), (Reason::ClockUnresolved, 40_000)]).await;
    let (plain, clock) = (made(&city, plain).await, made(&city, clock).await);
    let county = || Scope::of(["/1/2/".to_owned()]);
    let trainer = Reach { clock: county(), ..Reach::default() };
    assert!(one(&city.db, &trainer, clock).await.is_ok());
    assert!(matches!(one(&city.db, &trainer, plain).await, Err(Error::NoSuchAppeal(_))));
    assert_eq!(open_count(&city.db, &trainer).await.unwrap(), 1);
    assert_eq!(open_count(&city.db, &Reach { all: county(), ..Reach::default() }).await.unwrap(), 2);
    let case = case(&city.db, &trainer, clock).await.unwrap();
    assert_eq!((case.most_ms, case.most_clock_ms), (130_000, 40_000));
    let only = |ms| Decision { clock_only: true, ..granted(ms) };
    let much = decide(&city.db, clock, &only(40_001), at(70)).await;
    assert!(matches!(much, Err(Error::GrantOutOfBounds { most_ms: 40_000 })));
    decide(&city.db, clock, &only(40_000), at(70)).await.unwrap();
    assert_eq!(open_count(&city.db, &trainer).await.unwrap(), 0);
}

#[tokio::test]
async fn a_list_keeps_to_its_reach_and_begins_with_whoever_waits_longest() {
    let city = City::with_people(1).await;
    city.person(20, FAR_VILLAGE, PostKind::Member).await;
    let mut ids = Vec::new();
    for second in 0..4 {
        let seq = entry(&city, 1, VILLAGE, &[(Reason::NotPresent, 90_000)]).await;
        ids.push(make(&city.db, PersonId(1), seq, "停电", CADRE, at(100 + second)).await.unwrap().id);
    }
    let far = entry(&city, 20, FAR_VILLAGE, &[(Reason::NotPresent, 90_000)]).await;
    make(&city.db, PersonId(20), far, "停电", CADRE, at(50)).await.unwrap();
    for (which, when) in [(0, 300), (2, 200)] {
        decide(&city.db, *ids.get(which).unwrap(), &REFUSED, at(when)).await.unwrap();
    }
    let county =
        Filter { reach: Reach { all: Scope::of(["/1/2/".to_owned()]), ..Reach::default() }, ..Filter::default() };
    let listed = async |filter: &Filter, number, size| {
        let found = page(&city.db, filter, number, size).await.unwrap();
        (found.rows.iter().map(|row| row.appeal.id.0).collect::<Vec<_>>(), found.total)
    };
    assert_eq!(listed(&county, 1, 10).await, (vec![2, 4, 1, 3], 4));
    assert_eq!(listed(&county, 2, 3).await, (vec![3], 4));
    assert_eq!(listed(&Filter { open: Some(true), ..county.clone() }, 1, 10).await, (vec![2, 4], 2));
    assert_eq!(listed(&Filter { open: Some(false), ..county.clone() }, 1, 10).await, (vec![1, 3], 2));
    assert_eq!(listed(&Filter { below: Some("/1/5/".to_owned()), ..county.clone() }, 1, 10).await, (vec![], 0));
    assert_eq!(listed(&Filter { person: Some(PersonId(20)), ..Filter::default() }, 1, 10).await, (vec![5], 1));
    assert_eq!(listed(&Filter::default(), 1, 10).await, (vec![], 0), "no reach, nothing");
}

const CLOCK: &[(Reason, i64)] = &[(Reason::NotPresent, 90_000), (Reason::ClockUnresolved, 40_000)];

fn office() -> Filter {
    Filter { reach: Reach { all: Scope::of(["/1/2/".to_owned()]), ..Reach::default() }, ..Filter::default() }
}

async fn waiting_seqs(city: &City, filter: &Filter, number: u64, size: u64) -> (Vec<i64>, u64) {
    let found = waiting::page(&city.db, filter, number, size).await.unwrap();
    assert_eq!(waiting::count(&city.db, filter).await.unwrap(), found.total);
    (found.rows.iter().map(|row| row.entry.seq).collect(), found.total)
}

#[tokio::test]
async fn what_waits_for_a_clock_is_decided_without_an_appeal_and_kept_as_one() {
    let city = City::with_people(1).await;
    let seq = entry(&city, 1, VILLAGE, CLOCK).await;
    let reach = Reach { clock: Scope::of(["/1/2/".to_owned()]), ..Reach::default() };
    let case = waiting::case_of(&city.db, &reach, seq).await.unwrap();
    assert_eq!((case.appeal, case.most_ms, case.most_clock_ms), (None, 130_000, 40_000));
    let only = |ms| Decision { clock_only: true, ..granted(ms) };
    let much = waiting::decide(&city.db, seq, &only(40_001), at(70)).await;
    assert!(matches!(much, Err(Error::GrantOutOfBounds { most_ms: 40_000 })));
    let silent = Decision { reason: " ", ..only(40_000) };
    assert!(matches!(waiting::decide(&city.db, seq, &silent, at(70)).await, Err(Error::NoReason)));
    assert_eq!(appeal::Entity::find().count(&city.db).await.unwrap(), 0, "what is refused leaves no appeal");
    assert_eq!(waiting_seqs(&city, &office(), 1, 10).await, (vec![seq], 1));
    let decided = waiting::decide(&city.db, seq, &only(40_000), at(70)).await.unwrap();
    assert_eq!((decided.person_id, decided.entry_seq, decided.text.as_str()), (PersonId(1), seq, waiting::ON_BEHALF));
    assert_eq!((decided.granted, decided.decision.as_deref()), (Some(true), Some("村委已证明")));
    let (_, corrections) = record::entry(&city.db, seq).await.unwrap();
    let given: Vec<_> = corrections.iter().map(|row| (Some(row.seq), row.credited_ms)).collect();
    assert_eq!(given, [(decided.correction_seq, 40_000)]);
    assert_eq!(waiting_seqs(&city, &office(), 1, 10).await, (vec![], 0));
    assert!(matches!(waiting::decide(&city.db, seq, &REFUSED, at(71)).await, Err(Error::NotWaiting(_))));
    assert!(matches!(waiting::case_of(&city.db, &reach, seq).await, Err(Error::NoSuchEntry(_))));
    assert!(verify::ledger(&city.db, &|_, _| {}).await.unwrap().is_sound());
    let lines = audit::Entity::find().filter(audit::Column::Target.eq(format!("appeal:{}", decided.id)));
    assert_eq!(lines.count(&city.db).await.unwrap(), 2, "made and decided");
    assert!(make(&city.db, PersonId(1), seq, "还少记了", CADRE, at(80)).await.is_ok(), "the person may still appeal");
}

#[tokio::test]
async fn what_was_appealed_against_or_given_by_hand_waits_no_more() {
    let city = City::with_people(2).await;
    entry(&city, 1, VILLAGE, &[(Reason::NotPresent, 90_000)]).await;
    let waits = async || entry(&city, 1, VILLAGE, CLOCK).await;
    let (appealed, by_hand, taken, own) = (waits().await, waits().await, waits().await, waits().await);
    let id = made(&city, appealed).await;
    correct(&city.db, by_hand, 40_000, "核对过", OFFICE, at(3)).await.unwrap();
    correct(&city.db, taken, -40_000, "与合并的编号重复计入", OFFICE, at(3)).await.unwrap();
    assert_eq!(waiting_seqs(&city, &office(), 1, 10).await, (vec![taken, own], 2), "nothing was given there");
    let early = waiting::decide(&city.db, appealed, &granted(1), at(70)).await;
    assert!(matches!(early, Err(Error::NotWaiting(_))), "the appeal is what is decided");
    decide(&city.db, id, &REFUSED, at(70)).await.unwrap();
    assert_eq!(waiting_seqs(&city, &office(), 1, 10).await.1, 2, "what was refused is decided, too");
    city.account(OFFICE, 1).await;
    assert!(matches!(waiting::decide(&city.db, own, &granted(1), at(70)).await, Err(Error::OwnAppeal)));
    assert_eq!(waiting_seqs(&city, &office(), 1, 10).await.1, 2);
    assert_eq!(appeal::Entity::find().count(&city.db).await.unwrap(), 1);
}

#[tokio::test]
async fn what_waits_is_listed_within_reach_a_page_at_a_time_the_longest_waiting_first() {
    let city = City::with_people(1).await;
    city.person(20, FAR_VILLAGE, PostKind::Member).await;
    let mut near = Vec::new();
    for _ in 0..3 {
        near.push(entry(&city, 1, VILLAGE, CLOCK).await);
    }
    let far = entry(&city, 20, FAR_VILLAGE, CLOCK).await;
    assert_eq!(waiting_seqs(&city, &office(), 1, 10).await, (near.clone(), 3));
    assert_eq!(waiting_seqs(&city, &office(), 2, 2).await, (near[2..].to_vec(), 3));
    let clock = Reach { clock: Scope::of(["/1/2/".to_owned()]), ..Reach::default() };
    let trainer = Filter { reach: clock, ..Filter::default() };
    assert_eq!(waiting_seqs(&city, &trainer, 1, 10).await, (near, 3));
    let elsewhere = Filter { below: Some("/1/5/".to_owned()), ..office() };
    assert_eq!(waiting_seqs(&city, &elsewhere, 1, 10).await, (vec![], 0));
    let theirs = Filter { person: Some(PersonId(20)), ..Filter::default() };
    assert_eq!(waiting_seqs(&city, &theirs, 1, 10).await, (vec![far], 1));
    assert_eq!(waiting_seqs(&city, &Filter::default(), 1, 10).await, (vec![], 0), "no reach, nothing");
    assert!(matches!(waiting::entry(&city.db, &trainer.reach, far).await, Err(Error::NoSuchEntry(_))));
    assert_eq!(waiting::page(&city.db, &office(), 1, 1).await.unwrap().rows[0].waiting_ms, 40_000);
}
