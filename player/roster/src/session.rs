//! Refresh tokens: one family a sign-in, each token spent once.
//!
//! A token is 256 random bits that only the caller ever sees; the table keeps its SHA-256. Reuse of a spent token
//! means that somebody has a copy, so the whole family ends (RFC 9700 section 4.14.2). Access tokens are the server's.

use crate::hashing::fingerprint;
use crate::{Error, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entity::{AccountId, Moment, account, refresh_token};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter, Set,
};

const DAY_MS: i64 = 24 * 3600 * 1000;

/// A person signs in again 30 days after the last sign-in, however often the token was exchanged.
const FAMILY_OF_PERSON_MS: i64 = 30 * DAY_MS;

/// A terminal stays paired until it is revoked: nobody in the village could pair it again every month.
const FAMILY_OF_DEVICE_MS: i64 = 5 * 365 * DAY_MS;

/// A refresh token, just made.
#[derive(Clone, Debug)]
pub struct Issued {
    /// 256 random bits in base64url; shown this once.
    pub token: String,
    /// When the family dies.
    pub expires_at: Moment,
}

/// Starts a family after a sign-in, and forgets the account's families that are long over.
///
/// # Errors
/// [`Error::NoSuchAccount`], [`Error::Disabled`].
pub async fn begin(db: &DatabaseConnection, account_id: AccountId, now: Moment) -> Result<Issued> {
    let txn = entity::writing::begin(db).await?;
    let dead = refresh_token::Column::AccountId.eq(account_id).and(refresh_token::Column::ExpiresAt.lt(now));
    refresh_token::Entity::delete_many().filter(dead).exec(&txn).await?;
    let account = account::Entity::find_by_id(account_id).one(&txn).await?.ok_or(Error::NoSuchAccount)?;
    if account.disabled_at.is_some() {
        return Err(Error::Disabled);
    }
    let life = if account.device_id.is_some() { FAMILY_OF_DEVICE_MS } else { FAMILY_OF_PERSON_MS };
    let issued = insert(&txn, account_id, random_token(), now.plus_ms(life), now).await?;
    txn.commit().await?;
    Ok(issued)
}

/// Exchanges a token for the next of its family. The family's end stays where the sign-in put it.
///
/// # Errors
/// [`Error::TokenReused`] when the token was spent before; the family is then revoked.
/// [`Error::SessionOver`] when it is unknown, expired or revoked.
pub async fn rotate(db: &DatabaseConnection, token: &str, now: Moment) -> Result<(AccountId, Issued)> {
    let txn = entity::writing::begin(db).await?;
    // Spending comes first, in one statement, so that of two racing exchanges exactly one wins.
    let spent = refresh_token::Entity::update_many()
        .col_expr(refresh_token::Column::UsedAt, Expr::value(now))
        .filter(live(token, now))
        .exec(&txn)
        .await?;
    let row = by_token(&txn, token).await?.ok_or(Error::SessionOver)?;
    if spent.rows_affected == 1 {
        let issued = insert(&txn, row.account_id, row.family, row.expires_at, now).await?;
        txn.commit().await?;
        return Ok((row.account_id, issued));
    }
    if row.used_at.is_none() || row.revoked_at.is_some() {
        return Err(Error::SessionOver);
    }
    revoke(&txn, refresh_token::Column::Family.eq(row.family), now).await?;
    txn.commit().await?;
    Err(Error::TokenReused)
}

/// Whose token this is, when it is valid and unspent. Spends nothing: pages ask with every request.
pub async fn owner(db: &impl ConnectionTrait, token: &str, now: Moment) -> Result<Option<AccountId>> {
    let row = refresh_token::Entity::find().filter(live(token, now)).one(db).await?;
    Ok(row.map(|row| row.account_id))
}

/// Ends the family of this token: a sign-out. An unknown token is no error.
pub async fn end(db: &impl ConnectionTrait, token: &str, now: Moment) -> Result<()> {
    if let Some(row) = by_token(db, token).await? {
        revoke(db, refresh_token::Column::Family.eq(row.family), now).await?;
    }
    Ok(())
}

/// Ends every family of the account and, by its epoch, every access token: a sign-out everywhere.
pub async fn end_all(db: &DatabaseConnection, account_id: AccountId, now: Moment) -> Result<()> {
    let txn = entity::writing::begin(db).await?;
    end_all_within(&txn, account_id, now).await?;
    Ok(txn.commit().await?)
}

/// [`end_all`] as part of a larger change.
pub(crate) async fn end_all_within(txn: &impl ConnectionTrait, account_id: AccountId, now: Moment) -> Result<()> {
    account::Entity::update_many()
        .col_expr(account::Column::SessionEpoch, Expr::col(account::Column::SessionEpoch).add(1))
        .filter(account::Column::Id.eq(account_id))
        .exec(txn)
        .await?;
    Ok(revoke(txn, refresh_token::Column::AccountId.eq(account_id), now).await?)
}

async fn insert(
    txn: &impl ConnectionTrait,
    account_id: AccountId,
    family: String,
    expires_at: Moment,
    now: Moment,
) -> Result<Issued, DbErr> {
    let token = random_token();
    let row = refresh_token::ActiveModel {
        account_id: Set(account_id),
        family: Set(family),
        token_hash: Set(fingerprint(&token)),
        issued_at: Set(now),
        expires_at: Set(expires_at),
        ..Default::default()
    };
    row.insert(txn).await?;
    Ok(Issued { token, expires_at })
}

async fn by_token(db: &impl ConnectionTrait, token: &str) -> Result<Option<refresh_token::Model>, DbErr> {
    refresh_token::Entity::find().filter(refresh_token::Column::TokenHash.eq(fingerprint(token))).one(db).await
}

async fn revoke(db: &impl ConnectionTrait, which: Expr, now: Moment) -> Result<(), DbErr> {
    refresh_token::Entity::update_many()
        .col_expr(refresh_token::Column::RevokedAt, Expr::value(now))
        .filter(which)
        .filter(refresh_token::Column::RevokedAt.is_null())
        .exec(db)
        .await
        .map(drop)
}

fn live(token: &str, now: Moment) -> Expr {
    refresh_token::Column::TokenHash
        .eq(fingerprint(token))
        .and(refresh_token::Column::UsedAt.is_null())
        .and(refresh_token::Column::RevokedAt.is_null())
        .and(refresh_token::Column::ExpiresAt.gt(now))
}

/// 256 random bits in base64url.
pub(crate) fn random_token() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}
