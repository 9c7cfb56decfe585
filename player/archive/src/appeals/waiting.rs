//! Entries of which something waits because a clock was wrong, and against which nobody has appealed.
//!
//! The person is told that somebody looks into it, so somebody is shown it. Such an entry is decided as an appeal is, and
//! kept as one: with the decision, in the same transaction, the decider makes the appeal on the person's behalf.

use super::{Case, Decision, Filter, Reach, case, decide_within, note, said};
use crate::page::{self, Page};
use crate::{Error, Result, ledger, merges, names};
use entity::{Moment, PersonId, Reason, Scope, Source, Verb, appeal, ledger_entry};
use sea_orm::sea_query::{Expr, ExprTrait, SelectStatement};
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait,
    DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};

/// What an appeal says that is made on the person's behalf.
pub const ON_BEHALF: &str = "播放设备的时钟不准，这段时间等候核实。本人没有申诉，由办理人代为提出。";

/// An entry in the list.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The entry.
    pub entry: ledger_entry::Model,
    /// How much of it waits.
    pub waiting_ms: i64,
    /// Whose it is.
    pub person: String,
    /// Its unit.
    pub unit: String,
}

/// A page of what waits, the longest waiting at the top; whether appeals are open is not looked at.
///
/// # Errors
/// [`Error::Unreadable`], and those of the database.
pub async fn page(db: &impl ConnectionTrait, filter: &Filter, page: u64, size: u64) -> Result<Page<Waiting>> {
    let found = ledger_entry::Entity::find().filter(waits()).filter(among(db, filter).await?);
    let Page { rows, page, total } = page::read(db, found.order_by_asc(ledger_entry::Column::Seq), page, size).await?;
    Ok(Page { rows: named(db, rows).await?, page, total })
}

/// How much waits.
///
/// # Errors
/// Only those of the database.
pub async fn count(db: &impl ConnectionTrait, filter: &Filter) -> Result<u64> {
    let found = ledger_entry::Entity::find().filter(waits()).filter(among(db, filter).await?);
    Ok(found.count(db).await?)
}

/// An entry of which something waits, or waited, because a clock was wrong.
///
/// # Errors
/// [`Error::NoSuchEntry`] when there is none, or none within reach.
pub async fn entry(db: &impl ConnectionTrait, reach: &Reach, seq: i64) -> Result<ledger_entry::Model> {
    let found = ledger_entry::Entity::find_by_id(seq).filter(of_a_clock()).filter(within(reach));
    found.one(db).await?.ok_or(Error::NoSuchEntry(seq))
}

/// The case of an entry that waits.
///
/// # Errors
/// [`Error::NoSuchEntry`] when there is none, or none within reach, or it waits no more.
pub async fn case_of(db: &impl ConnectionTrait, reach: &Reach, seq: i64) -> Result<Case> {
    let found = ledger_entry::Entity::find_by_id(seq).filter(waits()).filter(within(reach)).one(db).await?;
    case::of_entry(db, found.ok_or(Error::NoSuchEntry(seq))?, None).await
}

/// Decide an entry that waits; of two deciders at once, or where the person appeals meanwhile, the second is told.
///
/// # Errors
/// [`Error::NoReason`], [`Error::NotWaiting`], and those of [`super::decide`].
pub async fn decide(db: &DatabaseConnection, seq: i64, decision: &Decision<'_>, now: Moment) -> Result<appeal::Model> {
    let reason = said(decision.reason).ok_or(Error::NoReason)?;
    let txn = entity::writing::begin(db).await?;
    ledger::hold_head(&txn).await?; // whoever comes second waits here, and then finds that it waits no more
    let found = ledger_entry::Entity::find_by_id(seq).filter(waits()).one(&txn).await?;
    let entry = found.ok_or(Error::NotWaiting(seq))?;
    let row = appeal::ActiveModel {
        id: NotSet,
        person_id: Set(merges::kept(&txn, entry.person_id).await?),
        entry_seq: Set(seq),
        unit_id: Set(entry.unit_id),
        text: Set(ON_BEHALF.to_owned()),
        created_at: Set(now),
        decided_at: Set(None),
        decided_by: Set(None),
        granted: Set(None),
        decision: Set(None),
        correction_seq: Set(None),
    };
    let made = row.insert(&txn).await?;
    note(&txn, decision.by, Verb::AppealMake, &made, format!("代为对台账第 {seq} 号记录提出申诉"), now).await?;
    let decided = decide_within(&txn, made, (decision, reason), now).await?;
    txn.commit().await?;
    Ok(decided)
}

/// It is open: something waits, nobody appealed against it, and nobody gave time back by hand.
fn waits() -> Condition {
    Condition::all()
        .add(of_a_clock())
        .add(ledger_entry::Column::Source.ne(Source::Correction))
        .add(Expr::not_exists(appeals_against()))
        .add(Expr::cust(NOTHING_GIVEN))
}

/// Something of the entry waits, or waited, because a clock was wrong. The column holds what `ledger` writes, so the code
/// stands there in quotes. It is said in the words of the index of these few entries, or that would not be used.
pub(super) fn of_a_clock() -> Expr {
    Expr::cust(format!("ledger_entry.reasons LIKE '%\"{}\"%'", Reason::ClockUnresolved.as_str()))
}

fn appeals_against() -> SelectStatement {
    let this = (ledger_entry::Entity, ledger_entry::Column::Seq);
    appeal::Entity::find()
        .select_only()
        .column(appeal::Column::Id)
        .filter(Expr::col((appeal::Entity, appeal::Column::EntrySeq)).equals(this))
        .into_query()
}

/// Corrections by hand, and of merges, which take back and give back.
const NOTHING_GIVEN: &str = "(SELECT COALESCE(SUM(given.credited_ms), 0) FROM ledger_entry AS given \
     WHERE given.person_id = ledger_entry.person_id AND given.day = ledger_entry.day \
     AND given.corrects_seq = ledger_entry.seq AND given.author_id IS NOT NULL) <= 0";

fn within(reach: &Reach) -> Condition {
    let unit = (ledger_entry::Entity, ledger_entry::Column::UnitId);
    Condition::any().add(reach.all.reaches(unit)).add(reach.clock.reaches(unit))
}

/// What a filter leaves; of appeals it also says which are open.
async fn among(db: &impl ConnectionTrait, filter: &Filter) -> Result<Condition> {
    let unit = (ledger_entry::Entity, ledger_entry::Column::UnitId);
    let whose = match filter.person {
        Some(person) => Condition::all().add(ledger_entry::Column::PersonId.is_in(merges::all_of(db, person).await?)),
        None => within(&filter.reach),
    };
    let below = filter.below.clone().map(|path| Scope::of([path]).reaches(unit));
    Ok(Condition::all().add(whose).add_option(below))
}

async fn named(db: &impl ConnectionTrait, rows: Vec<ledger_entry::Model>) -> Result<Vec<Waiting>> {
    let people = names::of_people(db, rows.iter().map(|row| row.person_id).collect()).await?;
    let units = names::of_units(db, rows.iter().map(|row| row.unit_id).collect()).await?;
    let name = |who: PersonId| people.get(&who).map(|(name, _)| name.clone()).unwrap_or_default();
    let waiting = |entry: ledger_entry::Model| -> Result<Waiting> {
        Ok(Waiting {
            waiting_ms: ledger::reasons_of(&entry)?.get(&Reason::ClockUnresolved).copied().unwrap_or(0),
            person: name(entry.person_id),
            unit: units.get(&entry.unit_id).cloned().unwrap_or_default(),
            entry,
        })
    };
    rows.into_iter().map(waiting).collect()
}
