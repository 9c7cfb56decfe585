use super::Attendance::{Arrive, Leave};
use super::*;
use crate::session;
use crate::testing::{LESSON, OPERATOR, Town, account, at};
use sea_orm::{ActiveModelTrait, IntoActiveModel, Set};

type Outcome = std::result::Result<(), Box<dyn std::error::Error>>;

/// Somebody comes or goes at that second; how many are in the room then.
async fn door(town: &Town, room: PlaybackId, who: i64, what: Attendance, second: i64) -> Result<u64> {
    attend(&town.db, room, PersonId(who), what, OPERATOR, at(second)).await
}

/// Somebody came or went at that second, and it is told at another.
async fn told(town: &Town, room: PlaybackId, who: i64, what: Attendance, (happened, now): (i64, i64)) -> Result<u64> {
    let mark = Mark { who: PersonId(who), what, how: MarkedHow::Roll, ago_ms: (now - happened) * 1000 };
    super::mark(&town.db, room, mark, OPERATOR, at(now)).await
}

/// The stays as (who, from, to); those that touch are one, and those of no length are none.
async fn seated(town: &Town, room: PlaybackId) -> std::result::Result<Vec<(i64, i64, i64)>, sea_orm::DbErr> {
    let mut by_person: std::collections::BTreeMap<i64, crate::spans::Spans> = std::collections::BTreeMap::new();
    for (who, from, to) in town.stays(room).await? {
        by_person.entry(who).or_default().insert(from, to.unwrap_or(OPEN));
    }
    Ok(by_person.iter().flat_map(|(who, spans)| spans.iter().map(|(from, to)| (*who, from, to))).collect())
}

const OPEN: i64 = 1_000_000;

#[tokio::test]
async fn whoever_is_on_the_roster_is_present_once_from_the_start() -> Outcome {
    let town = Town::with_people(3).await?;
    let room = town.group(&[2, 1, 2, 1], at(0)).await?.playback.id;
    assert_eq!(town.stays(room).await?, [(1, 0, None), (2, 0, None)]);
    Ok(())
}

#[tokio::test]
async fn late_arrivals_and_early_leavers_have_their_own_stays() -> Outcome {
    let town = Town::with_people(3).await?;
    let room = town.group(&[1, 2], at(0)).await?.playback.id;
    assert_eq!(door(&town, room, 3, Arrive, 60).await?, 3);
    assert_eq!(door(&town, room, 1, Leave, 90).await?, 2);
    assert_eq!(door(&town, room, 1, Arrive, 120).await?, 3);
    session::close(&town.db, room, OPERATOR, at(200)).await?;
    let stays = [(1, 0, Some(90)), (1, 120, Some(200)), (2, 0, Some(200)), (3, 60, Some(200))];
    assert_eq!(town.stays(room).await?, stays);
    Ok(())
}

#[tokio::test]
async fn coming_twice_or_leaving_twice_changes_nothing() -> Outcome {
    let town = Town::with_people(2).await?;
    let room = town.group(&[1], at(0)).await?.playback.id;
    door(&town, room, 1, Arrive, 10).await?;
    door(&town, room, 2, Leave, 20).await?;
    door(&town, room, 1, Leave, 30).await?;
    door(&town, room, 1, Leave, 40).await?;
    assert_eq!(seated(&town, room).await?, [(1, 0, 30)]);
    Ok(())
}

#[tokio::test]
async fn a_press_that_waited_for_the_link_counts_from_when_it_was_made() -> Outcome {
    let town = Town::with_people(3).await?;
    let room = town.group(&[1, 2], at(0)).await?.playback.id;
    // In any order, and each twice.
    for _ in 0..2 {
        told(&town, room, 1, Leave, (200, 500)).await?;
        told(&town, room, 3, Arrive, (100, 500)).await?;
        told(&town, room, 1, Arrive, (260, 501)).await?;
    }
    assert_eq!(seated(&town, room).await?, [(1, 0, 200), (1, 260, OPEN), (2, 0, OPEN), (3, 100, OPEN)]);
    told(&town, room, 2, Leave, (-5000, 502)).await?;
    assert_eq!(seated(&town, room).await?.iter().filter(|stay| stay.0 == 2).count(), 1, "never before the session");
    told(&town, room, 2, Leave, (900, 503)).await?;
    let last = seated(&town, room).await?.into_iter().find(|stay| stay.0 == 2);
    assert_eq!(last, Some((2, 0, 503)), "and never to come");
    Ok(())
}

#[tokio::test]
async fn a_late_arrival_leaves_out_what_was_watched_elsewhere_meanwhile() -> Outcome {
    let town = Town::with_people(3).await?;
    let room = town.group(&[1], at(0)).await?.playback.id;
    let phone = town.solo(2, LESSON, at(150)).await?.playback;
    let beat = crate::beat::Beat::parse(1, 50_000, true, 1.0)?;
    crate::recorder::Recorder::start(town.db.clone()).record(phone.id, phone.account_id, beat, at(200)).await?;
    session::close(&town.db, phone.id, phone.account_id, at(201)).await?;
    told(&town, room, 2, Arrive, (100, 400)).await?;
    assert_eq!(seated(&town, room).await?, [(1, 0, OPEN), (2, 100, 150), (2, 200, OPEN)]);
    let other_room = town.group(&[3], at(300)).await?.playback.id;
    told(&town, room, 3, Arrive, (250, 500)).await?;
    assert_eq!(seated(&town, other_room).await?, [(3, 300, OPEN)], "they sit elsewhere by now");
    assert!(seated(&town, room).await?.contains(&(3, 250, 300)));
    Ok(())
}

