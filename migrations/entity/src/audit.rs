//! Table `audit`.

use crate::ids::{AccountId, AuditId};
use crate::moment::Moment;
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::entity::prelude::*;
use std::future::Future;

mod verb;
pub use verb::Verb;

/// Who did what to what. Only ever added: triggers refuse to change or remove a line.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: AuditId,
    /// When.
    pub at: Moment,
    /// Who; `None` for the command line.
    pub account_id: Option<AccountId>,
    /// What was done: a [`Verb`], or a word of another release.
    #[sea_orm(column_type = "Text")]
    pub action: String,
    /// Kind and id, such as `lesson:12`.
    #[sea_orm(column_type = "Text")]
    pub target: String,
    /// What changed, without secrets.
    #[sea_orm(column_type = "Text")]
    pub detail: String,
    /// The network address it was asked from; `None` for the command line and the server's own work.
    #[sea_orm(column_type = "Text", nullable)]
    pub address: Option<String>,
}

tokio::task_local! {
    static ADDRESS: String;
}

/// Do something asked from this address: every line written meanwhile carries it.
pub async fn asked_from<F: Future>(address: String, work: F) -> F::Output {
    ADDRESS.scope(address, work).await
}

/// A line, ready to be inserted in the transaction of what it tells.
pub fn line(at: Moment, by: Option<AccountId>, verb: Verb, target: String, detail: String) -> ActiveModel {
    ActiveModel {
        id: NotSet,
        at: Set(at),
        account_id: Set(by),
        action: Set(verb.as_str().to_owned()),
        target: Set(target),
        detail: Set(detail),
        address: Set(ADDRESS.try_with(String::clone).ok()),
    }
}

impl ActiveModelBehavior for ActiveModel {}
