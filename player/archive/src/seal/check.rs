//! Proof that what was sealed is what stands there: the chain holds, every seal's row says what its closing line says,
//! every sealed record is what the ledger still comes to, and the rules that judged are what they were. Changes nothing.

use super::findings::{SealFault, SealFindings};
use super::snapshot::{self, Roll, Snapshot};
use super::{amend, line, slice_of};
use crate::rules::RuleBook;
use crate::view::{self, Whom};
use crate::{Error, GENESIS, Result, rules, unreadable};
use entity::{LineKind, PersonId, RuleId, SealId, SealState, ledger_entry, rule, seal, seal_head, seal_line};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::{BTreeMap, BTreeSet, HashMap};

const PAGE: u64 = 200;

/// What the closing lines and amendments said, for the checks after the walk.
#[derive(Default)]
struct Said {
    rolls: HashMap<SealId, (Roll, String)>,
    amended: BTreeSet<i64>,
}

/// Walk all seals. `progress` hears how many lines are done, and of how many.
///
/// # Errors
/// Only when the database cannot be read; faults are findings.
pub async fn check(db: &impl ConnectionTrait, progress: &impl Fn(u64, u64)) -> Result<SealFindings> {
    match walk(db, progress).await {
        Err(cause @ (Error::Database(_) | Error::BrokenRules { .. })) => what_cannot_be_read(db).await?.ok_or(cause),
        outcome => outcome,
    }
}

/// The rows that stop a walk; nothing when it is not they.
async fn what_cannot_be_read(db: &impl ConnectionTrait) -> Result<Option<SealFindings>> {
    let mut findings = SealFindings::default();
    if seal_head::Entity::find_by_id(1).one(db).await.is_err() {
        findings.add(SealFault::WrongEnd { head_seq: 0, last_seq: 0 });
    }
    for seq in unreadable::rows::<seal_line::Entity>(db, seal_line::Column::Seq).await? {
        findings.add(SealFault::Unreadable { seq });
    }
    for id in unreadable::rows::<seal::Entity>(db, seal::Column::Id).await? {
        findings.add(SealFault::SealAltered { seal: SealId(id) });
    }
    for id in unreadable::rows::<rule::Entity>(db, rule::Column::Id).await? {
        findings.add(SealFault::RuleAltered { rule: RuleId(id) });
    }
    if findings.is_sound() {
        let stored = rule::Entity::find().all(db).await?;
        let broken = stored.iter().filter(|row| rules::Rules::parse(&row.body).is_err());
        broken.for_each(|row| findings.add(SealFault::RuleAltered { rule: row.id }));
    }
    Ok((!findings.is_sound()).then_some(findings))
}

async fn walk(db: &impl ConnectionTrait, progress: &impl Fn(u64, u64)) -> Result<SealFindings> {
    let head = seal_head::Entity::find_by_id(1).one(db).await?;
    let head = head.unwrap_or_else(|| seal_head::Model { id: 1, seq: 0, hash: GENESIS.to_owned() });
    let seals: BTreeMap<SealId, seal::Model> =
        seal::Entity::find().all(db).await?.into_iter().map(|seal| (seal.id, seal)).collect();
    let book = RuleBook::load(db).await?;
    let (mut findings, mut said) = (SealFindings::default(), Said::default());
    let (mut last_seq, mut last_hash) = (0, GENESIS.to_owned());
    loop {
        let after = if findings.lines == 0 { i64::MIN } else { last_seq };
        let query = seal_line::Entity::find()
            .filter(seal_line::Column::Seq.gt(after))
            .filter(seal_line::Column::Seq.lte(i64::MAX)); // on SQLite a number may be a word, which is more
        let page = query.order_by_asc(seal_line::Column::Seq).limit(PAGE).all(db).await?;
        if page.is_empty() {
            break;
        }
        for row in &page {
            check_link(row, last_seq, &last_hash, &mut findings);
            note_body(row, &mut said);
            last_seq = row.seq;
            last_hash.clone_from(&row.hash);
        }
        recompute(db, &page, &seals, &book, &mut findings).await?;
        findings.lines += page.len() as u64;
        progress(findings.lines, u64::try_from(head.seq).unwrap_or(0));
    }
    if head.seq != last_seq || head.hash != last_hash || seal_head::Entity::find().count(db).await? > 1 {
        findings.add(SealFault::WrongEnd { head_seq: head.seq, last_seq });
    }
    check_seals(db, &seals, &said, &mut findings).await?;
    check_amended(db, &seals, &said, &mut findings).await?;
    check_rules(db, &said, &mut findings).await?;
    Ok(findings)
}

fn check_link(row: &seal_line::Model, last_seq: i64, last_hash: &str, findings: &mut SealFindings) {
    let seq = row.seq;
    if seq > last_seq.saturating_add(1) {
        findings.add(SealFault::Missing { first: last_seq.saturating_add(1), last: seq.saturating_sub(1) });
    } else if seq <= last_seq || row.prev_hash != last_hash {
        findings.add(SealFault::Unlinked { seq });
    }
    if line::link(row) != row.hash || line::check_code(row) != row.check_code {
        findings.add(SealFault::Altered { seq, whose: whose(row) });
    }
}

/// Whose record a line is, as well as that can still be read.
fn whose(row: &seal_line::Model) -> String {
    let read = serde_json::from_str::<Snapshot>(&row.body)
        .map(|snapshot| format!("{}（{}，{} 年）", snapshot.name, snapshot.unit_name, snapshot.year));
    read.unwrap_or_else(|_| row.kind.label().to_owned())
}

