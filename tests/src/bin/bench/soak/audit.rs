//! After the day: every acknowledged beat is there, and every person's hours in the ledger are what the raw spans amount
//! to, counted here the plain way: a mark for each millisecond of each lesson.

use entity::{Day, LessonId, PersonId, PlaybackId, PlaybackMode, beat, ledger_entry, playback, presence};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use tests::city::City;

/// Wait until every closed session stands in the ledger.
pub async fn posted(city: &City) {
    for _ in 0..240 {
        let waiting = playback::Entity::find()
            .filter(playback::Column::ClosedAt.is_not_null())
            .filter(playback::Column::PostedAt.is_null())
            .count(&city.db.read);
        if waiting.await.unwrap() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    println!("  closed sessions still wait to be posted");
}

/// How many acknowledged beats are not in the database.
pub async fn lost(city: &City, acknowledged: &[(i64, i64)]) -> i64 {
    let rows: Vec<(PlaybackId, i64, i64)> = beat::Entity::find()
        .select_only()
        .column(beat::Column::PlaybackId)
        .column_as(beat::Column::Seq.count(), "beats")
        .column_as(beat::Column::Seq.max(), "last")
        .group_by(beat::Column::PlaybackId)
        .into_tuple()
        .all(&city.db.read)
        .await
        .unwrap();
    let stored: HashMap<i64, (i64, i64)> = rows.into_iter().map(|(id, beats, last)| (id.0, (beats, last))).collect();
    // Beats are numbered from 1 without gaps, so as many as the highest number means that none is missing.
    let missing = acknowledged.iter().map(|(id, last)| {
        let (beats, highest) = stored.get(id).copied().unwrap_or_default();
        (last - beats).max(last - highest).max(0)
    });
    missing.sum()
}

/// What came of comparing the ledger with the spans.
pub struct Sums {
    /// People with entries.
    pub people: usize,
    /// Their credited hours.
    pub hours: f64,
    /// People whose sum in the ledger is another than that of the spans.
    pub differ: usize,
    /// Entries whose credit and reasons are not what was claimed.
    pub unbalanced: usize,
}

/// Compare every person's sum in the ledger with the marks of their spans.
pub async fn sums(city: &City) -> Sums {
    let mut ledger: BTreeMap<PersonId, Vec<ledger_entry::Model>> = BTreeMap::new();
    let entries =
        ledger_entry::Entity::find().order_by_asc(ledger_entry::Column::Seq).all(&city.db.read).await.unwrap();
    for entry in entries {
        ledger.entry(entry.person_id).or_default().push(entry);
    }
    let mut sums = Sums { people: ledger.len(), hours: 0.0, differ: 0, unbalanced: 0 };
    for (person, entries) in &ledger {
        let mut marks: HashMap<(LessonId, Day), Vec<bool>> = HashMap::new();
        // What is too short for the rule was watched all the same; marks know nothing of the rule.
        let mut differs = false;
        for entry in entries {
            let reasons: BTreeMap<String, i64> = serde_json::from_str(&entry.reasons).unwrap();
            let stands = entry.credited_ms + reasons.get("TOO_SHORT").copied().unwrap_or(0);
            sums.hours += entry.credited_ms as f64 / 3_600_000.0;
            sums.unbalanced += usize::from(entry.credited_ms + reasons.values().sum::<i64>() != entry.claimed_ms);
            let (Some(id), Some(lesson)) = (entry.playback_id, entry.lesson_id) else { continue };
            let marks = marks.entry((lesson, entry.day)).or_insert_with(|| vec![false; 3_600_001]);
            let plain = counted(city, id, *person, marks).await;
            if stands != plain {
                differs = true;
                if sums.differ < 3 {
                    println!(
                        "  person {person}, session {id}, lesson {lesson}: {} of {} ms in the ledger, {:?}; {plain} ms by the spans",
                        entry.credited_ms, entry.claimed_ms, reasons
                    );
                }
            }
        }
        sums.differ += usize::from(differs);
    }
    sums
}

/// Milliseconds of this session that the person had not had before, no more of each beat than its wall time.
async fn counted(city: &City, id: PlaybackId, person: PersonId, marks: &mut [bool]) -> i64 {
    let session = playback::Entity::find_by_id(id).one(&city.db.read).await.unwrap().unwrap();
    let stays: Vec<(i64, i64)> = match session.mode {
        PlaybackMode::Solo => vec![(i64::MIN, i64::MAX)],
        PlaybackMode::Group => {
            let stays = presence::Entity::find()
                .filter(presence::Column::PlaybackId.eq(id))
                .filter(presence::Column::PersonId.eq(person))
                .order_by_asc(presence::Column::ArrivedAt);
            let rows = stays.all(&city.db.read).await.unwrap();
            rows.iter().map(|stay| (stay.arrived_at.0, stay.left_at.map_or(i64::MAX, |left| left.0))).collect()
        }
    };
    let beats = beat::Entity::find().filter(beat::Column::PlaybackId.eq(id)).order_by_asc(beat::Column::Seq);
    let mut counted = 0;
    for beat in beats.all(&city.db.read).await.unwrap() {
        let (from, to) = (beat.wall_from.0, beat.wall_to.0);
        for (arrived, left) in &stays {
            let (a, b) = (from.max(*arrived), to.min(*left));
            if a >= b {
                continue;
            }
            let at =
                |wall: i64| beat.span_from_ms + (beat.span_to_ms - beat.span_from_ms) * (wall - from) / (to - from);
            let mut fresh = 0;
            for mark in &mut marks[at(a) as usize..at(b) as usize] {
                fresh += i64::from(!*mark);
                *mark = true;
            }
            counted += fresh.min(b - a);
        }
    }
    counted
}
