//! The entries of classes against the classes as they are written down: how long they were, and who was there how long.

use super::findings::{Fault, Findings};
use crate::classes::{self, Judged, brought_before, note_of};
use crate::rules::RuleBook;
use crate::{Result, ledger};
use entity::{ClassId, ClassState, PersonId, Source, class_attendance, class_run, ledger_entry};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Each class, and each other study.
type Classes = HashMap<ClassId, class_run::Model>;

/// Half-days that each person was there.
type There = HashMap<(ClassId, PersonId), i32>;

/// Keys in one statement.
const CHUNK: usize = 500;

/// Recompute the entries of a page that come from classes.
pub(super) async fn recompute(
    db: &impl ConnectionTrait,
    page: &[ledger_entry::Model],
    book: &RuleBook,
    findings: &mut Findings,
) -> Result<()> {
    let of_class = |entry: &&ledger_entry::Model| entry.source != Source::Correction && entry.class_run_id.is_some();
    let ids: BTreeSet<_> = page.iter().filter(of_class).filter_map(|entry| entry.class_run_id).collect();
    let (classes, there) = read(db, &ids.into_iter().collect::<Vec<_>>()).await?;
    for entry in page.iter().filter(of_class) {
        let judged = judged(db, entry, book, &classes, &there).await;
        if !judged.as_ref().is_some_and(|judged| fits(entry, judged)) {
            let worth_ms = judged.map_or(0, |judged| judged.credited_ms);
            findings.add(Fault::NotAsAttended { seq: entry.seq, credited_ms: entry.credited_ms, worth_ms });
        }
        findings.recomputed += 1;
    }
    Ok(())
}

/// What the class of an entry is worth to its person: a class of that kind and name, approved, for its last day. The
/// name holds the organiser's level, by which targets count.
async fn judged(
    db: &impl ConnectionTrait,
    entry: &ledger_entry::Model,
    book: &RuleBook,
    classes: &Classes,
    there: &There,
) -> Option<Judged> {
    let class = entry.class_run_id?;
    let class = classes.get(&class).filter(|class| {
        class.ends_on == entry.day && class.source == entry.source && class.state == ClassState::Approved
    })?;
    let present = there.get(&(class.id, entry.person_id))?;
    (note_of(class) == entry.note).then_some(())?;
    let rules = book.by_id(entry.rule_id)?;
    let brought_ms = match (class.source, rules.study_cap_ms()) {
        (Source::Class, _) | (_, None) => 0,
        (_, Some(_)) => brought_before(db, class, entry.person_id, entry.seq).await.ok()?,
    };
    Some(classes::worth(class, *present, rules, brought_ms))
}

fn fits(entry: &ledger_entry::Model, judged: &Judged) -> bool {
    let explained = ledger::reasons_of(entry).unwrap_or_default();
    let some: BTreeMap<_, _> = judged.reasons.iter().filter(|(_, ms)| **ms != 0).map(|(why, ms)| (*why, *ms)).collect();
    (entry.claimed_ms, entry.credited_ms, explained) == (judged.claimed_ms, judged.credited_ms, some)
}

async fn read(db: &impl ConnectionTrait, ids: &[ClassId]) -> Result<(Classes, There)> {
    let (mut classes, mut there) = (Classes::new(), There::new());
    for chunk in ids.chunks(CHUNK) {
        let rows = class_run::Entity::find().filter(class_run::Column::Id.is_in(chunk.iter().copied())).all(db).await?;
        classes.extend(rows.into_iter().map(|row| (row.id, row)));
        let rows: Vec<(ClassId, PersonId, i32)> = class_attendance::Entity::find()
            .select_only()
            .columns([
                class_attendance::Column::ClassRunId,
                class_attendance::Column::PersonId,
                class_attendance::Column::HalfDays,
            ])
            .filter(class_attendance::Column::ClassRunId.is_in(chunk.iter().copied()))
            .into_tuple()
            .all(db)
            .await?;
        there.extend(rows.into_iter().map(|(class, who, half_days)| ((class, who), half_days)));
    }
    Ok((classes, there))
}
