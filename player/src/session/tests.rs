use super::*;
use crate::beat::Beat;
use crate::recorder::Recorder;
use crate::testing::{ARTICLE, EMPTY_LESSON, LENGTH_MS, LESSON, OPERATOR, OTHER_LESSON, Town, account, at, solo};
use std::error::Error as StdError;

type Outcome = std::result::Result<(), Box<dyn StdError>>;

/// Plays a session on to `position_ms` at that second.
async fn play_to(town: &Town, session: &Begun, seq: i64, position_ms: i64, second: i64) -> Result<Progress> {
    let (id, owner) = (session.playback.id, session.playback.account_id);
    let beat = Beat::parse(seq, position_ms, true, 1.0)?;
    Recorder::start(town.db.clone()).record(id, owner, beat, at(second)).await
}

#[tokio::test]
async fn what_cannot_be_credited_does_not_begin() -> Outcome {
    let town = Town::with_people(1).await?;
    let unknown = town.solo(1, LessonId(99), at(0)).await;
    assert!(matches!(unknown, Err(Error::UnknownLesson(LessonId(99)))));
    assert!(matches!(town.solo(1, EMPTY_LESSON, at(0)).await, Err(Error::NothingToPlay(EMPTY_LESSON))));
    assert!(matches!(town.solo(77, LESSON, at(0)).await, Err(Error::UnknownPerson(PersonId(77)))));
    let nobody = Begin { person_id: None, ..solo(1, LESSON) };
    assert!(matches!(begin(&town.db, nobody, at(0)).await, Err(Error::NoLearner)));
    let crowd: Vec<i64> = (1..=501).collect();
    assert!(matches!(town.group(&crowd, at(0)).await, Err(Error::RosterTooLong { most: 500 })));
    assert!(matches!(town.group(&[1, 88], at(0)).await, Err(Error::UnknownPerson(PersonId(88)))));
    assert!(playback::Entity::find().all(&town.db).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_new_session_supersedes_the_same_persons_other_one_and_nobody_elses() -> Outcome {
    let town = Town::with_people(2).await?;
    let first = town.solo(1, LESSON, at(0)).await?;
    let neighbour = town.solo(2, LESSON, at(0)).await?;
    let second = town.solo(1, OTHER_LESSON, at(30)).await?;
    assert_eq!(town.row(first.playback.id).await?.superseded_at, Some(at(30)));
    assert_eq!(town.row(neighbour.playback.id).await?.superseded_at, None);
    assert_eq!(town.row(second.playback.id).await?.superseded_at, None);
    let late = play_to(&town, &first, 1, 40_000, 40).await?;
    assert!(late.superseded);
    assert_eq!(
        (late.totals.claimed_ms, late.totals.credited_ms),
        (40_000, 30_000),
        "what was played before still counts"
    );
    Ok(())
}

#[tokio::test]
async fn beginnings_at_the_same_time_leave_one_live_session() -> Outcome {
    let town = Town::with_people(1).await?;
    let all = futures_util::future::join_all((0..20).map(|_| town.solo(1, LESSON, at(0)))).await;
    assert!(all.iter().all(std::result::Result::is_ok));
    let rows = playback::Entity::find().all(&town.db).await?;
    assert_eq!(rows.iter().filter(|row| row.superseded_at.is_none()).count(), 1);
    Ok(())
}

#[tokio::test]
async fn a_learner_goes_on_where_they_left_on_any_device() -> Outcome {
    let town = Town::with_people(2).await?;
    let phone = town.solo(1, LESSON, at(0)).await?;
    assert_eq!(phone.resume_at_ms, 0);
    play_to(&town, &phone, 1, 90_000, 90).await?;
    assert_eq!(town.solo(1, LESSON, at(100)).await?.resume_at_ms, 90_000);
    assert_eq!(town.solo(2, LESSON, at(100)).await?.resume_at_ms, 0);
    assert_eq!(town.solo(1, OTHER_LESSON, at(100)).await?.resume_at_ms, 0);
    Ok(())
}

#[tokio::test]
async fn an_opened_and_never_played_session_hides_no_position() -> Outcome {
    let town = Town::with_people(1).await?;
    let watched = town.solo(1, LESSON, at(0)).await?;
    play_to(&town, &watched, 1, 90_000, 90).await?;
    for visit in 2..5 {
        let opened = town.solo(1, LESSON, at(visit * 1000)).await?;
        assert_eq!(opened.resume_at_ms, 90_000);
        close(&town.db, opened.playback.id, account(1), at(visit * 1000 + 1)).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_lesson_seen_to_the_end_begins_anew() -> Outcome {
    let town = Town::with_people(1).await?;
    for (visit, (stopped_at, resume_at)) in [(569_999, 569_999), (570_000, 0), (LENGTH_MS, 0)].into_iter().enumerate() {
        let start = i64::try_from(visit)? * 10_000;
        let session = town.solo(1, LESSON, at(start)).await?;
        play_to(&town, &session, 1, stopped_at, start + 600).await?;
        assert_eq!(town.solo(1, LESSON, at(start + 700)).await?.resume_at_ms, resume_at);
    }
    assert!(is_as_good_as_the_end(45_000, 60_000) && !is_as_good_as_the_end(44_999, 60_000));
    Ok(())
}

#[tokio::test]
async fn a_room_goes_on_where_the_room_left() -> Outcome {
    let town = Town::with_people(3).await?;
    let monday = town.group(&[1, 2], at(0)).await?;
    play_to(&town, &monday, 1, 120_000, 120).await?;
    close(&town.db, monday.playback.id, OPERATOR, at(120)).await?;
    assert_eq!(town.group(&[2, 3], at(5000)).await?.resume_at_ms, 120_000);
    assert_eq!(town.solo(1, LESSON, at(6000)).await?.resume_at_ms, 0);
    Ok(())
}

#[tokio::test]
async fn closing_twice_answers_the_same_and_moves_nothing() -> Outcome {
    let town = Town::with_people(1).await?;
    let session = town.solo(1, LESSON, at(0)).await?;
    let id = session.playback.id;
    play_to(&town, &session, 1, 15_000, 15).await?;
    assert!(matches!(close(&town.db, id, account(2), at(15)).await, Err(Error::NotYours(_))));
    let first = close(&town.db, id, account(1), at(16)).await?;
    let again = close(&town.db, id, account(1), at(99)).await?;
    assert!(first.closed);
    assert_eq!(first, again);
    assert_eq!(first, totals(&town.db, id).await?);
    assert_eq!(first.totals.credited_ms, 15_000);
    assert_eq!(town.row(id).await?.closed_at, Some(at(16)));
    assert!(matches!(close(&town.db, PlaybackId(99), account(1), at(16)).await, Err(Error::UnknownPlayback(_))));
    Ok(())
}

/// The last beat of a session: paused, so that nothing is awaited any more.
async fn pause_at(town: &Town, begun: &Begun, seq: i64, position_ms: i64, second: i64) -> Outcome {
    let recorder = Recorder::start(town.db.clone());
    let beat = Beat::parse(seq, position_ms, false, 1.0)?;
    recorder.record(begun.playback.id, begun.playback.account_id, beat, at(second)).await?;
    Ok(())
}

#[tokio::test]
async fn a_lesson_that_is_through_ends_after_ten_minutes_at_its_last_sign_of_life() -> Outcome {
    let town = Town::with_people(3).await?;
    let silent = town.solo(1, LESSON, at(0)).await?;
    let room = town.group(&[2], at(0)).await?;
    let end = silent.playback.duration_ms;
    pause_at(&town, &silent, 1, end - 15_000, 15).await?;
    pause_at(&town, &room, 1, end, 15).await?;
    let lively = town.solo(3, LESSON, at(500)).await?;
    assert_eq!(close_stale(&town.db, at(615)).await?, []);
    assert_eq!(close_stale(&town.db, at(616)).await?, [silent.playback.id, room.playback.id]);
    assert_eq!(close_stale(&town.db, at(616)).await?, []);
    assert_eq!(town.row(silent.playback.id).await?.closed_at, Some(at(15)));
    assert_eq!(town.stays(room.playback.id).await?, [(2, 0, Some(15))]);
    assert_eq!(town.row(lively.playback.id).await?.closed_at, None);
    Ok(())
}

#[tokio::test]
async fn a_session_that_was_paused_in_the_middle_may_go_on_without_a_line_for_hours() -> Outcome {
    let town = Town::with_people(2).await?;
    for paused in [town.solo(1, LESSON, at(0)).await?, town.group(&[2], at(0)).await?] {
        pause_at(&town, &paused, 1, 15_000, 15).await?;
        assert_eq!(close_stale(&town.db, at(8 * 3600)).await?, []);
        // It went on after half an hour, for a minute, and is told eight hours later.
        let made = [(2, 15_000, 1_800), (3, 75_000, 1_860)];
        let told = made.map(|(seq, position_ms, second)| {
            Ok(Beat::parse(seq, position_ms, true, 1.0)?.made_ago((8 * 3600 - second) * 1000))
        });
        let told = told.into_iter().collect::<crate::Result<Vec<_>>>()?;
        let recorder = Recorder::start(town.db.clone());
        let (id, account) = (paused.playback.id, paused.playback.account_id);
        let late = recorder.record_all(id, account, told, at(8 * 3600)).await?;
        assert_eq!(late.totals.credited_ms, 75_000);
        assert!(!late.closed);
    }
    Ok(())
}

#[tokio::test]
async fn a_session_cut_off_while_it_played_waits_twelve_hours_for_its_beats() -> Outcome {
    let town = Town::with_people(1).await?;
    let cut_off = town.solo(1, LESSON, at(0)).await?;
    play_to(&town, &cut_off, 1, 15_000, 15).await?;
    assert_eq!(close_stale(&town.db, at(12 * 3600 + 15)).await?, []);
    let recorder = Recorder::start(town.db.clone());
    let gathered = (2..=20).map(|seq| {
        let made_at = seq * 15;
        Ok(Beat::parse(seq, made_at * 1000, true, 1.0)?.made_ago((3600 - made_at) * 1000))
    });
    let gathered = gathered.collect::<crate::Result<Vec<_>>>()?;
    let late = recorder.record_all(cut_off.playback.id, account(1), gathered, at(3600)).await?;
    assert_eq!(late.totals.credited_ms, 300_000);
    assert_eq!(close_stale(&town.db, at(12 * 3600 + 301)).await?, [cut_off.playback.id]);
    assert_eq!(town.row(cut_off.playback.id).await?.closed_at, Some(at(300)));
    Ok(())
}

#[tokio::test]
async fn only_a_picture_watched_alone_asks_whether_anybody_is_there() -> Outcome {
    let town = Town::with_people(2).await?;
    let asking = Terms { idle_after_ms: Some(1_200_000), most_rate_permille: 1500 };
    let article = begin(&town.db, Begin { terms: asking, ..solo(1, ARTICLE) }, at(0)).await?.playback;
    assert_eq!(article.idle_after_ms, Some(120_000), "a lesson without media is read");
    for (mime, expected) in [("video/mp4", Some(1_200_000)), ("audio/mp4", None)] {
        town.give_media(OTHER_LESSON, mime).await?;
        let alone = begin(&town.db, Begin { terms: asking, ..solo(2, OTHER_LESSON) }, at(0)).await?.playback;
        assert_eq!(alone.idle_after_ms, expected, "{mime}");
    }
    let room = Begin { mode: PlaybackMode::Group, person_id: None, terms: asking, ..solo(1, LESSON) };
    assert_eq!(begin(&town.db, room, at(0)).await?.playback.idle_after_ms, None);
    Ok(())
}
