//! Table `star_mark`.

use crate::ids::{AccountId, StarMarkId, UnitId};
use crate::moment::Moment;
use sea_orm::entity::prelude::*;

/// Points that the office gave a village for one item of the star rating, with evidence. Only ever added: the newest counts.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "star_mark")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: StarMarkId,
    /// The village or site.
    pub unit_id: UnitId,
    /// The civil year.
    pub year: i32,
    /// The item's short name.
    #[sea_orm(column_type = "Text")]
    pub item: String,
    /// Whole points.
    pub points: i64,
    /// Why so many.
    #[sea_orm(column_type = "Text")]
    pub reason: String,
    /// The file that proves it.
    #[sea_orm(column_type = "Text")]
    pub evidence_sha256: String,
    /// The name it came with.
    #[sea_orm(column_type = "Text")]
    pub evidence_name: String,
    /// Who gave them.
    pub author_id: AccountId,
    /// When.
    pub marked_at: Moment,
}

impl ActiveModelBehavior for ActiveModel {}
