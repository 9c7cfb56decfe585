//! Table `refresh_token`.

use crate::ids::{AccountId, RefreshTokenId};
use crate::moment::Moment;
use sea_orm::entity::prelude::*;

/// A refresh token by its hash. Tokens that follow from one sign-in are a family: reuse of a spent one revokes all of it (RFC 9700 section 4.14.2).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "refresh_token")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key)]
    pub id: RefreshTokenId,
    /// Whose.
    pub account_id: AccountId,
    /// One random name a sign-in.
    #[sea_orm(column_type = "Text")]
    pub family: String,
    /// SHA-256 of the token in hex; unique.
    #[sea_orm(column_type = "Text")]
    pub token_hash: String,
    /// When it was given.
    pub issued_at: Moment,
    /// When it dies.
    pub expires_at: Moment,
    /// When it was exchanged for the next.
    pub used_at: Option<Moment>,
    /// When the family was ended.
    pub revoked_at: Option<Moment>,
}

impl ActiveModelBehavior for ActiveModel {}
