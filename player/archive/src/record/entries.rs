//! The entries of a person's year, ready to read, newest first.

use crate::page::{self, Page};
use crate::rules::RuleBook;
use crate::view::{self, Slice, Whom};
use crate::{CreditHours, Error, Result, flags, ledger};
use entity::{Day, LessonId, Moment, PersonId, PlaybackId, Reason, Source, ledger_entry, playback};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::{BTreeMap, HashMap, HashSet};

/// A page of entries, newest first.
#[derive(Clone, Debug, Default)]
pub struct EntryPage {
    /// This page, from 1.
    pub page: u64,
    /// How many pages there are; at least 1.
    pub pages: u64,
    /// How many entries the year has.
    pub total: u64,
    /// The entries.
    pub rows: Vec<EntryRow>,
}

/// One entry, ready to read.
#[derive(Clone, Debug)]
pub struct EntryRow {
    /// Its number in the ledger.
    pub seq: i64,
    /// Whose it is.
    pub person_id: PersonId,
    /// The civil day it counts for.
    pub day: Day,
    /// Where it comes from.
    pub source: Source,
    /// The lesson, if one was watched.
    pub lesson_id: Option<LessonId>,
    /// The title of lesson or class; of a correction the reason given.
    pub title: String,
    /// When the session began, if it was one.
    pub began_at: Option<Moment>,
    /// When it ended.
    pub ended_at: Option<Moment>,
    /// The entry it corrects.
    pub corrects_seq: Option<i64>,
    /// Milliseconds claimed.
    pub claimed_ms: i64,
    /// Milliseconds that count.
    pub credited_ms: i64,
    /// The same in credit hours, by the rule that judged it.
    pub credit: CreditHours,
    /// Why the rest does not count.
    pub reasons: BTreeMap<Reason, i64>,
    /// When it was added.
    pub posted_at: Moment,
    /// The most minutes that one day may count, by the rule that judged it.
    pub daily_cap_minutes: i64,
    /// The least minutes of one lesson on one day, by the rule that judged it.
    pub minimum_watch_minutes: i64,
    /// It brought time although its bytes were neither served nor declared cached.
    pub unserved: bool,
}

/// Entries on one page.
const PAGE: u64 = 50;

/// One page of the entries of a person's year, newest first; pages count from 1, and one past the end is empty.
///
/// # Errors
/// [`Error::BadPeriod`] when the year is not one.
pub async fn entries(db: &impl ConnectionTrait, id: PersonId, year: i32, page: u64) -> Result<EntryPage> {
    let book = RuleBook::load(db).await?;
    let slice = Slice::of_year(db, Whom::One(id), year).await?;
    page_of(db, &book, &slice, page).await
}

/// One entry and the corrections of it, in the order they were added.
///
/// # Errors
/// [`Error::NoSuchEntry`].
pub async fn entry(db: &impl ConnectionTrait, seq: i64) -> Result<(EntryRow, Vec<EntryRow>)> {
    let found = ledger_entry::Entity::find_by_id(seq).one(db).await?.ok_or(Error::NoSuchEntry(seq))?;
    let corrections = ledger_entry::Entity::find()
        .filter(ledger_entry::Column::PersonId.eq(found.person_id))
        .filter(ledger_entry::Column::Day.eq(found.day))
        .filter(ledger_entry::Column::CorrectsSeq.eq(seq))
        .order_by_asc(ledger_entry::Column::Seq)
        .all(db)
        .await?;
    let book = RuleBook::load(db).await?;
    let mut rows = rows(db, &book, std::iter::once(found).chain(corrections).collect()).await?.into_iter();
    let first = rows.next().ok_or(Error::NoSuchEntry(seq))?;
    Ok((first, rows.collect()))
}

pub(super) async fn page_of(db: &impl ConnectionTrait, book: &RuleBook, slice: &Slice, page: u64) -> Result<EntryPage> {
    let query = ledger_entry::Entity::find()
        .filter(slice.entries())
        .order_by_desc(ledger_entry::Column::Day)
        .order_by_desc(ledger_entry::Column::Seq);
    let Page { rows: found, page, total } = page::read(db, query, page, PAGE).await?;
    Ok(EntryPage { page, pages: total.div_ceil(PAGE).max(1), total, rows: rows(db, book, found).await? })
}

/// Entries as people read them.
pub(crate) async fn rows(
    db: &impl ConnectionTrait,
    book: &RuleBook,
    entries: Vec<ledger_entry::Model>,
) -> Result<Vec<EntryRow>> {
    let times = session_times(db, &entries).await?;
    let unserved = flags::unserved(db, entries.iter().filter_map(|entry| entry.playback_id)).await?;
    entries.into_iter().map(|entry| entry_row(entry, book, &times, &unserved)).collect()
}

/// When a session began and ended.
type Times = HashMap<PlaybackId, (Moment, Option<Moment>)>;

/// When the sessions of these entries began and ended.
async fn session_times(db: &impl ConnectionTrait, entries: &[ledger_entry::Model]) -> Result<Times> {
    let ids: Vec<_> = entries.iter().filter_map(|entry| entry.playback_id).collect();
    let mut times = Times::with_capacity(ids.len());
    for chunk in ids.chunks(500) {
        let rows: Vec<(PlaybackId, Moment, Option<Moment>)> = playback::Entity::find()
            .select_only()
            .columns([playback::Column::Id, playback::Column::StartedAt, playback::Column::ClosedAt])
            .filter(playback::Column::Id.is_in(chunk.iter().copied()))
            .into_tuple()
            .all(db)
            .await?;
        times.extend(rows.into_iter().map(|(id, began, ended)| (id, (began, ended))));
    }
    Ok(times)
}

fn entry_row(
    entry: ledger_entry::Model,
    book: &RuleBook,
    times: &Times,
    unserved: &HashSet<PlaybackId>,
) -> Result<EntryRow> {
    let reasons = ledger::reasons_of(&entry)?;
    let (began_at, ended_at) = match entry.playback_id.and_then(|id| times.get(&id)) {
        Some((began, ended)) => (Some(*began), *ended),
        None => (None, None),
    };
    let rules = book.by_id(entry.rule_id);
    Ok(EntryRow {
        seq: entry.seq,
        person_id: entry.person_id,
        day: entry.day,
        source: entry.source,
        lesson_id: entry.lesson_id,
        title: entry.note,
        began_at,
        ended_at,
        corrects_seq: entry.corrects_seq,
        claimed_ms: entry.claimed_ms,
        credited_ms: entry.credited_ms,
        credit: view::credit_of(book, entry.rule_id, entry.credited_ms),
        reasons,
        posted_at: entry.posted_at,
        daily_cap_minutes: rules.map_or(0, |rules| rules.daily_cap_minutes),
        minimum_watch_minutes: rules.map_or(0, |rules| rules.minimum_watch_minutes),
        unserved: entry.credited_ms > 0 && entry.playback_id.is_some_and(|id| unserved.contains(&id)),
    })
}
