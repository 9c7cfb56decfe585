//! Other study of one person (挂职锻炼, 学历教育, 送学上门, 实地教学): declared with a file that proves it, and worth
//! nothing before somebody of the county has looked at it.

use super::run::{note, within};
use super::{NewClass, evidence, roster, row_of};
use crate::{Error, Result, merges, seal};
use entity::person_merge::of_one;
use entity::{
    AccountId, ClassState, Day, Moment, PersonId, Source, Verb, class_attendance, class_run, org_unit, person,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};

/// Every kind of other study.
pub const KINDS: [Source; 4] = [Source::Secondment, Source::Degree, Source::HomeStudy, Source::FieldStudy];

/// What a person may declare of themselves.
pub const OWN: [Source; 3] = [Source::Secondment, Source::Degree, Source::FieldStudy];

/// The most of a person's studies that wait at the same time.
const MOST_WAITING: u64 = 20;

/// A study that took place.
#[derive(Clone, Debug)]
pub struct NewStudy<'a> {
    /// Whose.
    pub person_id: PersonId,
    /// Which of [`KINDS`].
    pub source: Source,
    /// What it was; 1 to 200 characters.
    pub title: &'a str,
    /// Where; at most 200 characters.
    pub place: &'a str,
    /// First day.
    pub starts_on: Day,
    /// Last day, not in the future; its hours count for this day and its year.
    pub ends_on: Day,
    /// Its length in half-days, at most two a day.
    pub half_days: i32,
    /// What was learnt, in the words of whoever declares it; 1 to 500 characters.
    pub words: &'a str,
    /// What proves it: a file that is media already.
    pub evidence_sha256: &'a str,
}

/// Declare a study: it waits for the county.
///
/// # Errors
/// Those of [`check`], [`Error::NoSuchPerson`], [`Error::YearSealed`]; [`Error::BadClass`] also for too many that wait,
/// and for study brought home that somebody declares of themselves.
pub async fn declare(
    db: &DatabaseConnection,
    new: NewStudy<'_>,
    by: AccountId,
    now: Moment,
) -> Result<class_run::Model> {
    check(&new, now.day())?;
    let txn = entity::writing::begin(db).await?;
    let person = person::Entity::find_by_id(new.person_id).lock_exclusive().one(&txn).await?;
    let person = person.ok_or(Error::NoSuchPerson(new.person_id))?;
    let unit =
        org_unit::Entity::find_by_id(person.unit_id).one(&txn).await?.ok_or(Error::NoSuchUnit(person.unit_id))?;
    if merges::is_own(&txn, by, new.person_id).await? && !OWN.contains(&new.source) {
        return Err(Error::BadClass("source"));
    }
    seal::refuse(&txn, std::iter::once((new.person_id, new.ends_on))).await?;
    let waiting = class_run::Entity::find()
        .filter(of_one(class_run::Column::PersonId, new.person_id))
        .filter(class_run::Column::State.eq(ClassState::HandedIn));
    if waiting.count(&txn).await? >= MOST_WAITING {
        return Err(Error::BadClass("waiting"));
    }
    let mut row = row_of(&new.of_unit(&unit), Some(by), now);
    row.source = Set(new.source);
    row.state = Set(ClassState::HandedIn);
    row.topics = Set(within(new.words, 500).unwrap_or_default());
    row.person_id = Set(Some(new.person_id));
    row.handed_in_by = Set(Some(by));
    row.handed_in_at = Set(Some(now));
    let declared = row.insert(&txn).await?;
    let there = roster::enrolled_row(declared.id, new.person_id, new.half_days);
    class_attendance::Entity::insert(there).exec_without_returning(&txn).await?;
    evidence::insert(&txn, declared.id, new.evidence_sha256, by, now).await?;
    let detail = format!("{}：{}，{} 个半天", new.source.label(), declared.title, new.half_days);
    note(&txn, &declared, Verb::StudyDeclare, detail, by, now).await?;
    txn.commit().await?;
    Ok(declared)
}

/// What a study itself must be, before its person and evidence are looked for.
///
/// # Errors
/// [`Error::BadClass`] with the field.
pub fn check(new: &NewStudy<'_>, today: Day) -> Result<()> {
    let days = (new.ends_on - new.starts_on).num_days() + 1;
    let said = |text: &str, most| within(text, most).is_some_and(|text| !text.is_empty());
    if !KINDS.contains(&new.source) {
        return Err(Error::BadClass("source"));
    }
    if !said(new.title, 200) {
        return Err(Error::BadClass("title"));
    }
    if within(new.place, 200).is_none() {
        return Err(Error::BadClass("place"));
    }
    if !(1..=366).contains(&days) || new.ends_on > today || (today - new.ends_on).num_days() > 731 {
        return Err(Error::BadClass("study_days"));
    }
    if new.half_days < 1 || i64::from(new.half_days) > days * 2 {
        return Err(Error::BadClass("half_days"));
    }
    if !said(new.words, 500) {
        return Err(Error::BadClass("words"));
    }
    Ok(())
}

/// A page (from 1) of the studies of a person under every number of theirs, the newest first; and how many there are.
///
/// # Errors
/// Only those of the database.
pub async fn of_person(
    db: &impl ConnectionTrait,
    id: PersonId,
    (page, size): (u64, u64),
) -> Result<(Vec<class_run::Model>, u64)> {
    let theirs = class_run::Entity::find().filter(of_one(class_run::Column::PersonId, id));
    let total = theirs.clone().count(db).await?;
    let first = page.saturating_sub(1).saturating_mul(size);
    Ok((theirs.order_by_desc(class_run::Column::Id).offset(first).limit(size).all(db).await?, total))
}

impl NewStudy<'_> {
    fn of_unit(&self, unit: &org_unit::Model) -> NewClass {
        NewClass {
            level: unit.level,
            title: within(self.title, 200).unwrap_or_default(),
            unit_id: unit.id,
            place: within(self.place, 200).unwrap_or_default(),
            teacher: String::new(),
            starts_on: self.starts_on,
            ends_on: self.ends_on,
            half_days: self.half_days,
        }
    }
}