#[tokio::test]
async fn a_code_is_brought_by_the_person_and_any_other_mark_by_the_operator() -> Outcome {
    let town = Town::with_people(2).await?;
    let room = town.group(&[], at(0)).await?.playback.id;
    let by_themself = |how| Mark { who: PersonId(1), what: Arrive, how, ago_ms: 0 };
    let roll = mark(&town.db, room, by_themself(MarkedHow::Roll), account(1), at(5)).await;
    assert!(matches!(roll, Err(Error::NotYours(_))));
    assert_eq!(mark(&town.db, room, by_themself(MarkedHow::Code), account(1), at(5)).await?, 1);
    session::close(&town.db, room, OPERATOR, at(9)).await?;
    let late = mark(&town.db, room, by_themself(MarkedHow::Code), account(1), at(10)).await;
    assert!(matches!(late, Err(Error::Closed(_))));
    Ok(())
}

#[tokio::test]
async fn out_and_in_again_within_a_millisecond_is_one_stay() -> Outcome {
    let town = Town::with_people(1).await?;
    let room = town.group(&[1], at(0)).await?.playback.id;
    door(&town, room, 1, Leave, 0).await?;
    assert_eq!(door(&town, room, 1, Arrive, 0).await?, 1);
    assert_eq!(town.stays(room).await?, [(1, 0, None)]);
    Ok(())
}

#[tokio::test]
async fn nobody_watches_in_two_places() -> Outcome {
    let town = Town::with_people(3).await?;
    let phone = town.solo(1, LESSON, at(0)).await?.playback.id;
    let late_phone = town.solo(3, LESSON, at(0)).await?.playback.id;
    let room = town.group(&[1, 2], at(10)).await?.playback.id;
    door(&town, room, 3, Arrive, 20).await?;
    assert_eq!(town.row(phone).await?.superseded_at, Some(at(10)));
    assert_eq!(town.row(late_phone).await?.superseded_at, Some(at(20)));
    town.solo(1, LESSON, at(30)).await?;
    let other_room = town.group(&[2], at(40)).await?.playback.id;
    assert_eq!(town.stays(room).await?, [(1, 10, Some(30)), (2, 10, Some(40)), (3, 20, None)]);
    assert_eq!(town.stays(other_room).await?, [(2, 40, None)]);
    assert_eq!(town.row(room).await?.superseded_at, None);
    Ok(())
}

#[tokio::test]
async fn nobody_enters_a_room_that_is_not_one_or_is_closed_or_another_operators() -> Outcome {
    let town = Town::with_people(2).await?;
    let phone = town.solo(1, LESSON, at(0)).await?.playback.id;
    let room = town.group(&[1], at(0)).await?.playback.id;
    let by_owner = attend(&town.db, phone, PersonId(2), Arrive, account(1), at(1)).await;
    assert!(matches!(by_owner, Err(Error::NotAClassroom(_))));
    let by_stranger = attend(&town.db, room, PersonId(2), Arrive, account(2), at(1)).await;
    assert!(matches!(by_stranger, Err(Error::NotYours(_))));
    assert!(matches!(door(&town, PlaybackId(99), 2, Arrive, 1).await, Err(Error::UnknownPlayback(_))));
    assert!(matches!(door(&town, room, 99, Arrive, 1).await, Err(Error::UnknownPerson(_))));
    session::close(&town.db, room, OPERATOR, at(2)).await?;
    assert!(matches!(door(&town, room, 2, Arrive, 3).await, Err(Error::Closed(_))));
    assert!(matches!(door(&town, room, 1, Leave, 3).await, Err(Error::Closed(_))));
    assert_eq!(town.stays(room).await?, [(1, 0, Some(2))]);
    Ok(())
}

#[tokio::test]
async fn a_refused_arrival_stops_nothing_elsewhere() -> Outcome {
    let town = Town::with_people(1).await?;
    let phone = town.solo(1, LESSON, at(0)).await?.playback.id;
    assert!(matches!(door(&town, PlaybackId(99), 1, Arrive, 1).await, Err(Error::UnknownPlayback(_))));
    assert_eq!(town.row(phone).await?.superseded_at, None);
    Ok(())
}

#[tokio::test]
async fn strangers_are_those_out_of_scope_gone_or_unknown() -> Outcome {
    let town = Town::with_people(3).await?;
    if let Some(gone) = person::Entity::find_by_id(PersonId(2)).one(&town.db).await? {
        let mut gone = gone.into_active_model();
        gone.left_on = Set(Some(at(0).day()));
        gone.update(&town.db).await?;
    }
    let everybody = [PersonId(1), PersonId(2), PersonId(3), PersonId(9)];
    let here = Scope::of(["/1/".to_owned()]);
    assert_eq!(strangers(&town.db, &everybody, &here).await?, [PersonId(2), PersonId(9)]);
    assert_eq!(strangers(&town.db, &everybody, &Scope::of(["/2/".to_owned()])).await?, everybody);
    assert_eq!(strangers(&town.db, &everybody, &Scope::default()).await?, everybody);
    assert_eq!(strangers(&town.db, &[], &here).await?, []);
    Ok(())
}
