//! Proof that the ledger is what was posted: the chain holds, the hours are what beats, presence and the rolls of classes
//! say, and who is one with whom is what was written down.
//!
//! Walks the whole ledger in pages and reports every fault by the entry it found it at. Changes nothing.

use crate::chain::{self, GENESIS};
use crate::judge::Worth;
use crate::quiz::{self, Quizzes};
use crate::rules::{RuleBook, Rules};
use crate::watched::{self, Sessions};
use crate::{Error, Result, ledger, unreadable};
use entity::{MergeId, PlaybackId, ledger_entry, ledger_head, person_merge};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::BTreeSet;

mod attended;
mod findings;
mod merged;

pub use findings::{Fault, Findings};

const PAGE: u64 = 1000;

/// Walk the whole ledger. `progress` hears how many entries are done, and of how many. The entries posted while it
/// walks are left for the next walk.
///
/// # Errors
/// Only when the database or a stored rule cannot be read; faults are findings.
pub async fn ledger(db: &impl ConnectionTrait, progress: &impl Fn(u64, u64)) -> Result<Findings> {
    match walk(db, progress).await {
        Err(cause @ Error::Database(_)) => what_cannot_be_read(db).await?.ok_or(cause),
        outcome => outcome,
    }
}

/// The rows that stop a walk; nothing when it is not they.
async fn what_cannot_be_read(db: &impl ConnectionTrait) -> Result<Option<Findings>> {
    let mut findings = Findings::default();
    if head(db).await.is_err() {
        findings.add(Fault::WrongEnd { head_seq: 0, last_seq: newest(db).await? });
    }
    for seq in unreadable::rows::<ledger_entry::Entity>(db, ledger_entry::Column::Seq).await? {
        findings.add(Fault::Unreadable { seq });
    }
    for id in unreadable::rows::<person_merge::Entity>(db, person_merge::Column::Id).await? {
        findings.add(Fault::MergeAltered { merge: MergeId(id) });
    }
    Ok((!findings.is_sound()).then_some(findings))
}

async fn walk(db: &impl ConnectionTrait, progress: &impl Fn(u64, u64)) -> Result<Findings> {
    let head = head(db).await?;
    let of = u64::try_from(head.seq).unwrap_or(0);
    let book = RuleBook::load(db).await?;
    let mut findings = Findings::default();
    let mut sessions = Sessions::default();
    let (mut last_seq, mut last_hash) = (0, GENESIS.to_owned());
    loop {
        let page = page_after(db, findings.entries == 0, last_seq, head.seq).await?;
        if page.is_empty() {
            break;
        }
        for entry in &page {
            check_link(entry, last_seq, &last_hash, &mut findings);
            last_seq = entry.seq;
            last_hash.clone_from(&entry.hash);
        }
        recompute(db, &page, &book, &mut sessions, &mut findings).await?;
        attended::recompute(db, &page, &book, &mut findings).await?;
        findings.entries += u64::try_from(page.len()).unwrap_or(0);
        progress(findings.entries, of);
    }
    check_end(db, &head, last_seq, &last_hash, &mut findings).await?;
    merged::check(db, &mut findings).await?;
    Ok(findings)
}

async fn head(db: &impl ConnectionTrait) -> Result<ledger_head::Model> {
    let head = ledger_head::Entity::find_by_id(1).one(db).await?;
    Ok(head.unwrap_or_else(|| ledger_head::Model { id: 1, seq: 0, hash: GENESIS.to_owned() }))
}

/// The first page also takes entries numbered below 1, which `append` never makes.
async fn page_after(db: &impl ConnectionTrait, first: bool, seq: i64, end: i64) -> Result<Vec<ledger_entry::Model>> {
    let after = if first { i64::MIN } else { seq };
    let rows = ledger_entry::Entity::find()
        .filter(ledger_entry::Column::Seq.gt(after))
        .filter(ledger_entry::Column::Seq.lte(end))
        .order_by_asc(ledger_entry::Column::Seq)
        .limit(PAGE)
        .all(db)
        .await?;
    Ok(rows)
}

fn check_link(entry: &ledger_entry::Model, last_seq: i64, last_hash: &str, findings: &mut Findings) {
    let seq = entry.seq;
    if seq > last_seq.saturating_add(1) {
        findings.add(Fault::Missing { first: last_seq.saturating_add(1), last: seq.saturating_sub(1) });
    } else if seq <= last_seq || entry.prev_hash != last_hash {
        findings.add(Fault::Unlinked { seq });
    }
    if chain::link(&entry.prev_hash, entry) != entry.hash {
        findings.add(Fault::Altered { seq });
    }
    let reasons_ms = ledger::reasons_of(entry)
        .ok()
        .and_then(|reasons| reasons.values().try_fold(0_i64, |sum, ms| sum.checked_add(*ms)));
    if reasons_ms.and_then(|ms| entry.credited_ms.checked_add(ms)) != Some(entry.claimed_ms) {
        findings.add(Fault::NotConserved { seq });
    }
}

