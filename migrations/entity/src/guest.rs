//! Table `guest`.

use crate::ids::{AccountId, GuestId, PersonId, PlaybackId};
use crate::moment::Moment;
use sea_orm::entity::prelude::*;

/// Somebody in a classroom who is not on its roster; perhaps found to be a person later.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "guest")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: GuestId,
    /// Which playback.
    pub playback_id: PlaybackId,
    /// Their name.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// Their village, as told; may be empty.
    #[sea_orm(column_type = "Text")]
    pub place: String,
    /// Their telephone number, as told.
    #[sea_orm(column_type = "Text", nullable)]
    pub phone: Option<String>,
    /// From when.
    pub arrived_at: Moment,
    /// Until when; `None` until they leave or it ends.
    pub left_at: Option<Moment>,
    /// Who wrote them down.
    pub marked_by: Option<AccountId>,
    /// Who they are, while matched.
    pub person_id: Option<PersonId>,
    /// Who matched them last, or took the match back.
    pub merged_by: Option<AccountId>,
    /// When.
    pub merged_at: Option<Moment>,
}

impl ActiveModelBehavior for ActiveModel {}
