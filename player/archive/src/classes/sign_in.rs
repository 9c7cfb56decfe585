//! Who was there in which half-day: by the rotating code on the wall, or by the roll.

use super::run::{note, open};
use super::seats::{self, Seats};
use crate::{Error, Result};
use entity::person_merge::of_one;
use entity::rotating_code::{Codes, Door};
use entity::{
    AccountId, ClassId, ClassState, MarkedHow, Moment, PersonId, Verb, class_attendance, class_run, class_sign_in,
};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait,
    DatabaseConnection, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect, QueryTrait,
};

pub use super::seats::half_days_of;

/// Rows per insert statement.
const CHUNK: usize = 500;

/// One box of the roll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Who.
    pub person_id: PersonId,
    /// Which half-day, from 1.
    pub half_day: i32,
    /// Whether they were there.
    pub there: bool,
}

/// Let people sign in to one half-day by the code from now until midnight, or to none. The half-day before is over then,
/// and its code opens nothing.
///
/// # Errors
/// [`Error::NoSuchClass`], [`Error::ClassState`], [`Error::BadClass`] for a half-day it has not.
pub async fn begin(
    db: &DatabaseConnection,
    id: ClassId,
    half_day: Option<i32>,
    by: AccountId,
    now: Moment,
) -> Result<class_run::Model> {
    let txn = entity::writing::begin(db).await?;
    let class = open(&txn, id).await?;
    if half_day.is_some_and(|half_day| !(1..=class.half_days).contains(&half_day)) {
        return Err(Error::BadClass("half_day"));
    }
    let mut row = class.into_active_model();
    row.signing = Set(half_day);
    row.signing_since = Set(half_day.map(|_| now));
    let changed = row.update(&txn).await?;
    let detail = half_day.map_or_else(|| "停止签到".to_owned(), |half_day| format!("第 {half_day} 个半天开始签到"));
    note(&txn, &changed, Verb::ClassSigning, detail, by, now).await?;
    txn.commit().await?;
    Ok(changed)
}

/// The half-day that people may sign in to now, if there is one.
pub fn running(class: &class_run::Model, now: Moment) -> Option<i32> {
    let today = class.signing_since.is_some_and(|since| since.day() == now.day());
    class.signing.filter(|_| today && class.state == ClassState::Open)
}

/// Write somebody down by the code they typed; answers the class and the half-day. A second time changes nothing.
///
/// `class` is the one the picture on the wall names; without it the digits decide, among the classes whose roster they
/// stand on.
///
/// # Errors
/// [`Error::WrongCode`], whatever does not fit: nothing is learnt by trying.
pub async fn by_code(
    db: &DatabaseConnection,
    codes: &Codes,
    (who, by): (PersonId, AccountId),
    (class, typed): (Option<ClassId>, &str),
    now: Moment,
) -> Result<(class_run::Model, i32)> {
    let signing =
        signing_for(db, who, class).await?.into_iter().filter_map(|class| Some((running(&class, now)?, class)));
    let mut fitting: Vec<_> =
        signing.filter(|(half_day, class)| codes.fits(Door::HalfDay(class.id, *half_day), typed, now)).collect();
    let (half_day, found) = fitting.pop().ok_or(Error::WrongCode)?;
    if !fitting.is_empty() {
        return Err(Error::WrongCode); // two walls show the same digits, once in a while: the next ones differ
    }
    let txn = entity::writing::begin(db).await?;
    let class = match open(&txn, found.id).await {
        Err(Error::ClassState(_)) => return Err(Error::WrongCode), // it was handed in meanwhile
        other => other?,
    };
    if running(&class, now) != Some(half_day) {
        return Err(Error::WrongCode);
    }
    let number = seats::number_of(&txn, class.id, who).await?.ok_or(Error::WrongCode)?; // else taken off meanwhile
    add(&txn, class.id, vec![(number, half_day)], MarkedHow::Code, by, now).await?;
    note(&txn, &class, Verb::ClassSignIn, format!("第 {half_day} 个半天扫码签到"), by, now).await?;
    txn.commit().await?;
    Ok((class, half_day))
}

