//! One person's training record of a civil year.
//!
//! Brings together what `view` sums, what `assess` finds and the entries themselves, newest first. Writes nothing.

use crate::assess::{self, Facts, Standing};
use crate::rules::RuleBook;
use crate::view::{self, Slice, Total, Whom};
use crate::watched::{self, Session, Sessions};
use crate::{CreditHours, Error, Result, ledger};
use chrono::Datelike;
use entity::{
    Day, LessonId, Moment, PersonId, PlaybackId, PostKind, Reason, Source, UnitId, ledger_entry, org_unit, person,
    playback, presence,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
};
use std::collections::{BTreeMap, HashMap};

/// A person's year.
#[derive(Clone, Debug)]
pub struct Record {
    /// Who.
    pub person_id: PersonId,
    /// Their roster number.
    pub code: String,
    /// Their name.
    pub name: String,
    /// The unit they belong to now.
    pub unit_id: UnitId,
    /// Its name.
    pub unit_name: String,
    /// Its path.
    pub unit_path: String,
    /// The posts they held in the year.
    pub posts: Vec<PostKind>,
    /// The civil year.
    pub year: i32,
    /// Everything in it.
    pub total: Total,
    /// By source, only those with entries.
    pub sources: Vec<(Source, Total)>,
    /// By month, January first.
    pub months: [Total; 12],
    /// Milliseconds that do not count, by reason.
    pub reasons: BTreeMap<Reason, i64>,
    /// What they call the rule in force; empty for a year before the first rule.
    pub rule_name: String,
    /// How they stand against each target that binds them.
    pub standings: Vec<Standing>,
    /// Milliseconds of sessions not posted yet, as they would count now.
    pub pending_ms: i64,
    /// The newest entries.
    pub entries: EntryPage,
}

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
}

/// Entries on one page.
const PAGE: u64 = 50;

/// The record of a person's year, with the newest page of entries.
///
/// Judged by the rule in force today, or on the last day of a year that is over: a new rule never touches it.
///
/// # Errors
/// [`Error::NoSuchPerson`], [`Error::BadPeriod`].
pub async fn of_person(db: &impl ConnectionTrait, id: PersonId, year: i32, today: Day) -> Result<Record> {
    let person = person::Entity::find_by_id(id).one(db).await?.ok_or(Error::NoSuchPerson(id))?;
    let unit = org_unit::Entity::find_by_id(person.unit_id).one(db).await?.ok_or(Error::NoSuchUnit(person.unit_id))?;
    let book = RuleBook::load(db).await?;
    let slice = Slice::of_year(db, Whom::One(id), year).await?;
    let rules = book.in_force(&unit.path, today.clamp(slice.from, slice.to)).ok().map(|(_, rules)| rules);
    let sums = view::sums(db, &book, &slice).await?.remove(&id).unwrap_or_default();
    let posts = view::posts(db, &slice).await?.remove(&id).unwrap_or_default();
    let classes = view::classes(db, &slice).await?.remove(&id).unwrap_or_default();
    let total = sums.all();
    Ok(Record {
        person_id: id,
        code: person.code,
        name: person.name,
        unit_id: unit.id,
        unit_name: unit.name,
        rule_name: rules.as_ref().map_or_else(String::new, |rules| rules.name.clone()),
        standings: assess::standings(rules.as_deref(), &posts, &Facts { credit: total.credit, classes }),
        posts: posts.into_iter().collect(),
        year,
        total,
        sources: sums.by_source.into_iter().collect(),
        months: view::months(db, &book, &slice).await?,
        reasons: reasons(db, &slice).await?,
        pending_ms: pending(db, &book, id, &unit.path, year).await?,
        entries: page_of(db, &book, &slice, 1).await?,
        unit_path: unit.path,
    })
}

