//! Whom a line of the log is about. It names a thing (`ledger:12`, `appeal:3`, `class:5`), and the thing is somebody's.

use crate::Result;
use crate::merges::Merges;
use entity::{
    PersonId, account, appeal, audit, class_attendance, class_run, exemption, late_posting, ledger_entry, person,
    presence,
};
use sea_orm::sea_query::{Expr, SelectStatement, UnionType};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, IdenStatic, QueryFilter, QuerySelect, QueryTrait};
use std::collections::{BTreeMap, HashMap};

/// Lines about these people, and about whoever ever was one with one of them: what was done to them, their account,
/// their entries, appeals and studies, and to the classes and rooms they were in.
pub(super) async fn lines_about(db: &impl ConnectionTrait, people: Vec<PersonId>) -> Result<Condition> {
    let people = Merges::ever(db).await?.ever_one(people);
    let mut theirs = named::<person::Entity>("person", person::Column::Id, person::Column::Id, &people);
    // One subquery of them all: PostgreSQL looks each name up in the index of targets, which it does not for many joined
    // by "or".
    for more in [
        named::<account::Entity>("account", account::Column::Id, account::Column::PersonId, &people),
        named::<ledger_entry::Entity>("ledger", ledger_entry::Column::Seq, ledger_entry::Column::PersonId, &people),
        named::<appeal::Entity>("appeal", appeal::Column::Id, appeal::Column::PersonId, &people),
        named::<late_posting::Entity>("late", late_posting::Column::Id, late_posting::Column::PersonId, &people),
        named::<class_run::Entity>("class", class_run::Column::Id, class_run::Column::PersonId, &people),
        named::<class_attendance::Entity>(
            "class",
            class_attendance::Column::ClassRunId,
            class_attendance::Column::PersonId,
            &people,
        ),
        named::<presence::Entity>("playback", presence::Column::PlaybackId, presence::Column::PersonId, &people),
        named::<exemption::Entity>("exemption", exemption::Column::Id, exemption::Column::PersonId, &people),
    ] {
        theirs.union(UnionType::All, more);
    }
    Ok(Condition::all().add(audit::Column::Target.in_subquery(theirs)))
}

/// The targets `kind:id` of the rows that belong to these people.
fn named<E: EntityTrait>(kind: &str, id: E::Column, owner: E::Column, people: &[PersonId]) -> SelectStatement {
    let target = Expr::cust(format!("'{kind}:' || CAST({} AS TEXT)", id.as_str()));
    E::find().select_only().expr_as(target, "target").filter(owner.is_in(people.iter().copied())).into_query()
}

/// Whose things these lines are about, by target; a thing of nobody, or of many, is not among them.
pub(super) async fn people_of(db: &impl ConnectionTrait, lines: &[audit::Model]) -> Result<HashMap<String, PersonId>> {
    let mut wanted: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for (kind, id) in lines.iter().filter_map(|line| line.target.split_once(':')) {
        if let Ok(id) = id.parse() {
            wanted.entry(kind).or_default().push(id);
        }
    }
    let mut people = HashMap::new();
    for (kind, ids) in wanted {
        let owned = match kind {
            "person" => ids.into_iter().map(|id| (id, Some(PersonId(id)))).collect(),
            "account" => owners::<account::Entity>(db, account::Column::Id, account::Column::PersonId, ids).await?,
            "ledger" => {
                owners::<ledger_entry::Entity>(db, ledger_entry::Column::Seq, ledger_entry::Column::PersonId, ids)
                    .await?
            }
            "appeal" => owners::<appeal::Entity>(db, appeal::Column::Id, appeal::Column::PersonId, ids).await?,
            "late" => {
                owners::<late_posting::Entity>(db, late_posting::Column::Id, late_posting::Column::PersonId, ids)
                    .await?
            }
            "class" => owners::<class_run::Entity>(db, class_run::Column::Id, class_run::Column::PersonId, ids).await?,
            "exemption" => {
                owners::<exemption::Entity>(db, exemption::Column::Id, exemption::Column::PersonId, ids).await?
            }
            _ => Vec::new(),
        };
        people.extend(owned.into_iter().filter_map(|(id, who)| Some((format!("{kind}:{id}"), who?))));
    }
    Ok(people)
}

async fn owners<E: EntityTrait>(
    db: &impl ConnectionTrait,
    id: E::Column,
    owner: E::Column,
    ids: Vec<i64>,
) -> Result<Vec<(i64, Option<PersonId>)>> {
    let rows = E::find().select_only().columns([id, owner]).filter(id.is_in(ids));
    Ok(rows.into_tuple().all(db).await?)
}
