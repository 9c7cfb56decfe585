//! The part of a record that is still open: sessions that run, or have ended and wait to be posted.

use crate::Result;
use crate::quiz::Quiz;
use crate::rules::RuleBook;
use crate::watched::{self, Session, Sessions};
use chrono::Datelike;
use entity::{LessonId, Moment, PersonId, PlaybackId, PlaybackMode, Reason, lesson, playback, presence};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use std::collections::{BTreeMap, HashMap};

/// A session that is not in the ledger yet, as it would count if it ended now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The session.
    pub playback_id: PlaybackId,
    /// The lesson's title.
    pub title: String,
    /// Alone or in a room.
    pub mode: PlaybackMode,
    /// When it began.
    pub began_at: Moment,
    /// Whether it still runs.
    pub open: bool,
    /// Milliseconds claimed.
    pub claimed_ms: i64,
    /// Milliseconds that would count.
    pub credited_ms: i64,
    /// Why the rest would not.
    pub reasons: BTreeMap<Reason, i64>,
}

/// Sessions looked at: a person has one stream at a time, so more than a few have been forgotten by everybody.
const MOST: u64 = 20;

/// The person's sessions that are not posted yet, the newest first, each judged by itself.
pub(super) async fn of(
    db: &impl ConnectionTrait,
    book: &RuleBook,
    (id, path): (PersonId, &str),
    year: i32,
) -> Result<Vec<Pending>> {
    let stays = presence::Entity::find().select_only().column(presence::Column::PlaybackId);
    let in_room = stays.filter(presence::Column::PersonId.eq(id)).into_query();
    let open = playback::Entity::find()
        .filter(playback::Column::PostedAt.is_null())
        .filter(Condition::any().add(playback::Column::PersonId.eq(id)).add(playback::Column::Id.in_subquery(in_room)))
        .order_by_desc(playback::Column::Id)
        .limit(MOST)
        .all(db)
        .await?;
    let titles = titles(db, &open).await?;
    let mut known = Sessions::default();
    let mut found = Vec::with_capacity(open.len());
    for (session, row) in Session::load(db, &open).await?.into_iter().zip(&open) {
        let earlier = watched::earlier(db, book, &[id].into(), &session.days(), &[row.lesson_id].into()).await?;
        let mut pending = empty(row, &titles);
        let withheld = Quiz::of(db, row).await?.withheld;
        for day in session.days_of(id).into_iter().filter(|day| day.year() == year) {
            let (_, rules) = book.in_force(path, day)?;
            let posted = earlier.of((id, day), row.lesson_id, &rules);
            let worth = session.worth(db, &mut known, (id, day), &posted, &rules, withheld).await?;
            pending.claimed_ms += worth.claimed_ms;
            pending.credited_ms += worth.credited_ms;
            worth.reasons.into_iter().for_each(|(reason, ms)| *pending.reasons.entry(reason).or_default() += ms);
        }
        if pending.claimed_ms > 0 || pending.open && row.day.year() == year {
            found.push(pending);
        }
    }
    Ok(found)
}

fn empty(row: &playback::Model, titles: &HashMap<LessonId, String>) -> Pending {
    Pending {
        playback_id: row.id,
        title: titles.get(&row.lesson_id).cloned().unwrap_or_default(),
        mode: row.mode,
        began_at: row.started_at,
        open: row.closed_at.is_none(),
        claimed_ms: 0,
        credited_ms: 0,
        reasons: BTreeMap::new(),
    }
}

async fn titles(db: &impl ConnectionTrait, open: &[playback::Model]) -> Result<HashMap<LessonId, String>> {
    let rows: Vec<(LessonId, String)> = lesson::Entity::find()
        .select_only()
        .columns([lesson::Column::Id, lesson::Column::Title])
        .filter(lesson::Column::Id.is_in(open.iter().map(|row| row.lesson_id)))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().collect())
}
