//! A class while it is open: announced, edited, called off, handed in.

use super::{NewClass, row_of, seats};
use crate::{Error, Result};
use entity::{
    AccountId, ClassId, ClassState, Day, Moment, PersonId, Source, UnitId, UnitLevel, Verb, audit, class_attendance,
    class_run, class_sign_in, org_unit,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction,
    EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QuerySelect,
};

/// The most half-days of a class that people sign in to: a month of mornings and afternoons.
pub const MOST_HALF_DAYS: i32 = 62;

/// What an organiser says of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The organising unit: the city, a county or a township. It never changes; the level follows it.
    pub unit_id: UnitId,
    /// What it is called; 1 to 200 characters.
    pub title: String,
    /// What it is about; at most 500 characters.
    pub topics: String,
    /// Who teaches; at most 200 characters.
    pub teacher: String,
    /// Where; at most 200 characters.
    pub place: String,
    /// First day.
    pub starts_on: Day,
    /// Last day, within a year of today.
    pub ends_on: Day,
    /// Its length in half-days, at most two a day and 62 in all.
    pub half_days: i32,
}

/// Announce a class. Its roster is empty.
///
/// # Errors
/// [`Error::BadClass`] with the field, [`Error::NoSuchUnit`].
pub async fn create(db: &DatabaseConnection, draft: Draft, by: AccountId, now: Moment) -> Result<class_run::Model> {
    let draft = draft.checked(now.day())?;
    let txn = entity::writing::begin(db).await?;
    let unit = org_unit::Entity::find_by_id(draft.unit_id).one(&txn).await?.ok_or(Error::NoSuchUnit(draft.unit_id))?;
    if !matches!(unit.level, UnitLevel::City | UnitLevel::County | UnitLevel::Township) {
        return Err(Error::BadClass("unit"));
    }
    let mut row = row_of(&draft.of_level(unit.level), Some(by), now);
    row.state = Set(ClassState::Open);
    row.topics = Set(draft.topics);
    let made = row.insert(&txn).await?;
    let detail = format!("{}，{} 至 {}", made.title, made.starts_on, made.ends_on);
    note(&txn, &made, Verb::ClassCreate, detail, by, now).await?;
    txn.commit().await?;
    Ok(made)
}

/// Change what is said of an open class. The unit stays.
///
/// # Errors
/// [`Error::BadClass`] with the field, also when somebody has signed in to a half-day that would be gone,
/// [`Error::NoSuchClass`], [`Error::ClassState`].
pub async fn edit(
    db: &DatabaseConnection,
    id: ClassId,
    draft: Draft,
    by: AccountId,
    now: Moment,
) -> Result<class_run::Model> {
    let draft = draft.checked(now.day())?;
    let txn = entity::writing::begin(db).await?;
    let class = open(&txn, id).await?;
    let beyond = class_sign_in::Entity::find()
        .filter(class_sign_in::Column::ClassRunId.eq(id))
        .filter(class_sign_in::Column::HalfDay.gt(draft.half_days));
    if beyond.count(&txn).await? > 0 {
        return Err(Error::BadClass("half_days_signed"));
    }
    let signing = class.signing.filter(|half_day| *half_day <= draft.half_days);
    let mut row = class.into_active_model();
    row.title = Set(draft.title);
    row.topics = Set(draft.topics);
    row.teacher = Set(draft.teacher);
    row.place = Set(draft.place);
    row.starts_on = Set(draft.starts_on);
    row.ends_on = Set(draft.ends_on);
    row.half_days = Set(draft.half_days);
    row.signing = Set(signing);
    let edited = row.update(&txn).await?;
    let detail = format!("{}，{} 至 {}", edited.title, edited.starts_on, edited.ends_on);
    note(&txn, &edited, Verb::ClassEdit, detail, by, now).await?;
    txn.commit().await?;
    Ok(edited)
}

/// Call an open class off: it stays in the list and gives nothing.
///
/// # Errors
/// [`Error::NoSuchClass`], [`Error::ClassState`].
pub async fn call_off(db: &DatabaseConnection, id: ClassId, by: AccountId, now: Moment) -> Result<class_run::Model> {
    let txn = entity::writing::begin(db).await?;
    let mut row = open(&txn, id).await?.into_active_model();
    row.state = Set(ClassState::Refused);
    row.signing = Set(None);
    let over = row.update(&txn).await?;
    note(&txn, &over, Verb::ClassCallOff, over.title.clone(), by, now).await?;
    txn.commit().await?;
    Ok(over)
}

