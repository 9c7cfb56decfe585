//! Proof that what was sealed is what stands there: the chain holds, every seal's row says what its closing line says,
//! and every sealed record is what the ledger still comes to. Changes nothing.

use super::snapshot::{self, Roll, Snapshot};
use super::{amend, line, slice_of};
use crate::rules::RuleBook;
use crate::view::{self, Whom};
use crate::{GENESIS, Result};
use entity::{LineKind, PersonId, SealId, SealState, ledger_entry, seal, seal_head, seal_line};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

/// What a walk over the seals found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SealFindings {
    /// Lines read.
    pub lines: u64,
    /// Of these, records recomputed from the ledger.
    pub recomputed: u64,
    /// What was found, at most a thousand of it.
    pub faults: Vec<SealFault>,
}

/// Something that is not as it was sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SealFault {
    /// A column of this line was changed.
    Altered {
        /// The line.
        seq: i64,
        /// Whose record it is, as it says itself.
        whose: String,
    },
    /// Lines from here to there were removed.
    Missing {
        /// The first missing line.
        first: i64,
        /// The last missing line.
        last: i64,
    },
    /// This line does not follow the one before it: one of the two was put in or rewritten.
    Unlinked {
        /// The line.
        seq: i64,
    },
    /// The head names another end than the chain has.
    WrongEnd {
        /// The last line by the head.
        head_seq: i64,
        /// The last line there is.
        last_seq: i64,
    },
    /// The row of a seal says something else than the line that closed it, or one of the two is gone.
    SealAltered {
        /// The seal.
        seal: SealId,
    },
    /// The ledger comes to something else than the sealed record.
    NotAsLedger {
        /// The line.
        seq: i64,
        /// Whose record.
        whose: String,
    },
    /// An entry was added to a sealed year without an amendment.
    Unamended {
        /// The entry of the ledger.
        entry: i64,
    },
}

impl SealFindings {
    /// Whether nothing was found.
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }

    fn add(&mut self, fault: SealFault) {
        if self.faults.len() < LISTED {
            self.faults.push(fault);
        }
    }
}

const LISTED: usize = 1000;
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
    let head = seal_head::Entity::find_by_id(1).one(db).await?;
    let head = head.unwrap_or_else(|| seal_head::Model { id: 1, seq: 0, hash: GENESIS.to_owned() });
    let seals: BTreeMap<SealId, seal::Model> =
        seal::Entity::find().all(db).await?.into_iter().map(|seal| (seal.id, seal)).collect();
    let book = RuleBook::load(db).await?;
    let (mut findings, mut said) = (SealFindings::default(), Said::default());
    let (mut last_seq, mut last_hash) = (0, GENESIS.to_owned());
    loop {
        let after = if findings.lines == 0 { i64::MIN } else { last_seq };
        let query = seal_line::Entity::find().filter(seal_line::Column::Seq.gt(after));
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
    if head.seq != last_seq || head.hash != last_hash {
        findings.add(SealFault::WrongEnd { head_seq: head.seq, last_seq });
    }
    check_seals(db, &seals, &said, &mut findings).await?;
    check_amended(db, &seals, &said, &mut findings).await?;
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
        let mut sums = view::sums(db, book, &slice_of(seal, Whom::These(people.clone()))?).await?;
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
                    v: 1,
                    unit: seal.unit_id,
                    year: seal.year,
                    upto_seq: seal.upto_seq,
                    people: seal.people,
                    asked_by: seal.asked_by.0,
                    asked_at: seal.asked_at.0,
                    sealed_at: seal.sealed_at.map_or(0, |at| at.0),
                    records: snapshot::records(db, seal).await?,
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

impl fmt::Display for SealFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered { seq, whose } => write!(f, "封存第 {seq} 行（{whose}）：内容被改动"),
            Self::Missing { first, last } if first == last => write!(f, "封存第 {first} 行：缺失"),
            Self::Missing { first, last } => write!(f, "封存第 {first} 至 {last} 行：缺失"),
            Self::Unlinked { seq } => write!(f, "封存第 {seq} 行：与上一行不相连，曾有插入或改写"),
            Self::WrongEnd { head_seq, last_seq } => {
                write!(f, "封存末行应为第 {head_seq} 行，实为第 {last_seq} 行或内容不符")
            }
            Self::SealAltered { seal } => write!(f, "封存 {seal}：登记与封存时不符"),
            Self::NotAsLedger { seq, whose } => write!(f, "封存第 {seq} 行（{whose}）：与台账不符"),
            Self::Unamended { entry } => write!(f, "台账第 {entry} 条：在封存以后加入，没有修订"),
        }
    }
}

impl fmt::Display for SealFindings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "封存 {} 行，其中 {} 份档案按台账重算", self.lines, self.recomputed)?;
        if self.is_sound() {
            return write!(f, "：链条完整，与台账一致。");
        }
        self.faults.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}