async fn recompute(
    db: &impl ConnectionTrait,
    page: &[ledger_entry::Model],
    book: &RuleBook,
    sessions: &mut Sessions,
    findings: &mut Findings,
) -> Result<()> {
    let watched: Vec<_> =
        page.iter().filter(|entry| entry.playback_id.is_some() || quiz::gives(entry)).cloned().collect();
    let people: BTreeSet<_> = watched.iter().map(|entry| entry.person_id).collect();
    let days: BTreeSet<_> = watched.iter().map(|entry| entry.day).collect();
    let lessons: BTreeSet<_> = watched.iter().filter_map(|entry| entry.lesson_id).collect();
    let earlier = watched::earlier(db, book, &people, &days, &lessons).await?;
    let quizzes = Quizzes::load(db, &watched).await?;
    let ids: BTreeSet<_> = watched.iter().filter_map(|entry| entry.playback_id).collect();
    sessions.prepare(db, &ids.into_iter().collect::<Vec<_>>()).await?;
    for entry in &watched {
        let worth = match (book.by_id(entry.rule_id), entry.playback_id) {
            (None, _) => None,
            (Some(rules), Some(id)) => {
                let before = earlier.before(entry, rules);
                watched_worth(db, sessions, (entry, id), &before, rules, quizzes.withheld(entry)).await
            }
            (Some(rules), None) => {
                let before = earlier.before(entry, rules);
                given_worth(db, sessions, entry, &before, rules, quizzes.passed(entry)).await
            }
        };
        let fits = worth.as_ref().is_some_and(|worth| {
            worth.claimed_ms == entry.claimed_ms
                && worth.credited_ms == entry.credited_ms
                && ledger::reasons_of(entry).is_ok_and(|reasons| reasons == worth.reasons)
        });
        if !fits {
            let worth_ms = worth.map_or(0, |worth| worth.credited_ms);
            findings.add(Fault::NotAsWatched { seq: entry.seq, credited_ms: entry.credited_ms, worth_ms });
        }
        findings.recomputed += 1;
    }
    Ok(())
}

/// What the beats and stays of its session say an entry is worth.
async fn watched_worth(
    db: &impl ConnectionTrait,
    sessions: &mut Sessions,
    (entry, id): (&ledger_entry::Model, PlaybackId),
    before: &[&ledger_entry::Model],
    rules: &Rules,
    withheld: bool,
) -> Option<Worth> {
    let session = sessions.get(db, id).await.ok()??;
    session.worth(db, sessions, (entry.person_id, entry.day), before, rules, withheld).await.ok()
}

/// What an entry may give that says a quiz was passed: nothing without a pass, nor twice for the same entry.
async fn given_worth(
    db: &impl ConnectionTrait,
    sessions: &mut Sessions,
    entry: &ledger_entry::Model,
    before: &[&ledger_entry::Model],
    rules: &Rules,
    passed: bool,
) -> Option<Worth> {
    let waited = before.iter().find(|other| Some(other.seq) == entry.corrects_seq).filter(|_| passed)?;
    if before.iter().any(|other| other.corrects_seq == entry.corrects_seq && quiz::gives(other)) {
        return None;
    }
    let given = quiz::giving(db, sessions, rules, waited, before).await.ok()??;
    Some(Worth { claimed_ms: given.claimed_ms, credited_ms: given.credited_ms, reasons: given.reasons })
}

/// The head read first must name the last entry walked; nothing may stand behind the head as it is now.
async fn check_end(
    db: &impl ConnectionTrait,
    head_then: &ledger_head::Model,
    last_seq: i64,
    last_hash: &str,
    findings: &mut Findings,
) -> Result<()> {
    if head_then.seq != last_seq || head_then.hash != last_hash {
        findings.add(Fault::WrongEnd { head_seq: head_then.seq, last_seq });
    }
    let newest = newest(db).await?;
    let head_now = head(db).await?.seq; // read after the newest entry: an honest one is never behind it
    if newest > head_now || ledger_head::Entity::find().count(db).await? > 1 {
        findings.add(Fault::WrongEnd { head_seq: head_now, last_seq: newest });
    }
    Ok(())
}

/// The greatest number there is; 0 without entries.
async fn newest(db: &impl ConnectionTrait) -> Result<i64> {
    let seqs = ledger_entry::Entity::find().select_only().column(ledger_entry::Column::Seq);
    let seqs = seqs.filter(ledger_entry::Column::Seq.lte(i64::MAX)); // on SQLite a number may be a word, which is more
    let newest: Option<i64> = seqs.order_by_desc(ledger_entry::Column::Seq).limit(1).into_tuple().one(db).await?;
    Ok(newest.unwrap_or(0))
}

#[cfg(test)]
mod tests;
