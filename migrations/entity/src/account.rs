//! Table `account`.

use crate::ids::{AccountId, DeviceId, PersonId};
use crate::moment::Moment;
use sea_orm::entity::prelude::*;

/// A login of a person or of a classroom device.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: AccountId,
    /// What is typed to sign in; unique.
    #[sea_orm(column_type = "Text")]
    pub login: String,
    /// argon2id in PHC form; empty for a device.
    #[sea_orm(column_type = "Text")]
    pub password_hash: String,
    /// Whose account it is.
    pub person_id: Option<PersonId>,
    /// Which terminal it is.
    pub device_id: Option<DeviceId>,
    /// The first password was given by somebody else.
    pub must_change_password: bool,
    /// Raised to end every access token at once.
    pub session_epoch: i32,
    /// When the account was closed.
    pub disabled_at: Option<Moment>,
    /// When it was made.
    pub created_at: Moment,
}

impl ActiveModelBehavior for ActiveModel {}