/// Hand a class in that is over: who was there how long is fixed, and waits for somebody else's decision.
///
/// # Errors
/// [`Error::NoSuchClass`], [`Error::ClassState`]; [`Error::BadClass`] before its last day, or with an empty roster.
pub async fn hand_in(db: &DatabaseConnection, id: ClassId, by: AccountId, now: Moment) -> Result<class_run::Model> {
    let txn = entity::writing::begin(db).await?;
    let class = open(&txn, id).await?;
    if class.ends_on > now.day() {
        return Err(Error::BadClass("not over yet"));
    }
    let roster = class_attendance::Entity::find().filter(class_attendance::Column::ClassRunId.eq(id));
    if roster.count(&txn).await? == 0 {
        return Err(Error::BadClass("roster"));
    }
    seats::fix_attendance(&txn, id).await?;
    let mut row = class.into_active_model();
    row.state = Set(ClassState::HandedIn);
    row.signing = Set(None);
    row.handed_in_by = Set(Some(by));
    row.handed_in_at = Set(Some(now));
    let handed_in = row.update(&txn).await?;
    note(&txn, &handed_in, Verb::ClassHandIn, handed_in.title.clone(), by, now).await?;
    txn.commit().await?;
    Ok(handed_in)
}

/// Write the same of many on the roster: a class of thousands must not take as many statements.
pub(super) async fn set_attendance(
    txn: &DatabaseTransaction,
    class: ClassId,
    people: &[PersonId],
    said: &class_attendance::ActiveModel,
) -> Result<()> {
    for chunk in people.chunks(500) {
        class_attendance::Entity::update_many()
            .set(said.clone())
            .filter(class_attendance::Column::ClassRunId.eq(class))
            .filter(class_attendance::Column::PersonId.is_in(chunk.iter().copied()))
            .exec(txn)
            .await?;
    }
    Ok(())
}

/// The class, held until the transaction ends.
///
/// # Errors
/// [`Error::NoSuchClass`].
pub(super) async fn held(txn: &DatabaseTransaction, id: ClassId) -> Result<class_run::Model> {
    class_run::Entity::find_by_id(id).lock_exclusive().one(txn).await?.ok_or(Error::NoSuchClass(id))
}

/// The class, held, if it is one that is open.
///
/// # Errors
/// [`Error::NoSuchClass`], [`Error::ClassState`].
pub(super) async fn open(txn: &DatabaseTransaction, id: ClassId) -> Result<class_run::Model> {
    let class = held(txn, id).await?;
    match (class.source, class.state) {
        (Source::Class, ClassState::Open) => Ok(class),
        (_, state) => Err(Error::ClassState(state)),
    }
}

/// A line of the audit log about a class.
pub(super) async fn note(
    db: &impl ConnectionTrait,
    class: &class_run::Model,
    action: Verb,
    detail: String,
    by: AccountId,
    now: Moment,
) -> Result<()> {
    let line = audit::line(now, Some(by), action, format!("class:{}", class.id), detail);
    line.insert(db).await?;
    Ok(())
}

/// The text on its way into a row: trimmed, without the NUL that PostgreSQL refuses; `None` when it is too long.
pub(super) fn within(text: &str, most: usize) -> Option<String> {
    let text = text.replace("\r\n", "\n").replace('\0', "");
    let text = text.trim();
    (text.chars().count() <= most).then(|| text.to_owned())
}

impl Draft {
    fn checked(self, today: Day) -> Result<Self> {
        let title = within(&self.title, 200).filter(|title| !title.is_empty()).ok_or(Error::BadClass("title"))?;
        let topics = within(&self.topics, 500).ok_or(Error::BadClass("topics"))?;
        let teacher = within(&self.teacher, 200).ok_or(Error::BadClass("teacher"))?;
        let place = within(&self.place, 200).ok_or(Error::BadClass("place"))?;
        let days = (self.ends_on - self.starts_on).num_days() + 1;
        if !(1..=366).contains(&days) || (self.ends_on - today).num_days().abs() > 366 {
            return Err(Error::BadClass("ends_on"));
        }
        if !(1..=MOST_HALF_DAYS).contains(&self.half_days) || i64::from(self.half_days) > days * 2 {
            return Err(Error::BadClass("half_days"));
        }
        Ok(Self { title, topics, teacher, place, ..self })
    }

    fn of_level(&self, level: UnitLevel) -> NewClass {
        NewClass {
            level,
            title: self.title.clone(),
            unit_id: self.unit_id,
            place: self.place.clone(),
            teacher: self.teacher.clone(),
            starts_on: self.starts_on,
            ends_on: self.ends_on,
            half_days: self.half_days,
        }
    }
}
