//! How a classroom terminal is paired: the television asks and shows six digits, somebody who may approves them.
//!
//! The terminal alone knows a secret of 256 random bits, of which the table keeps the SHA-256, and fetches its sign-in
//! with it. The digits only lead the approver to the right row: whoever guesses some binds a stranger's television to
//! their own village, which opens nothing to them. They live ten minutes and work once. The secret stays good until the
//! terminal is heard of with its new session: the answer that brings it may be lost on a thin line, and is asked for again.
//!
//! Whether the approver's roles reach the unit, and how often anybody may ask or guess, are the server's questions.

use crate::account::{self, NewAccount};
use crate::hashing::fingerprint;
use crate::{Error, Result, audit, device, grants, org, session};
use entity::{AccountId, DeviceId, Moment, PairingId, Role, UnitId, Verb, pairing};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter,
    QuerySelect, Set,
};

/// How long the six digits live, and how long an approved terminal may take to fetch its sign-in.
pub const LIFE_MS: i64 = 10 * 60 * 1000;

/// The most rows at once: every station of a city may ask in the same minute, and one guess in five hundred hits nothing
/// worth having. More are turned away until some have expired.
pub const MOST: u64 = 2_000;

/// Draws before it is admitted that six digits are hard to find; with [`MOST`] rows a second draw is rare.
const DRAWS: usize = 50;

/// What a terminal is told when it asks.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Six digits to show.
    pub code: String,
    /// What it alone knows; shown this once.
    pub secret: String,
    /// When both die.
    pub expires_at: Moment,
}

/// How a terminal's question stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has approved it yet; it dies then.
    Waiting(Moment),
    /// It is this terminal now.
    Approved(DeviceId),
}

/// Opens a question and returns its six digits, which no other open one has. `draw` gives numbers below a million.
///
/// # Errors
/// [`Error::TooManyPairings`].
pub async fn ask(db: &DatabaseConnection, draw: impl FnMut() -> u32, now: Moment) -> Result<Asked> {
    let secret = session::random_token();
    let txn = entity::writing::begin(db).await?;
    make_room(&txn, now).await?;
    let code = free_code(&txn, draw, now).await?;
    let row = pairing::ActiveModel {
        code: Set(code.clone()),
        secret_hash: Set(fingerprint(&secret)),
        asked_at: Set(now),
        expires_at: Set(now.plus_ms(LIFE_MS)),
        ..Default::default()
    };
    let row = row.insert(&txn).await?;
    txn.commit().await?;
    Ok(Asked { code, secret, expires_at: row.expires_at })
}

/// How the question with this secret stands. The work is the same whether there is one or not: a hash and one look.
///
/// # Errors
/// [`Error::PairingOver`] when it was never asked, has expired, or its terminal is at work already.
pub async fn standing(db: &impl ConnectionTrait, secret: &str, now: Moment) -> Result<Standing> {
    let known = pairing::Column::SecretHash.eq(fingerprint(secret)).and(pairing::Column::ExpiresAt.gt(now));
    let row = pairing::Entity::find().filter(known).one(db).await?.ok_or(Error::PairingOver)?;
    Ok(row.device_id.map_or(Standing::Waiting(row.expires_at), Standing::Approved))
}

/// Makes the terminal that shows these digits one of this unit: its account is ready when it asks next.
///
/// # Errors
/// [`Error::WrongCode`] when no open question has these digits, [`Error::NoSuchUnit`], [`Error::BadDeviceName`].
pub async fn approve(
    db: &DatabaseConnection,
    code: &str,
    unit_id: UnitId,
    name: &str,
    by: Option<AccountId>,
    now: Moment,
) -> Result<DeviceId> {
    let name = device::parse_name(name)?;
    let code = digits(code).ok_or(Error::WrongCode)?;
    let txn = entity::writing::begin(db).await?;
    org::unit(&txn, unit_id).await?;
    let asked = the_one_with(&txn, &code, now).await?;
    let id = device::add(&txn, unit_id, &name, now).await?;
    spend(&txn, asked, id, now).await?;
    let login = format!("device:{id}");
    let new = NewAccount { login: &login, password: None, person_id: None, device_id: Some(id), must_change: false };
    let account = account::create(&txn, new, by, now).await?;
    grants::give(&txn, account, Role::Device, unit_id, by, now).await?;
    audit::note(&txn, by, Verb::DevicePair, login, name, now).await?;
    txn.commit().await?;
    Ok(id)
}