/// Write down what the roll says: only the boxes that were changed, so that a page drawn a while ago takes nobody out
/// who has signed in by the code since.
///
/// # Errors
/// [`Error::NoSuchClass`], [`Error::ClassState`]; [`Error::BadClass`] for a half-day it has not or somebody who is not
/// on its roster, and then nothing is written.
pub async fn call_roll(
    db: &DatabaseConnection,
    id: ClassId,
    marks: &[Mark],
    by: AccountId,
    now: Moment,
) -> Result<class_run::Model> {
    let txn = entity::writing::begin(db).await?;
    let class = open(&txn, id).await?;
    let seats = Seats::of(&txn, id).await?;
    if marks.iter().any(|mark| !(1..=class.half_days).contains(&mark.half_day)) {
        return Err(Error::BadClass("half_day"));
    }
    if marks.iter().any(|mark| !seats.holds(mark.person_id)) {
        return Err(Error::BadClass("person"));
    }
    let known = half_days_of(&txn, id).await?;
    let is = |mark: &Mark| known.get(&seats.kept(mark.person_id)).is_some_and(|there| there.contains(&mark.half_day));
    let changed = marks.iter().filter(|mark| mark.there != is(mark));
    let (there, gone): (Vec<&Mark>, Vec<&Mark>) = changed.partition(|mark| mark.there);
    for mark in &gone {
        class_sign_in::Entity::delete_many()
            .filter(class_sign_in::Column::ClassRunId.eq(id))
            .filter(class_sign_in::Column::HalfDay.eq(mark.half_day))
            .filter(class_sign_in::Column::PersonId.is_in(seats.all(mark.person_id)))
            .exec(&txn)
            .await?;
    }
    let (came, left) = (there.len(), gone.len());
    let there = there.iter().filter_map(|mark| Some((seats.number(mark.person_id)?, mark.half_day))).collect();
    add(&txn, id, there, MarkedHow::Roll, by, now).await?;
    note(&txn, &class, Verb::ClassRoll, format!("点名：到 {came} 处，未到 {left} 处"), by, now).await?;
    txn.commit().await?;
    Ok(class)
}

/// The open classes that somebody lets people sign in to and on whose roster this person stands, under any number.
async fn signing_for(
    db: &impl ConnectionTrait,
    who: PersonId,
    class: Option<ClassId>,
) -> Result<Vec<class_run::Model>> {
    let theirs = class_attendance::Entity::find()
        .select_only()
        .column(class_attendance::Column::ClassRunId)
        .filter(of_one(class_attendance::Column::PersonId, who));
    let found = class_run::Entity::find()
        .filter(class_run::Column::Id.in_subquery(theirs.into_query()))
        .filter(class_run::Column::State.eq(ClassState::Open))
        .filter(class_run::Column::Signing.is_not_null())
        .filter(Condition::all().add_option(class.map(|id| class_run::Column::Id.eq(id))));
    Ok(found.all(db).await?)
}

async fn add(
    txn: &DatabaseTransaction,
    id: ClassId,
    there: Vec<(PersonId, i32)>,
    how: MarkedHow,
    by: AccountId,
    now: Moment,
) -> Result<()> {
    let row = |(person_id, half_day): &(PersonId, i32)| class_sign_in::ActiveModel {
        id: NotSet,
        class_run_id: Set(id),
        half_day: Set(*half_day),
        person_id: Set(*person_id),
        marked_how: Set(how),
        marked_by: Set(by),
        marked_at: Set(now),
    };
    let once = [class_sign_in::Column::ClassRunId, class_sign_in::Column::HalfDay, class_sign_in::Column::PersonId];
    for chunk in there.chunks(CHUNK) {
        class_sign_in::Entity::insert_many(chunk.iter().map(row))
            .on_conflict(OnConflict::columns(once).do_nothing().to_owned())
            .exec_without_returning(txn)
            .await?;
    }
    Ok(())
}
