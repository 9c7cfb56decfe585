use super::*;
use crate::classroom::{Attendance, attend};
use crate::testing::{OPERATOR, Town, at};

type Outcome = std::result::Result<(), Box<dyn std::error::Error>>;

/// As if a room had just been heard of.
async fn heard_of(town: &Town, room: PlaybackId, second: i64) -> Outcome {
    let beat = crate::beat::Beat::parse(second, second * 1000, true, 1.0)?;
    crate::recorder::Recorder::start(town.db.clone()).record(room, OPERATOR, beat, at(second)).await?;
    Ok(())
}

async fn due(town: &Town, minutes: i64, second: i64) -> Result<Vec<Running>> {
    let mut rooms = running(&town.db, at(second)).await?;
    rooms.retain(|room| room.is_due(minutes, at(second)));
    Ok(rooms)
}

#[tokio::test]
async fn three_of_those_present_are_drawn_when_it_is_time() -> Outcome {
    let town = Town::with_people(8).await?;
    let room = town.group(&[1, 2, 3, 4, 5, 6], at(0)).await?.playback.id;
    attend(&town.db, room, PersonId(6), Attendance::Leave, OPERATOR, at(10)).await?;
    heard_of(&town, room, 1190).await?;
    assert!(due(&town, 20, 1199).await?.is_empty(), "not yet");
    assert!(due(&town, 0, 1200).await?.is_empty(), "a rule of 0 minutes never asks");
    let rooms = due(&town, 20, 1200).await?;
    assert_eq!(draw(&town.db, &rooms, |_| 0, at(1200)).await?, 1);
    assert_eq!(draw(&town.db, &rooms, |_| 0, at(1201)).await?, 0, "another process drew already");
    let names: Vec<i64> = of(&town.db, room).await?.iter().map(|check| check.person_id.0).collect();
    assert_eq!(names.len(), 3);
    assert!(names.iter().all(|who| (1..=5).contains(who)), "{names:?}: whoever left is not drawn");
    heard_of(&town, room, 2390).await?;
    draw(&town.db, &due(&town, 20, 2400).await?, |_| 0, at(2400)).await?;
    let again: Vec<i64> = of(&town.db, room).await?.iter().skip(3).map(|check| check.person_id.0).collect();
    assert_eq!(again.iter().filter(|who| names.contains(who)).count(), 1, "the other two come first: {again:?}");
    Ok(())
}

#[tokio::test]
async fn a_silent_or_closed_room_is_not_asked() -> Outcome {
    let town = Town::with_people(3).await?;
    let room = town.group(&[1, 2, 3], at(0)).await?.playback.id;
    heard_of(&town, room, 300).await?;
    assert_eq!(due(&town, 5, 391).await?, [], "silent for more than a minute and a half");
    let rooms = due(&town, 5, 301).await?;
    session::close(&town.db, room, OPERATOR, at(302)).await?;
    assert_eq!(draw(&town.db, &rooms, |_| 0, at(303)).await?, 0);
    Ok(())
}

#[tokio::test]
async fn answers_may_be_changed_until_the_end_and_the_rest_stays_open() -> Outcome {
    let town = Town::with_people(3).await?;
    let room = town.group(&[1, 2, 3], at(0)).await?.playback.id;
    heard_of(&town, room, 300).await?;
    draw(&town.db, &due(&town, 5, 301).await?, |_| 0, at(301)).await?;
    let ids: Vec<_> = of(&town.db, room).await?.iter().map(|check| check.id).collect();
    let &[first, second, third] = ids.as_slice() else { return Err("three names".into()) };
    answer(&town.db, (room, first), (false, 0), OPERATOR, at(310)).await?;
    answer(&town.db, (room, first), (true, 0), OPERATOR, at(311)).await?;
    let known = answer(&town.db, (room, second), (false, 5_000), OPERATOR, at(320)).await?;
    assert_eq!(known, Confidence { asked: 3, confirmed: 1, absent: 1, open: 1 });
    assert_eq!(of(&town.db, room).await?.get(1).and_then(|check| check.answered_at), Some(at(315)));
    let other = answer(&town.db, (PlaybackId(99), third), (true, 0), OPERATOR, at(321)).await;
    assert!(matches!(other, Err(Error::UnknownPlayback(_))));
    let stranger = answer(&town.db, (room, third), (true, 0), AccountId(1), at(321)).await;
    assert!(matches!(stranger, Err(Error::NotYours(_))));
    session::close(&town.db, room, OPERATOR, at(330)).await?;
    assert!(matches!(answer(&town.db, (room, third), (true, 0), OPERATOR, at(331)).await, Err(Error::Closed(_))));
    let known = confidence(&of(&town.db, room).await?);
    assert_eq!((known.open, known.percent()), (1, Some(33)), "the unanswered one counts against it");
    Ok(())
}

#[test]
fn nothing_drawn_is_nothing_known() {
    assert_eq!(confidence(&[]).percent(), None);
    assert_eq!(Confidence { asked: 3, confirmed: 3, absent: 0, open: 0 }.percent(), Some(100));
}

#[test]
fn every_name_is_as_likely() {
    let present: Vec<_> = (0..10).map(PersonId).collect();
    let mut counts = [0_i32; 10];
    let mut random = fastrand::Rng::with_seed(5);
    for _ in 0..10_000 {
        for who in names(&present, &[], &mut |n| random.usize(0..n)) {
            if let Some(count) = usize::try_from(who.0).ok().and_then(|place| counts.get_mut(place)) {
                *count += 1;
            }
        }
    }
    assert!(counts.iter().all(|count| (2800..3200).contains(count)), "{counts:?}");
}