/// Drops what has expired; answers how much.
///
/// # Errors
/// When the database fails.
pub async fn sweep(db: &impl ConnectionTrait, now: Moment) -> Result<u64> {
    let over = pairing::Entity::delete_many().filter(pairing::Column::ExpiresAt.lte(now));
    Ok(over.exec(db).await?.rows_affected)
}

/// Ends the secret of this terminal: it is at work, or revoked.
pub(crate) async fn end(db: &impl ConnectionTrait, device: DeviceId) -> Result<()> {
    pairing::Entity::delete_many().filter(pairing::Column::DeviceId.eq(device)).exec(db).await?;
    Ok(())
}

async fn make_room(txn: &impl ConnectionTrait, now: Moment) -> Result<()> {
    if pairing::Entity::find().count(txn).await? < MOST {
        return Ok(());
    }
    sweep(txn, now).await?;
    if pairing::Entity::find().count(txn).await? < MOST { Ok(()) } else { Err(Error::TooManyPairings) }
}

async fn free_code(txn: &impl ConnectionTrait, mut draw: impl FnMut() -> u32, now: Moment) -> Result<String> {
    for _ in 0..DRAWS {
        let code = format!("{:06}", draw() % 1_000_000);
        if pairing::Entity::find().filter(open(&code, now)).one(txn).await?.is_none() {
            return Ok(code);
        }
    }
    Err(Error::TooManyPairings)
}

/// Two processes on PostgreSQL may have drawn the same digits in the same moment: then they lead nowhere, rather than to
/// the wrong television.
async fn the_one_with(txn: &impl ConnectionTrait, code: &str, now: Moment) -> Result<PairingId> {
    let found = pairing::Entity::find().filter(open(code, now)).limit(2).all(txn).await?;
    match found.as_slice() {
        [one] => Ok(one.id),
        _ => Err(Error::WrongCode),
    }
}

/// In one statement, so that of two approvals exactly one wins.
async fn spend(txn: &impl ConnectionTrait, asked: PairingId, device: DeviceId, now: Moment) -> Result<()> {
    let spent = pairing::Entity::update_many()
        .col_expr(pairing::Column::DeviceId, Expr::value(device))
        .col_expr(pairing::Column::ExpiresAt, Expr::value(now.plus_ms(LIFE_MS)))
        .filter(pairing::Column::Id.eq(asked).and(pairing::Column::DeviceId.is_null()))
        .exec(txn)
        .await?;
    if spent.rows_affected == 1 { Ok(()) } else { Err(Error::WrongCode) }
}

fn open(code: &str, now: Moment) -> Expr {
    pairing::Column::Code.eq(code).and(pairing::Column::ExpiresAt.gt(now)).and(pairing::Column::DeviceId.is_null())
}

/// Six digits as people type them: in groups, or in the wide forms of a Chinese keyboard.
fn digits(text: &str) -> Option<String> {
    let mut code = String::with_capacity(6);
    for c in text.chars().filter(|c| !c.is_whitespace() && *c != '-') {
        let narrow = match c {
            '０'..='９' => char::from_digit(u32::from(c) - u32::from('０'), 10)?,
            '0'..='9' => c,
            _ => return None,
        };
        code.push(narrow);
        if code.len() > 6 {
            return None;
        }
    }
    (code.len() == 6).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_as_people_type_them_and_nothing_else_is() {
        for typed in ["012345", " 012 345 ", "012-345", "０１２３４５"] {
            assert_eq!(digits(typed).as_deref(), Some("012345"), "{typed}");
        }
        for typed in ["", "12345", "1234567", "12345a", "\0", "一二三四五六", "٠١٢٣٤٥"] {
            assert_eq!(digits(typed), None, "{typed}");
        }
    }
}