/// One page of the entries of a person's year, newest first; pages count from 1, and one past the end is empty.
///
/// # Errors
/// [`Error::BadPeriod`] when the year is not one.
pub async fn entries(db: &impl ConnectionTrait, id: PersonId, year: i32, page: u64) -> Result<EntryPage> {
    let book = RuleBook::load(db).await?;
    let slice = Slice::of_year(db, Whom::One(id), year).await?;
    page_of(db, &book, &slice, page).await
}

async fn page_of(db: &impl ConnectionTrait, book: &RuleBook, slice: &Slice, page: u64) -> Result<EntryPage> {
    let query = ledger_entry::Entity::find()
        .filter(slice.entries())
        .order_by_desc(ledger_entry::Column::Day)
        .order_by_desc(ledger_entry::Column::Seq);
    let total = query.clone().count(db).await?;
    let page = page.clamp(1, 1_000_000);
    let rows = query.offset((page - 1) * PAGE).limit(PAGE).all(db).await?;
    let times = session_times(db, &rows).await?;
    let rows = rows.into_iter().map(|row| entry_row(row, book, &times)).collect::<Result<_>>()?;
    Ok(EntryPage { page, pages: total.div_ceil(PAGE).max(1), total, rows })
}

/// When a session began and ended.
pub(crate) type Times = HashMap<PlaybackId, (Moment, Option<Moment>)>;

/// When the sessions of these entries began and ended.
pub(crate) async fn session_times(db: &impl ConnectionTrait, entries: &[ledger_entry::Model]) -> Result<Times> {
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

fn entry_row(entry: ledger_entry::Model, book: &RuleBook, times: &Times) -> Result<EntryRow> {
    let reasons = ledger::reasons_of(&entry)?;
    let (began_at, ended_at) = match entry.playback_id.and_then(|id| times.get(&id)) {
        Some((began, ended)) => (Some(*began), *ended),
        None => (None, None),
    };
    Ok(EntryRow {
        seq: entry.seq,
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
    })
}

async fn reasons(db: &impl ConnectionTrait, slice: &Slice) -> Result<BTreeMap<Reason, i64>> {
    let rows: Vec<(i64, String)> = ledger_entry::Entity::find()
        .select_only()
        .columns([ledger_entry::Column::Seq, ledger_entry::Column::Reasons])
        .filter(slice.entries())
        .filter(ledger_entry::Column::Reasons.ne("{}"))
        .into_tuple()
        .all(db)
        .await?;
    let mut all = BTreeMap::new();
    for (seq, json) in rows {
        let parts: BTreeMap<Reason, i64> = serde_json::from_str(&json).map_err(|_| Error::Unreadable(seq))?;
        parts.into_iter().for_each(|(reason, ms)| *all.entry(reason).or_default() += ms);
    }
    Ok(all)
}

/// What the person's sessions that are not posted yet would add if they ended now, each judged by itself.
async fn pending(db: &impl ConnectionTrait, book: &RuleBook, id: PersonId, path: &str, year: i32) -> Result<i64> {
    let stays = presence::Entity::find().select_only().column(presence::Column::PlaybackId);
    let in_room = stays.filter(presence::Column::PersonId.eq(id)).into_query();
    let open = playback::Entity::find()
        .filter(playback::Column::PostedAt.is_null())
        .filter(Condition::any().add(playback::Column::PersonId.eq(id)).add(playback::Column::Id.in_subquery(in_room)))
        .limit(20)
        .all(db)
        .await?;
    let mut known = Sessions::default();
    let mut sum_ms = 0;
    for session in Session::load(db, &open).await? {
        let earlier = watched::earlier(db, &[id].into(), &session.days()).await?;
        for day in session.days_of(id).into_iter().filter(|day| day.year() == year) {
            let (_, rules) = book.in_force(path, day)?;
            let posted = earlier.get(&(id, day)).map_or(&[][..], Vec::as_slice);
            sum_ms += session.worth(db, &mut known, (id, day), posted, &rules).await?.credited_ms;
        }
    }
    Ok(sum_ms)
}

#[cfg(test)]
mod tests;
