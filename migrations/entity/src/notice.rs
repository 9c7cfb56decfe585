//! Table `notice`.

use crate::ids::{AccountId, NoticeId};
use crate::moment::Moment;
use sea_orm::entity::prelude::*;

/// Something one account is told on its pages until it has seen it.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notice")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: NoticeId,
    /// Who is told.
    pub account_id: AccountId,
    /// What it is about, such as `lesson.return`.
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    /// The key of the lesson or whatever the kind is about.
    pub subject_id: i64,
    /// A Chinese sentence.
    #[sea_orm(column_type = "Text")]
    pub text: String,
    /// Since when.
    pub created_at: Moment,
    /// When it was seen, or no longer mattered.
    pub seen_at: Option<Moment>,
}

impl ActiveModelBehavior for ActiveModel {}
