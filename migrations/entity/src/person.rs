//! Table `person`.

use crate::ids::{PersonId, UnitId};
use crate::moment::{Day, Moment};
use sea_orm::entity::prelude::*;

/// Someone who learns and is assessed. Same names are normal: `code` tells people apart.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "person")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: PersonId,
    /// The roster number; unique, text, leading zeros matter.
    #[sea_orm(column_type = "Text")]
    pub code: String,
    /// The name.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// The name in toneless pinyin, syllables separated by spaces, for roll-call by initial.
    #[sea_orm(column_type = "Text")]
    pub pinyin: String,
    /// The unit they belong to now.
    pub unit_id: UnitId,
    /// `男` or `女`.
    #[sea_orm(column_type = "Text", nullable)]
    pub gender: Option<String>,
    /// The civil year of birth.
    pub birth_year: Option<i32>,
    /// A phone number; shown only masked in lists.
    #[sea_orm(column_type = "Text", nullable)]
    pub phone: Option<String>,
    /// The day they left the roster.
    pub left_on: Option<Day>,
    /// When the row was made.
    pub created_at: Moment,
}

impl ActiveModelBehavior for ActiveModel {}
