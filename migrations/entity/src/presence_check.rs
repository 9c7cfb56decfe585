//! Table `presence_check`.

use crate::ids::{AccountId, PersonId, PlaybackId, PresenceCheckId};
use crate::moment::Moment;
use sea_orm::entity::prelude::*;

/// A name drawn during a group session, for the site manager to confirm.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "presence_check")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: PresenceCheckId,
    /// Which playback.
    pub playback_id: PlaybackId,
    /// Whose name was drawn.
    pub person_id: PersonId,
    /// When.
    pub asked_at: Moment,
    /// What was answered; `None` while nobody has.
    pub present: Option<bool>,
    /// Who answered.
    pub answered_by: Option<AccountId>,
    /// When.
    pub answered_at: Option<Moment>,
}

impl ActiveModelBehavior for ActiveModel {}
