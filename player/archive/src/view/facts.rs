//! What a year holds beside its hours: classes that counted, terms of office, exemptions.

use super::{Slice, whole_sum};
use crate::Result;
use crate::assess::{ClassFact, Exempted, Facts, Term};
use entity::{
    Day, ExemptionKind, PersonId, PostKind, Source, UnitLevel, class_attendance, class_run, exemption, ledger_entry,
    post, together,
};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QuerySelect, QueryTrait, RelationDef,
};
use std::collections::{BTreeSet, HashMap};

/// The classes of this year and the one before that counted for each person: those whose entries, corrections
/// included, come to more than nothing. Other study counts by its hours alone.
pub(crate) async fn classes(db: &impl ConnectionTrait, slice: &Slice) -> Result<HashMap<PersonId, Vec<ClassFact>>> {
    let credited = || whole_sum(ledger_entry::Column::CreditedMs);
    let query = ledger_entry::Entity::find()
        .select_only()
        .column(ledger_entry::Column::PersonId)
        .column(class_run::Column::Level)
        .column(class_attendance::Column::HalfDays)
        .column(class_run::Column::EndsOn)
        .column_as(credited(), "credited")
        .join(JoinType::InnerJoin, entry_class())
        .join(JoinType::InnerJoin, entry_attendance())
        .filter(slice.with_year_before().entries())
        .filter(ledger_entry::Column::ClassRunId.is_not_null())
        .filter(class_run::Column::Source.eq(Source::Class))
        .group_by(ledger_entry::Column::PersonId)
        .group_by(ledger_entry::Column::ClassRunId)
        .group_by(class_run::Column::Level)
        .group_by(class_attendance::Column::HalfDays)
        .group_by(class_run::Column::EndsOn)
        .having(credited().gt(0));
    let rows: Vec<(PersonId, UnitLevel, i32, Day, i64)> = together::rows(db, &query.into_query(), 5).await?;
    let mut people: HashMap<PersonId, Vec<ClassFact>> = HashMap::new();
    for (person, level, half_days, day, _) in rows {
        people.entry(slice.merges.kept(person)).or_default().push(ClassFact { level, half_days, day });
    }
    Ok(people)
}

/// The terms of office of each person in this year and the one before.
pub(crate) async fn terms(db: &impl ConnectionTrait, slice: &Slice) -> Result<HashMap<PersonId, Vec<Term>>> {
    let since = slice.with_year_before().from;
    let query = post::Entity::find()
        .select_only()
        .columns([post::Column::PersonId, post::Column::Kind, post::Column::AppointedOn, post::Column::EndedOn])
        .filter(slice.whom.owns(post::Column::PersonId))
        .filter(post::Column::AppointedOn.lte(slice.to))
        .filter(Condition::any().add(post::Column::EndedOn.is_null()).add(post::Column::EndedOn.gte(since)));
    let rows: Vec<(PersonId, PostKind, Day, Option<Day>)> = together::rows(db, &query.into_query(), 4).await?;
    let mut people: HashMap<PersonId, Vec<Term>> = HashMap::new();
    for (person, kind, from, to) in rows {
        people.entry(person).or_default().push(Term { kind, from, to });
    }
    Ok(people)
}

/// The posts each person held at any time of the slice.
pub(crate) async fn posts(db: &impl ConnectionTrait, slice: &Slice) -> Result<HashMap<PersonId, BTreeSet<PostKind>>> {
    let of = |terms| Facts { terms, ..Facts::of_nothing((slice.from, slice.to)) }.posts();
    Ok(terms(db, slice).await?.into_iter().map(|(person, terms)| (person, of(terms))).collect())
}

/// The exemptions of each person that touch the slice.
pub(crate) async fn exemptions(db: &impl ConnectionTrait, slice: &Slice) -> Result<HashMap<PersonId, Vec<Exempted>>> {
    let rows: Vec<(PersonId, ExemptionKind, Day, Day, Option<Day>)> = exemption::Entity::find()
        .select_only()
        .columns([exemption::Column::PersonId, exemption::Column::Kind])
        .columns([exemption::Column::BeginsOn, exemption::Column::EndsOn, exemption::Column::EndedEarlyOn])
        .filter(slice.whom.owns(exemption::Column::PersonId))
        .filter(exemption::Column::BeginsOn.lte(slice.to))
        .filter(exemption::Column::EndsOn.gte(slice.from))
        .into_tuple()
        .all(db)
        .await?;
    let mut people: HashMap<PersonId, Vec<Exempted>> = HashMap::new();
    for (person, kind, from, to, ended) in rows {
        let to = ended.unwrap_or(to);
        if to >= from && to >= slice.from {
            people.entry(person).or_default().push(Exempted { kind, from, to });
        }
    }
    Ok(people)
}

fn entry_class() -> RelationDef {
    ledger_entry::Entity::belongs_to(class_run::Entity)
        .from(ledger_entry::Column::ClassRunId)
        .to(class_run::Column::Id)
        .into()
}

fn entry_attendance() -> RelationDef {
    ledger_entry::Entity::belongs_to(class_attendance::Entity)
        .from((ledger_entry::Column::ClassRunId, ledger_entry::Column::PersonId))
        .to((class_attendance::Column::ClassRunId, class_attendance::Column::PersonId))
        .into()
}
