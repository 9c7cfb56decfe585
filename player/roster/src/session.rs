//! Refresh tokens: one family a sign-in, each token spent once.
//!
//! A token is 256 random bits that only the caller ever sees; the table keeps its SHA-256. Reuse of a spent token
//! means that somebody has a copy, so the whole family ends (RFC 9700 section 4.14.2). A family is a session. Access
//! tokens are the server's; each says of which session it is.

use crate::hashing::fingerprint;
use crate::{Error, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entity::{AccountId, Moment, account, refresh_token};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter, QuerySelect,
    Set,
};
use std::collections::{HashMap, HashSet};

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
    /// The name of its session, which opens nothing.
    pub family: String,
    /// When the family dies.
    pub expires_at: Moment,
}

/// A session: one sign-in and all that follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Whose.
    pub account_id: AccountId,
    /// Its name: random, one a sign-in.
    pub family: String,
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
    end_one(&txn, row.account_id, &row.family, now).await?;
    txn.commit().await?;
    Err(Error::TokenReused)
}

/// The session of this token, when it is valid and unspent. Spends nothing: pages ask with every request.
pub async fn of_token(db: &impl ConnectionTrait, token: &str, now: Moment) -> Result<Option<Session>> {
    let row = refresh_token::Entity::find().filter(live(token, now)).one(db).await?;
    Ok(row.map(|row| Session { account_id: row.account_id, family: row.family }))
}

/// Ends the session of this token: a sign-out. Answers whose it was; an unknown token is no error.
pub async fn end(db: &impl ConnectionTrait, token: &str, now: Moment) -> Result<Option<AccountId>> {
    let Some(row) = by_token(db, token).await? else { return Ok(None) };
    end_one(db, row.account_id, &row.family, now).await?;
    Ok(Some(row.account_id))
}

/// Ends the session with this name.
pub async fn end_one(db: &impl ConnectionTrait, account_id: AccountId, family: &str, now: Moment) -> Result<()> {
    let named = refresh_token::Column::Family.eq(family).and(refresh_token::Column::AccountId.eq(account_id));
    revoke(db, named, now).await?;
    // Naming the epoch, which stays, lets the database note that the account is to be read anew, by other servers, too.
    account::Entity::update_many()
        .col_expr(account::Column::SessionEpoch, Expr::col(account::Column::SessionEpoch))
        .filter(account::Column::Id.eq(account_id))
        .exec(db)
        .await?;
    Ok(())
}

/// The names of the sessions of these accounts that were ended at that time or later.
pub async fn ended_since(
    db: &impl ConnectionTrait,
    accounts: impl IntoIterator<Item = AccountId>,
    since: Moment,
) -> Result<HashMap<AccountId, HashSet<String>>> {
    let rows: Vec<(AccountId, String)> = refresh_token::Entity::find()
        .select_only()
        .columns([refresh_token::Column::AccountId, refresh_token::Column::Family])
        .filter(refresh_token::Column::AccountId.is_in(entity::padded(accounts)))
        .filter(refresh_token::Column::RevokedAt.gte(since))
        .distinct()
        .into_tuple()
        .all(db)
        .await?;
    let mut ended: HashMap<AccountId, HashSet<String>> = HashMap::new();
    for (account, family) in rows {
        ended.entry(account).or_default().insert(family);
    }
    Ok(ended)
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
        family: Set(family.clone()),
        token_hash: Set(fingerprint(&token)),
        issued_at: Set(now),
        expires_at: Set(expires_at),
        ..Default::default()
    };
    row.insert(txn).await?;
    Ok(Issued { token, family, expires_at })
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
