//! Table `kept_answer`: requests that are done once however often they are asked, and what was answered.
//!
//! A request holds its row from before it begins. Whatever it writes says so in the row by the same transaction, so that
//! afterwards, also after a crash, the row knows whether anything was done.

use crate::ids::{AccountId, KeptAnswerId};
use crate::moment::Moment;
use sea_orm::DatabaseTransaction;
use sea_orm::entity::prelude::*;
use std::future::Future;

/// A request of somebody, and what became of it.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "kept_answer")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: KeptAnswerId,
    /// Who asked.
    pub account_id: AccountId,
    /// Which of their requests it is, as SHA-256 in hexadecimal; each once.
    #[sea_orm(column_type = "Text")]
    pub request: String,
    /// What it asked for, as SHA-256 in hexadecimal.
    #[sea_orm(column_type = "Text")]
    pub fingerprint: String,
    /// When the attempt began that holds it.
    pub begun_at: Moment,
    /// Which attempt holds it, from 1: another one takes it over when the one before it was cut off.
    pub attempt: i32,
    /// Whether a transaction of it was committed.
    pub acted: bool,
    /// The status of the answer; none while it is being worked on.
    pub status: Option<i32>,
    /// The answer's `Location`.
    #[sea_orm(column_type = "Text", nullable)]
    pub location: Option<String>,
    /// The answer's `Content-Type`.
    #[sea_orm(column_type = "Text", nullable)]
    pub content_type: Option<String>,
    /// The answer's body; none when it was not kept.
    #[sea_orm(column_type = "Text", nullable)]
    pub body: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

/// An attempt at a request that is done once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The row it holds.
    pub id: KeptAnswerId,
    /// Its number.
    pub number: i32,
}

tokio::task_local! {
    static ATTEMPT: Attempt;
}

impl Attempt {
    /// Do the work of this attempt: what it writes is noted as done, and refused once another attempt holds the request.
    pub async fn at<F: Future>(self, work: F) -> F::Output {
        ATTEMPT.scope(self, work).await
    }
}

/// Notes in a transaction that is going to write that it is the doing of the attempt at work, if one is. Should the
/// transaction not be committed, the note is not either.
///
/// # Errors
/// When the database fails, and when another attempt holds the request by now.
pub(crate) async fn note_acting(txn: &DatabaseTransaction) -> Result<(), DbErr> {
    let Ok(attempt) = ATTEMPT.try_with(|attempt| *attempt) else { return Ok(()) };
    let noted = Entity::update_many()
        .col_expr(Column::Acted, Expr::value(true))
        .filter(Column::Id.eq(attempt.id))
        .filter(Column::Attempt.eq(attempt.number))
        .exec(txn)
        .await?;
    match noted.rows_affected {
        0 => Err(DbErr::Custom("another attempt at this request has taken over".to_owned())),
        _ => Ok(()),
    }
}
