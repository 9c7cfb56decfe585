//! Table `search_count`.

use crate::ids::UnitId;
use crate::moment::Day;
use crate::words::SearchTier;
use sea_orm::entity::prelude::*;

/// How often something was searched for in a county on a day. Holds nothing of the person who asked.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "search_count")]
pub struct Model {
    /// The civil day.
    #[sea_orm(primary_key, auto_increment = false)]
    pub day: Day,
    /// The county (or higher unit) of those who asked.
    #[sea_orm(primary_key, auto_increment = false)]
    pub unit_id: UnitId,
    /// How it was answered.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tier: SearchTier,
    /// What groups spellings of one wish: the folded query in pinyin.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub meaning: String,
    /// The spelling that was seen first that day.
    #[sea_orm(column_type = "Text")]
    pub query: String,
    /// How often.
    pub asked: i64,
}

impl ActiveModelBehavior for ActiveModel {}