fn note_body(row: &seal_line::Model, said: &mut Said) {
    match row.kind {
        LineKind::Record => {}
        LineKind::Roll => {
            if let Ok(roll) = serde_json::from_str(&row.body) {
                said.rolls.insert(row.seal_id, (roll, row.hash.clone()));
            }
        }
        LineKind::Amendment => {
            if let Ok(body) = serde_json::from_str::<amend::Body>(&row.body) {
                said.amended.insert(body.entry);
            }
        }
    }
}

/// The hours of every sealed record, from the ledger up to the entry its seal looked at.
async fn recompute(
    db: &impl ConnectionTrait,
    page: &[seal_line::Model],
    seals: &BTreeMap<SealId, seal::Model>,
    book: &RuleBook,
    findings: &mut SealFindings,
) -> Result<()> {
    let records = || page.iter().filter(|row| row.kind == LineKind::Record);
    for id in records().map(|row| row.seal_id).collect::<BTreeSet<_>>() {
        let Some(seal) = seals.get(&id) else { continue };
        let people: Vec<PersonId> = records().filter(|row| row.seal_id == id).filter_map(|row| row.person_id).collect();
        let slice = slice_of(db, seal, Whom::These(people.clone())).await?;
        let mut sums = view::sums(db, book, &slice).await?;
        let digests = snapshot::digests(db, seal, &people).await?;
        for row in records().filter(|row| row.seal_id == id) {
            let who = row.person_id.unwrap_or(PersonId(0));
            let total = sums.remove(&who).unwrap_or_default().all();
            let fits = serde_json::from_str::<Snapshot>(&row.body).is_ok_and(|sealed| {
                let digest = digests.get(&who).cloned().unwrap_or_else(|| crate::chain::sha256_hex(&[]));
                sealed.person == who
                    && (sealed.entries, sealed.claimed_ms) == (total.entries, total.claimed_ms)
                    && (sealed.credited_ms, sealed.credit) == (total.credited_ms, total.credit.hundredths().0)
                    && sealed.ledger == digest
            });
            if !fits {
                findings.add(SealFault::NotAsLedger { seq: row.seq, whose: whose(row) });
            }
            findings.recomputed += 1;
        }
    }
    Ok(())
}

/// Every seal that is done says what its closing line says, and every closing line has its seal.
async fn check_seals(
    db: &impl ConnectionTrait,
    seals: &BTreeMap<SealId, seal::Model>,
    said: &Said,
    findings: &mut SealFindings,
) -> Result<()> {
    for (id, seal) in seals {
        let sound = match (seal.state, said.rolls.get(id)) {
            (SealState::Sealing, None) => true,
            (SealState::Sealed, Some((roll, hash))) => {
                let row = Roll {
                    v: roll.v,
                    unit: seal.unit_id,
                    year: seal.year,
                    upto_seq: seal.upto_seq,
                    people: seal.people,
                    asked_by: seal.asked_by.0,
                    asked_at: seal.asked_at.0,
                    sealed_at: seal.sealed_at.map_or(0, |at| at.0),
                    records: snapshot::records(db, seal).await?,
                    rules: roll.rules.clone(), // those there were then; `check_rules` looks at them
                };
                row == *roll && seal.hash.as_ref() == Some(hash) && seal.done == seal.people
            }
            _ => false,
        };
        if !sound {
            findings.add(SealFault::SealAltered { seal: *id });
        }
    }
    for id in said.rolls.keys().filter(|id| !seals.contains_key(*id)) {
        findings.add(SealFault::SealAltered { seal: *id });
    }
    Ok(())
}

/// Every rule that was in force when a year was sealed is as it was then. Seals of the first releases do not say.
async fn check_rules(db: &impl ConnectionTrait, said: &Said, findings: &mut SealFindings) -> Result<()> {
    let now: BTreeMap<RuleId, String> =
        rule::Entity::find().all(db).await?.iter().map(|row| (row.id, rules::digest(row))).collect();
    let then = said.rolls.values().flat_map(|(roll, _)| &roll.rules);
    let altered: BTreeSet<_> = then.filter(|(id, digest)| now.get(id) != Some(*digest)).map(|(id, _)| *id).collect();
    altered.into_iter().for_each(|rule| findings.add(SealFault::RuleAltered { rule }));
    Ok(())
}

/// Every entry that a sealed year gained after its seal has its amendment.
async fn check_amended(
    db: &impl ConnectionTrait,
    seals: &BTreeMap<SealId, seal::Model>,
    said: &Said,
    findings: &mut SealFindings,
) -> Result<()> {
    for seal in seals.values() {
        let (from, to) = view::year_days(seal.year)?;
        let people = seal_line::Entity::find()
            .select_only()
            .column(seal_line::Column::PersonId)
            .filter(seal_line::Column::SealId.eq(seal.id))
            .filter(seal_line::Column::Kind.eq(LineKind::Record));
        let later: Vec<i64> = ledger_entry::Entity::find()
            .select_only()
            .column(ledger_entry::Column::Seq)
            .filter(ledger_entry::Column::Seq.gt(seal.upto_seq))
            .filter(ledger_entry::Column::Day.between(from, to))
            .filter(ledger_entry::Column::PersonId.in_subquery(sea_orm::QueryTrait::into_query(people)))
            .order_by_asc(ledger_entry::Column::Seq)
            .into_tuple()
            .all(db)
            .await?;
        for entry in later.into_iter().filter(|entry| !said.amended.contains(entry)) {
            findings.add(SealFault::Unamended { entry });
        }
    }
    Ok(())
}
