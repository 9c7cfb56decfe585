//! Table `person_pin`.

use crate::ids::PersonId;
use crate::moment::Moment;
use sea_orm::entity::prelude::*;

/// The PIN of somebody without a telephone, for signing in to a room at its terminal.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "person_pin")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub person_id: PersonId,
    /// argon2id of the PIN.
    #[sea_orm(column_type = "Text")]
    pub hash: String,
    /// When it was given.
    pub set_at: Moment,
    /// Wrong tries in a row.
    pub failed_count: i32,
    /// The last wrong try.
    pub failed_at: Option<Moment>,
}

impl ActiveModelBehavior for ActiveModel {}
