//! The rows behind requests that are done once: who works on one, what was answered, and how long that is kept.
//!
//! The unique key of account and request decides who of many is first, in one process or several.

use crate::database::Database;
use actix_web::http::StatusCode;
use entity::kept_answer::{self, Attempt, Column, Entity};
use entity::{AccountId, KeptAnswerId, Moment};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbErr,
    EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};

/// How long an answer is kept.
const KEPT_MS: i64 = 24 * 3_600_000;
/// Requests of one account that are kept: the oldest answers go first.
const MOST: u64 = 500;
/// After so long an attempt that has not been answered was cut off.
const CUT_OFF_MS: i64 = 60_000;

/// A request, as its row knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// By whom.
    pub account: AccountId,
    /// Which of theirs.
    pub request: String,
    /// What for.
    pub fingerprint: String,
}

/// What is kept of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its status.
    pub status: StatusCode,
    /// Its `Location`.
    pub location: Option<String>,
    /// Its `Content-Type`.
    pub content_type: Option<String>,
    /// Its body; `None` for one that is not kept.
    pub body: Option<String>,
}

/// What became of a request.
#[derive(Debug)]
pub enum Found {
    /// Nothing: it is to be done, and nobody else does it.
    Nothing(Attempt),
    /// It was done, and this was the answer.
    Done(Kept),
    /// It was done, and the answer is not there.
    DoneUnseen,
    /// Somebody is at it.
    Running,
    /// The key stands for something else.
    AnotherThing,
}

impl Kept {
    /// An answer of which only the status is known: a refusal, or none at all.
    pub fn unseen(status: StatusCode) -> Self {
        Self { status, location: None, content_type: None, body: None }
    }
}

/// What became of this request; whoever finds nothing is the one to do it.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &Database, asked: &Asked, now: Moment) -> Result<Found, DbErr> {
    let Some(row) = row_of(asked).one(&db.read).await? else { return begin(db, asked, now).await };
    if row.fingerprint != asked.fingerprint {
        return Ok(Found::AnotherThing);
    }
    let was_cut_off = now.since(row.begun_at) > CUT_OFF_MS;
    match row.status {
        Some(_) => Ok(answered(row)),
        None if !was_cut_off => Ok(Found::Running),
        None if row.acted => Ok(Found::DoneUnseen),
        None => take_over(db, &row, now).await,
    }
}

/// Keep what was answered if this attempt wrote anything; else the request is free to be asked again.
///
/// # Errors
/// When the database fails. The row then stays as one that is being worked on, until it counts as cut off.
pub async fn settle(db: &impl ConnectionTrait, attempt: Attempt, kept: Kept) -> Result<(), DbErr> {
    let own = Condition::all().add(Column::Id.eq(attempt.id)).add(Column::Attempt.eq(attempt.number));
    let answer = kept_answer::ActiveModel {
        status: Set(Some(i32::from(kept.status.as_u16()))),
        location: Set(kept.location),
        content_type: Set(kept.content_type),
        body: Set(kept.body),
        ..Default::default()
    };
    let acted = Entity::update_many().set(answer).filter(own.clone()).filter(Column::Acted.eq(true)).exec(db).await?;
    if acted.rows_affected == 0 {
        Entity::delete_many().filter(own).filter(Column::Acted.eq(false)).exec(db).await?;
    }
    Ok(())
}

/// Forget what was asked a day ago; answers how many that were.
///
/// # Errors
/// When the database fails.
pub async fn forget_old(db: &impl ConnectionTrait, now: Moment) -> Result<u64, DbErr> {
    let old = Entity::delete_many().filter(Column::BegunAt.lt(now.plus_ms(-KEPT_MS)));
    Ok(old.exec(db).await?.rows_affected)
}

fn row_of(asked: &Asked) -> Select<Entity> {
    Entity::find().filter(Column::AccountId.eq(asked.account)).filter(Column::Request.eq(&asked.request))
}

async fn begin(db: &Database, asked: &Asked, now: Moment) -> Result<Found, DbErr> {
    let txn = db.begin().await?;
    let row = kept_answer::ActiveModel {
        id: NotSet,
        account_id: Set(asked.account),
        request: Set(asked.request.clone()),
        fingerprint: Set(asked.fingerprint.clone()),
        begun_at: Set(now),
        attempt: Set(1),
        acted: Set(false),
        status: Set(None),
        location: Set(None),
        content_type: Set(None),
        body: Set(None),
    };
    let first = OnConflict::columns([Column::AccountId, Column::Request]).do_nothing().to_owned();
    if Entity::insert(row).on_conflict(first).exec_without_returning(&txn).await? == 0 {
        return Ok(Found::Running); // somebody was faster by a hair
    }
    let row = row_of(asked).one(&txn).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("a request that was just noted".to_owned()))?;
    make_room(&txn, asked.account).await?;
    txn.commit().await?;
    Ok(Found::Nothing(Attempt { id: row.id, number: row.attempt }))
}

/// The next attempt at what was cut off before it did anything. Should it have been slow only, its transaction either was
/// noted before this statement, which then finds nothing to take, or will be refused.
async fn take_over(db: &Database, row: &kept_answer::Model, now: Moment) -> Result<Found, DbErr> {
    let next = Attempt { id: row.id, number: row.attempt.saturating_add(1) };
    let taken = Entity::update_many()
        .set(kept_answer::ActiveModel { attempt: Set(next.number), begun_at: Set(now), ..Default::default() })
        .filter(Column::Id.eq(row.id))
        .filter(Column::Attempt.eq(row.attempt))
        .filter(Column::Acted.eq(false))
        .exec(&db.write)
        .await?;
    Ok(if taken.rows_affected == 0 { Found::Running } else { Found::Nothing(next) })
}

async fn make_room(txn: &DatabaseTransaction, account: AccountId) -> Result<(), DbErr> {
    let own = Entity::find().filter(Column::AccountId.eq(account)).order_by_desc(Column::Id);
    let too_many = own.select_only().column(Column::Id).offset(MOST).limit(1);
    if let Some(newest) = too_many.into_tuple::<KeptAnswerId>().one(txn).await? {
        Entity::delete_many()
            .filter(Column::AccountId.eq(account))
            .filter(Column::Id.lte(newest))
            .filter(Column::Status.is_not_null())
            .exec(txn)
            .await?;
    }
    Ok(())
}

fn answered(row: kept_answer::Model) -> Found {
    let status = row.status.and_then(|status| u16::try_from(status).ok()).map(StatusCode::from_u16);
    match (status, row.body) {
        (Some(Ok(status)), Some(body)) => {
            Found::Done(Kept { status, location: row.location, content_type: row.content_type, body: Some(body) })
        }
        _ => Found::DoneUnseen,
    }
}
