//! Who stands on the roster of a class: each person once, whichever of their numbers it was that was put there.
//!
//! Two who are found to be one while their class goes on keep their rows and their sign-ins, and are read together. When
//! the class is handed in, and again when it is approved, one row is left, with all the half-days of both.

use super::run::set_attendance;
use crate::Result;
use crate::merges::Merges;
use entity::person_merge::of_one;
use entity::{AttendanceStatus, ClassId, PersonId, class_attendance, class_sign_in};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The people of a roster.
pub(super) struct Seats {
    /// The numbers under which each stands there, by the number they are kept under; that one first when it is among them.
    numbers: BTreeMap<PersonId, Vec<PersonId>>,
    merges: Merges,
}

impl Seats {
    /// Everybody on the roster of a class.
    pub(super) async fn of(db: &impl ConnectionTrait, id: ClassId) -> Result<Self> {
        let merges = Merges::now(db).await?;
        let mut rows: Vec<PersonId> = class_attendance::Entity::find()
            .select_only()
            .column(class_attendance::Column::PersonId)
            .filter(class_attendance::Column::ClassRunId.eq(id))
            .into_tuple()
            .all(db)
            .await?;
        rows.sort_unstable_by_key(|who| (merges.kept(*who) != *who, *who));
        let mut numbers: BTreeMap<PersonId, Vec<PersonId>> = BTreeMap::new();
        rows.into_iter().for_each(|who| numbers.entry(merges.kept(who)).or_default().push(who));
        Ok(Self { numbers, merges })
    }

    /// How many people there are.
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// The number this person is kept under.
    pub(super) fn kept(&self, who: PersonId) -> PersonId {
        self.merges.kept(who)
    }

    /// Every number of this person.
    pub(super) fn all(&self, who: PersonId) -> Vec<PersonId> {
        self.merges.one_with(who, None)
    }

    /// The number under which this person stands on the roster; `None` for who does not.
    pub(super) fn number(&self, who: PersonId) -> Option<PersonId> {
        self.numbers.get(&self.kept(who))?.first().copied()
    }

    /// Whether this person stands on the roster.
    pub(super) fn holds(&self, who: PersonId) -> bool {
        self.number(who).is_some()
    }

    /// The rows beyond the first of a person.
    pub(super) fn doubled(&self) -> Vec<PersonId> {
        self.numbers.values().flat_map(|numbers| numbers.iter().skip(1)).copied().collect()
    }
}

/// The number under which this person stands on the roster of a class, as [`Seats::number`] says it.
pub(super) async fn number_of(db: &impl ConnectionTrait, id: ClassId, kept: PersonId) -> Result<Option<PersonId>> {
    let numbers: Vec<PersonId> = class_attendance::Entity::find()
        .select_only()
        .column(class_attendance::Column::PersonId)
        .filter(class_attendance::Column::ClassRunId.eq(id))
        .filter(of_one(class_attendance::Column::PersonId, kept))
        .into_tuple()
        .all(db)
        .await?;
    Ok(numbers.into_iter().min_by_key(|number| (*number != kept, *number)))
}

/// Fix who was there how long, by the sign-ins, and leave each person one row of the roster.
pub(super) async fn fix_attendance(txn: &DatabaseTransaction, id: ClassId) -> Result<()> {
    let seats = Seats::of(txn, id).await?;
    let doubled = seats.doubled();
    if !doubled.is_empty() {
        class_attendance::Entity::delete_many()
            .filter(class_attendance::Column::ClassRunId.eq(id))
            .filter(class_attendance::Column::PersonId.is_in(doubled))
            .exec(txn)
            .await?;
    }
    let there = half_days_of(txn, id).await?;
    let mut alike: BTreeMap<i32, Vec<PersonId>> = BTreeMap::new();
    for (kept, numbers) in &seats.numbers {
        let half_days = there.get(kept).map_or(0, |there| i32::try_from(there.len()).unwrap_or(i32::MAX));
        alike.entry(half_days).or_default().extend(numbers.first());
    }
    for (half_days, people) in alike {
        let was_there = class_attendance::ActiveModel { half_days: Set(half_days), ..Default::default() };
        set_attendance(txn, id, &people, &was_there).await?;
    }
    Ok(())
}

/// The half-days each person was there, by the number they are kept under.
///
/// # Errors
/// Only those of the database.
pub async fn half_days_of(db: &impl ConnectionTrait, id: ClassId) -> Result<BTreeMap<PersonId, BTreeSet<i32>>> {
    let rows: Vec<(PersonId, i32)> = class_sign_in::Entity::find()
        .select_only()
        .columns([class_sign_in::Column::PersonId, class_sign_in::Column::HalfDay])
        .filter(class_sign_in::Column::ClassRunId.eq(id))
        .into_tuple()
        .all(db)
        .await?;
    let merges = Merges::now(db).await?;
    let mut there: BTreeMap<PersonId, BTreeSet<i32>> = BTreeMap::new();
    rows.into_iter().for_each(|(who, half_day)| {
        there.entry(merges.kept(who)).or_default().insert(half_day);
    });
    Ok(there)
}

/// How many people stand on the roster of each of these classes. In one that was decided before two became one, both
/// stand as they were decided.
pub(super) async fn counted(db: &impl ConnectionTrait, ids: Vec<ClassId>) -> Result<HashMap<ClassId, u64>> {
    let rows = || class_attendance::Entity::find().filter(class_attendance::Column::ClassRunId.is_in(ids.clone()));
    let all: Vec<(ClassId, i64)> = rows()
        .select_only()
        .column(class_attendance::Column::ClassRunId)
        .column_as(class_attendance::Column::Id.count(), "people")
        .group_by(class_attendance::Column::ClassRunId)
        .into_tuple()
        .all(db)
        .await?;
    let mut counted: HashMap<ClassId, u64> =
        all.into_iter().map(|(class, people)| (class, u64::try_from(people).unwrap_or(0))).collect();
    let merges = Merges::now(db).await?;
    let several: Vec<(ClassId, PersonId)> = rows()
        .select_only()
        .columns([class_attendance::Column::ClassRunId, class_attendance::Column::PersonId])
        .filter(class_attendance::Column::Status.eq(AttendanceStatus::Enrolled))
        .filter(class_attendance::Column::PersonId.is_in(merges.all(&merges.keeping())))
        .into_tuple()
        .all(db)
        .await?;
    let mut seen = BTreeSet::new();
    for (class, who) in several {
        if !seen.insert((class, merges.kept(who))) {
            counted.entry(class).and_modify(|people| *people -= 1);
        }
    }
    Ok(counted)
}
