//! Table `presence`.

use crate::ids::{AccountId, GuestId, PersonId, PlaybackId, PresenceId};
use crate::moment::Moment;
use crate::words::MarkedHow;
use sea_orm::entity::prelude::*;

/// One stay of a person in a classroom during a group playback.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "presence")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: PresenceId,
    /// Which playback.
    pub playback_id: PlaybackId,
    /// Who.
    pub person_id: PersonId,
    /// From when.
    pub arrived_at: Moment,
    /// Until when; `None` until they leave or it ends.
    pub left_at: Option<Moment>,
    /// Who called the roll.
    pub marked_by: Option<AccountId>,
    /// In which way.
    pub marked_how: MarkedHow,
    /// The guest who was found to be this person.
    pub guest_id: Option<GuestId>,
}

impl ActiveModelBehavior for ActiveModel {}
