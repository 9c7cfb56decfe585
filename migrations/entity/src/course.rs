//! Table `course`.

use crate::ids::{AccountId, CourseId, UnitId};
use crate::moment::Moment;
use crate::words::Category;
use sea_orm::entity::prelude::*;

/// An ordered list of lessons.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "course")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: CourseId,
    /// The name in addresses; unique.
    #[sea_orm(column_type = "Text")]
    pub slug: String,
    /// The title.
    #[sea_orm(column_type = "Text")]
    pub title: String,
    /// What it teaches.
    #[sea_orm(column_type = "Text")]
    pub summary: String,
    /// What it is about.
    pub category: Category,
    /// The unit that keeps it.
    pub unit_id: UnitId,
    /// Whom it is for: everyone of this subtree.
    pub audience_unit_id: UnitId,
    /// Who made it.
    pub created_by: Option<AccountId>,
    /// When it was made.
    pub created_at: Moment,
    /// When it last changed.
    pub updated_at: Moment,
    /// Rises by one with every change (optimistic locking).
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
