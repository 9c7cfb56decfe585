//! What a sealed record says: canonical JSON, its fields always in this order.

use super::{RuleBook, Whom, Years, assess, slice_of};
use crate::assess::{Standing, Verdict};
use crate::{Error, Result, chain, rules, view};
use entity::{
    LineKind, Moment, PersonId, PostKind, RuleId, Source, UnitId, ledger_entry, org_unit, person, rule, seal, seal_line,
};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// A person's year as it was sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The form of this text.
    pub v: u8,
    /// Who.
    pub person: PersonId,
    /// Their roster number then.
    pub code: String,
    /// Their name then.
    pub name: String,
    /// Their unit then.
    pub unit: UnitId,
    /// Its name then.
    pub unit_name: String,
    /// The civil year.
    pub year: i32,
    /// The posts they held in it.
    pub posts: Vec<PostKind>,
    /// The rule that judged it; none before the first.
    pub rule: Option<RuleId>,
    /// Entries of the ledger.
    pub entries: i64,
    /// Milliseconds claimed.
    pub claimed_ms: i64,
    /// Milliseconds that count.
    pub credited_ms: i64,
    /// The same in hundredths of a credit hour.
    pub credit: i64,
    /// Milliseconds that count, by source.
    pub sources: BTreeMap<Source, i64>,
    /// SHA-256 over the hashes of these entries, each with a line feed.
    pub ledger: String,
    /// `met`, `short`, `exempt` or `unbound`.
    pub verdict: String,
    /// Every target that bound them.
    pub standings: Vec<SealedStanding>,
}

impl Snapshot {
    /// Whether all that was asked is met: then, and only then, it is a certificate (结业证书).
    pub fn is_met(&self) -> bool {
        self.verdict == word(Verdict::Met)
    }
}

/// How they stood against one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedStanding {
    /// The target's short name.
    pub id: String,
    /// What people called it.
    pub name: String,
    /// The unit of the amounts.
    pub unit: String,
    /// What there was, in hundredths.
    pub have: i64,
    /// What was needed of them, in hundredths.
    pub need: i64,
    /// Whether it was met.
    pub met: bool,
}

impl From<&Standing> for SealedStanding {
    fn from(standing: &Standing) -> Self {
        Self {
            id: standing.id.clone(),
            name: standing.name.clone(),
            unit: standing.unit.to_owned(),
            have: standing.have.0,
            need: standing.need.0,
            met: standing.met,
        }
    }
}

/// The records of these people as they stand, as text.
pub(super) async fn of(
    txn: &DatabaseTransaction,
    seal: &seal::Model,
    people: Vec<(person::Model, org_unit::Model)>,
) -> Result<Vec<(PersonId, String)>> {
    let book = RuleBook::load(txn).await?;
    let slice = slice_of(txn, seal, Whom::These(people.iter().map(|(person, _)| person.id).collect())).await?;
    let mut years = Years::load(txn, &book, &slice).await?;
    let ids: Vec<PersonId> = people.iter().map(|(person, _)| person.id).collect();
    let mut digests = digests(txn, seal, &ids).await?;
    let mut bodies = Vec::with_capacity(people.len());
    for (person, unit) in people {
        let (sums, facts) = years.take(person.id);
        let rule = book.in_force(&unit.path, slice.to).ok();
        let standings = assess::standings(rule.as_ref().map(|(_, rules)| rules.as_ref()), &facts);
        let total = sums.all();
        let snapshot = Snapshot {
            v: 1,
            person: person.id,
            code: person.code,
            name: person.name,
            unit: unit.id,
            unit_name: unit.name,
            year: seal.year,
            posts: facts.posts().into_iter().collect(),
            rule: rule.map(|(id, _)| id),
            entries: total.entries,
            claimed_ms: total.claimed_ms,
            credited_ms: total.credited_ms,
            credit: total.credit.hundredths().0,
            sources: sums.by_source.iter().map(|(source, total)| (*source, total.credited_ms)).collect(),
            ledger: digests.remove(&person.id).unwrap_or_else(|| chain::sha256_hex(&[])),
            verdict: word(assess::verdict(&standings)).to_owned(),
            standings: standings.iter().map(SealedStanding::from).collect(),
        };
        bodies.push((person.id, serde_json::to_string(&snapshot).map_err(|_| Error::Unreadable(0))?));
    }
    Ok(bodies)
}

/// The digest of each person's entries of a seal's year, up to the last entry it looks at; none for who has none.
pub(super) async fn digests(
    db: &impl ConnectionTrait,
    seal: &seal::Model,
    people: &[PersonId],
) -> Result<HashMap<PersonId, String>> {
    let slice = slice_of(db, seal, Whom::These(people.to_vec())).await?;
    let rows: Vec<(PersonId, String)> = ledger_entry::Entity::find()
        .select_only()
        .columns([ledger_entry::Column::PersonId, ledger_entry::Column::Hash])
        .filter(slice.entries())
        .order_by_asc(ledger_entry::Column::Seq)
        .into_tuple()
        .all(db)
        .await?;
    let mut hashes: HashMap<PersonId, Vec<String>> = HashMap::new();
    for (person, hash) in rows {
        hashes.entry(slice.merges.kept(person)).or_default().push(hash + "\n");
    }
    let digest = |hashes: Vec<String>| chain::sha256_hex(&hashes.iter().map(String::as_bytes).collect::<Vec<_>>());
    Ok(hashes.into_iter().map(|(person, hashes)| (person, digest(hashes))).collect())
}

/// What closes a seal: everything its row says, and a digest of its records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Roll {
    pub(super) v: u8,
    pub(super) unit: UnitId,
    pub(super) year: i32,
    pub(super) upto_seq: i64,
    pub(super) people: i64,
    pub(super) asked_by: i64,
    pub(super) asked_at: i64,
    pub(super) sealed_at: i64,
    pub(super) records: String,
    /// The digest of every rule that was in force by the end of the year.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) rules: BTreeMap<RuleId, String>,
}

/// The text of the line that closes a seal.
pub(super) async fn roll(txn: &DatabaseTransaction, seal: &seal::Model, now: Moment) -> Result<String> {
    let (_, to) = view::year_days(seal.year)?;
    let rules = rule::Entity::find().filter(rule::Column::ValidFrom.lte(to)).all(txn).await?;
    let roll = Roll {
        v: 2,
        unit: seal.unit_id,
        year: seal.year,
        upto_seq: seal.upto_seq,
        people: seal.people,
        asked_by: seal.asked_by.0,
        asked_at: seal.asked_at.0,
        sealed_at: now.0,
        records: records(txn, seal).await?,
        rules: rules.iter().map(|row| (row.id, rules::digest(row))).collect(),
    };
    serde_json::to_string(&roll).map_err(|_| Error::Unreadable(0))
}

/// SHA-256 over the hashes of a seal's records in their order.
pub(super) async fn records(db: &impl ConnectionTrait, seal: &seal::Model) -> Result<String> {
    let hashes: Vec<String> = seal_line::Entity::find()
        .select_only()
        .column(seal_line::Column::Hash)
        .filter(seal_line::Column::SealId.eq(seal.id))
        .filter(seal_line::Column::Kind.eq(LineKind::Record))
        .order_by_asc(seal_line::Column::Seq)
        .into_tuple()
        .all(db)
        .await?;
    Ok(chain::sha256_hex(&hashes.iter().map(String::as_bytes).collect::<Vec<_>>()))
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Met => "met",
        Verdict::Short => "short",
        Verdict::Exempt => "exempt",
        Verdict::Unbound => "unbound",
    }
}
