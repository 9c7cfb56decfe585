use super::*;
use crate::session;
use crate::testing::{LESSON, OPERATOR, Town, account, at};
use crate::totals::{Totals, recompute};
use entity::{PlaybackMode, playback};
use futures_util::future::join_all;
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel, Set};
use std::error::Error as StdError;
use std::time::Duration;

type Outcome = std::result::Result<(), Box<dyn StdError>>;

fn playing(seq: i64, position_ms: i64) -> Result<Beat> {
    Beat::parse(seq, position_ms, true, 1.0)
}

#[tokio::test]
async fn beats_add_up_and_a_resent_one_changes_nothing() -> Outcome {
    let town = Town::with_people(1).await?;
    let recorder = Recorder::start(town.db.clone());
    let id = town.solo(1, LESSON, at(0)).await?.playback.id;
    let first = recorder.record(id, account(1), playing(1, 15_000)?, at(15)).await?;
    assert_eq!((first.totals.claimed_ms, first.totals.credited_ms), (15_000, 15_000));
    let second = recorder.record(id, account(1), playing(2, 30_000)?, at(30)).await?;
    let resent = recorder.record(id, account(1), playing(1, 15_000)?, at(31)).await?;
    let resent_later = recorder.record(id, account(1), playing(2, 90_000)?, at(90)).await?;
    assert_eq!(second.totals.credited_ms, 30_000);
    assert_eq!((&second, &second), (&resent, &resent_later));
    assert_eq!(town.beats(id).await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn nobody_beats_for_somebody_else() -> Outcome {
    let town = Town::with_people(2).await?;
    let recorder = Recorder::start(town.db.clone());
    let id = town.solo(1, LESSON, at(0)).await?.playback.id;
    let forged = recorder.record(id, account(2), playing(1, 15_000)?, at(15)).await;
    assert!(matches!(forged, Err(Error::NotYours(_))));
    let unknown = recorder.record(PlaybackId(99), account(1), playing(1, 15_000)?, at(15)).await;
    assert!(matches!(unknown, Err(Error::UnknownPlayback(_))));
    assert!(town.beats(id).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_closed_session_answers_its_final_totals() -> Outcome {
    let town = Town::with_people(1).await?;
    let recorder = Recorder::start(town.db.clone());
    let id = town.solo(1, LESSON, at(0)).await?.playback.id;
    recorder.record(id, account(1), playing(1, 15_000)?, at(15)).await?;
    let ended = session::close(&town.db, id, account(1), at(16)).await?;
    let late = recorder.record(id, account(1), playing(2, 30_000)?, at(30)).await?;
    assert_eq!(late, ended);
    assert_eq!(town.beats(id).await?.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_learners_at_once_lose_nothing() -> Outcome {
    const LEARNERS: i64 = 200;
    const BEATS: i64 = 10;
    let town = Town::with_people(LEARNERS).await?;
    let recorder = Recorder::start(town.db.clone());
    let learners = (1..=LEARNERS).map(|who| {
        let (town, recorder) = (&town, recorder.clone());
        async move {
            let id = town.solo(who, LESSON, at(0)).await?.playback.id;
            for seq in 1..=BEATS {
                let second = seq * 15;
                recorder.record(id, account(who), playing(seq, second * 1000)?, at(second)).await?;
            }
            session::close(&town.db, id, account(who), at(BEATS * 15)).await
        }
    });
    for ended in join_all(learners).await {
        assert_eq!(ended?.totals.credited_ms, BEATS * 15_000);
    }
    let after_restart = town.reopened().await?;
    let rows = playback::Entity::find().all(&after_restart).await?;
    assert_eq!(rows.len(), 200);
    assert!(rows.iter().all(|row| row.credited_ms == BEATS * 15_000 && row.last_seq == BEATS));
    assert_eq!(entity::beat::Entity::find().all(&after_restart).await?.len(), 2000);
    Ok(())
}

#[tokio::test]
async fn beats_of_one_session_in_one_batch_are_judged_in_the_order_they_came() -> Outcome {
    let town = Town::with_people(1).await?;
    let recorder = Recorder::start(town.db.clone());
    let id = town.solo(1, LESSON, at(0)).await?.playback.id;
    let beats: Vec<Beat> = (1..=20).map(|seq| playing(seq, seq * 15_000)).collect::<Result<_>>()?;
    let all = beats.iter().map(|beat| recorder.record(id, account(1), *beat, at(beat.seq() * 15)));
    let answers: Vec<_> = join_all(all).await.into_iter().collect::<Result<_>>()?;
    let credited: Vec<i64> = answers.iter().map(|progress| progress.totals.credited_ms).collect();
    assert_eq!(credited, (1..=20).map(|seq| seq * 15_000).collect::<Vec<_>>());
    Ok(())
}

#[tokio::test]
async fn what_is_stored_equals_what_the_beats_amount_to() -> Outcome {
    let town = Town::with_people(40).await?;
    let recorder = Recorder::start(town.db.clone());
    let mut random = fastrand::Rng::with_seed(20_261_123);
    for who in 1..=40 {
        let id = town.solo(who, LESSON, at(0)).await?.playback.id;
        let (mut now, mut position_ms) = (at(0), 0);
        for _ in 0..30 {
            let wall_ms = random.i64(0..40_000);
            now = now.plus_ms(wall_ms);
            position_ms = match random.u8(0..6) {
                0 => random.i64(0..700_000),
                1 => position_ms,
                _ => position_ms + wall_ms,
            };
            let rate = f64::from(random.i32(1..=12)) * 0.25;
            let beat = Beat::parse(random.i64(1..60), position_ms, random.u8(0..5) > 0, rate)?;
            recorder.record(id, account(who), beat, now).await?;
        }
        let row = town.row(id).await?;
        let stored = Totals::of(&row)?;
        assert_eq!(recompute(&town.beats(id).await?), stored);
        assert_eq!(stored.credited_ms + stored.reasons.values().sum::<i64>(), stored.claimed_ms);
        assert!(stored.credited_ms <= now.since(at(0)));
    }
    Ok(())
}

#[tokio::test]
async fn dated_beats_in_any_order_are_stored_as_if_they_had_come_in_theirs() -> Outcome {
    let town = Town::with_people(2).await?;
    let recorder = Recorder::start(town.db.clone());
    let made: Vec<(Beat, i64)> =
        (1..=60).map(|seq| Ok((playing(seq, (seq % 20) * 15_000 + seq * 1_000)?, seq * 15))).collect::<Result<_>>()?;
    let live = town.solo(1, LESSON, at(0)).await?.playback.id;
    for (beat, second) in &made {
        recorder.record(live, account(1), beat.made_ago(0), at(*second)).await?;
    }
    let late = town.solo(2, LESSON, at(0)).await?.playback.id;
    let mut mixed = made.clone();
    fastrand::Rng::with_seed(7).shuffle(&mut mixed);
    for some in mixed.chunks(7) {
        let dated = some.iter().map(|(beat, second)| beat.made_ago((1_000 - second) * 1_000)).collect();
        recorder.record_all(late, account(2), dated, at(1_000)).await?;
    }
    assert_eq!(Totals::of(&town.row(live).await?)?, Totals::of(&town.row(late).await?)?);
    let judged = |rows: Vec<entity::beat::Model>| rows.iter().map(crate::beat::Judged::from).collect::<Vec<_>>();
    assert_eq!(judged(town.beats(live).await?), judged(town.beats(late).await?));
    let too_many = vec![playing(1, 0)?; MOST_TOGETHER + 1];
    assert!(matches!(
        recorder.record_all(late, account(2), too_many, at(1_000)).await,
        Err(Error::TooManyBeats { .. })
    ));
    Ok(())
}

#[tokio::test]
async fn an_unreadable_session_does_not_sink_its_neighbours() -> Outcome {
    let town = Town::with_people(2).await?;
    let recorder = Recorder::start(town.db.clone());
    let broken = town.solo(1, LESSON, at(0)).await?.playback;
    let whole = town.solo(2, LESSON, at(0)).await?.playback.id;
    let mut spoilt = broken.clone().into_active_model();
    spoilt.seen = Set("[[".to_owned());
    spoilt.update(&town.db).await?;
    let (bad, worse, good) = tokio::join!(
        recorder.record(broken.id, account(1), playing(1, 15_000)?, at(15)),
        recorder.record(broken.id, account(1), playing(2, 15_000)?, at(15)),
        recorder.record(whole, account(2), playing(1, 15_000)?, at(15)),
    );
    assert!(matches!((bad, worse), (Err(Error::Unreadable { .. }), Err(Error::Unreadable { .. }))));
    assert_eq!(good?.totals.credited_ms, 15_000);
    Ok(())
}

#[tokio::test]
async fn a_beat_the_database_refuses_does_not_sink_its_neighbours() -> Outcome {
    let town = Town::with_people(2).await?;
    let recorder = Recorder::start(town.db.clone());
    let (refused, whole) =
        (town.solo(1, LESSON, at(0)).await?.playback.id, town.solo(2, LESSON, at(0)).await?.playback.id);
    let refusal = refusing_beats_of(refused, town.db.get_database_backend());
    town.db.execute_unprepared(&refusal).await?;
    let (bad, good) = tokio::join!(
        recorder.record(refused, account(1), playing(1, 15_000)?, at(15)),
        recorder.record(whole, account(2), playing(1, 15_000)?, at(15)),
    );
    assert!(matches!(bad, Err(Error::Database(_))));
    assert_eq!(good?.totals.credited_ms, 15_000);
    assert_eq!(town.row(refused).await?.last_seq, 0);
    Ok(())
}

/// Makes the database fail whenever a beat of this session is inserted.
fn refusing_beats_of(id: PlaybackId, backend: DbBackend) -> String {
    if backend == DbBackend::Postgres {
        return format!("ALTER TABLE beat ADD CHECK (playback_id <> {id})");
    }
    let refuse = "BEGIN SELECT RAISE(ABORT, 'no'); END";
    format!("CREATE TRIGGER refuse BEFORE INSERT ON beat WHEN NEW.playback_id = {id} {refuse}")
}

#[tokio::test]
async fn too_many_waiting_beats_are_refused_and_the_others_are_kept() -> Outcome {
    let town = Town::with_people(1).await?;
    let recorder = Recorder::start(town.db.clone());
    let id = town.solo(1, LESSON, at(0)).await?.playback.id;
    // Nothing is polled in between, so the writer cannot empty the queue before it overflows.
    let beats: Vec<Beat> = (1..=5000).map(|seq| playing(seq, seq)).collect::<Result<_>>()?;
    let answers =
        join_all(beats.iter().map(|beat| recorder.record(id, account(1), *beat, at(0).plus_ms(beat.seq())))).await;
    let busy = answers.iter().filter(|answer| matches!(answer, Err(Error::Busy))).count();
    assert_eq!(busy, 5000 - MOST_WAITING);
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), MOST_WAITING);
    assert_eq!(town.beats(id).await?.len(), MOST_WAITING);
    Ok(())
}

#[tokio::test]
async fn two_recorders_on_one_database_agree() -> Outcome {
    let town = Town::with_people(1).await?;
    let (one, two) = (Recorder::start(town.db.clone()), Recorder::start(town.reopened().await?));
    let room = town.group(&[1], at(0)).await?.playback;
    assert_eq!(room.mode, PlaybackMode::Group);
    for seq in 1..=20 {
        let recorder = if seq % 2 == 0 { &one } else { &two };
        let now = at(seq * 15);
        let progress = recorder.record(room.id, OPERATOR, playing(seq, seq * 15_000)?, now).await?;
        assert_eq!(progress.totals.credited_ms, seq * 15_000);
    }
    let racing = (21..=40).map(|seq| async move { playing(seq, seq * 15_000) });
    let beats: Vec<Beat> = join_all(racing).await.into_iter().collect::<Result<_>>()?;
    let both = beats.iter().flat_map(|beat| [(&one, beat), (&two, beat)]);
    let answers =
        join_all(both.map(|(writer, beat)| writer.record(room.id, OPERATOR, *beat, at(beat.seq() * 15)))).await;
    assert!(answers.iter().all(Result::is_ok));
    let row = town.row(room.id).await?;
    assert_eq!(recompute(&town.beats(room.id).await?), Totals::of(&row)?);
    Ok(())
}

#[tokio::test]
async fn the_writer_stops_with_its_last_handle() -> Outcome {
    let town = Town::with_people(1).await?;
    let (queue, waiting) = mpsc::channel(1);
    let writer = tokio::spawn(run(town.db.clone(), waiting));
    drop(Recorder { queue });
    tokio::time::timeout(Duration::from_secs(5), writer).await??;
    Ok(())
}
