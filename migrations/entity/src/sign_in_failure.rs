//! Table `sign_in_failure`.

use crate::moment::Moment;
use sea_orm::entity::prelude::*;

/// Wrong passwords typed for one login, whether there is such an account or not.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sign_in_failure")]
pub struct Model {
    /// SHA-256 of the login in small letters, in hex.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub login: String,
    /// How many since the last right one.
    pub count: i32,
    /// When the last one came.
    pub at: Moment,
}

impl ActiveModelBehavior for ActiveModel {}
