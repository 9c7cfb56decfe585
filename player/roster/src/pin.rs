//! PINs: how somebody without a telephone signs themselves in at the terminal of their classroom.
//!
//! A PIN is six digits, kept as argon2id and never shown again. It opens nothing but one's own place in a room. Six
//! digits are few, so the waits between wrong tries grow to an hour; a right PIN after the wait clears them.

use crate::{Error, Result, audit, hashing};
use entity::{AccountId, Moment, PersonId, Verb, person_pin};
use rand::RngExt;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter, Set};

/// Digits of a PIN.
pub const LENGTH: usize = 6;

/// Wrong PINs in a row that cost nothing.
const FREE_FAILURES: i32 = 3;

/// The first wait, and the longest, in seconds.
const FIRST_WAIT_S: u64 = 30;
const LONGEST_WAIT_S: u64 = 3600;

/// Sets a person's own PIN.
///
/// # Errors
/// [`Error::WeakPin`].
pub async fn set(db: &DatabaseConnection, who: PersonId, pin: &str, by: AccountId, now: Moment) -> Result<()> {
    check_strength(pin)?;
    put(db, who, pin, (by, Verb::PinSet), now).await
}

/// Gives a person a PIN made at random and answers it: it is shown once.
///
/// # Errors
/// When the database fails.
pub async fn give(db: &DatabaseConnection, who: PersonId, by: AccountId, now: Moment) -> Result<String> {
    let pin = loop {
        let pin = format!("{:06}", rand::rng().random_range(0..1_000_000_u32));
        if check_strength(&pin).is_ok() {
            break pin;
        }
    };
    put(db, who, &pin, (by, Verb::PinGive), now).await?;
    Ok(pin)
}

/// Whether this person has a PIN.
///
/// # Errors
/// When the database fails.
pub async fn has(db: &impl ConnectionTrait, who: PersonId) -> Result<bool> {
    Ok(person_pin::Entity::find_by_id(who).one(db).await?.is_some())
}

/// Holds digits against a person's PIN.
///
/// # Errors
/// [`Error::WrongPin`], also for somebody who has none, and [`Error::PinWait`].
pub async fn check(db: &impl ConnectionTrait, who: PersonId, pin: &str, now: Moment) -> Result<()> {
    let _permit = hashing::permit().await?; // taken first, so that a burst of tries is counted before the next is read
    let Some(row) = person_pin::Entity::find_by_id(who).one(db).await? else {
        hashing::matches(pin, "").await?;
        return Err(Error::WrongPin);
    };
    if let Some(retry_after_s) = wait_s(&row, now) {
        return Err(Error::PinWait { retry_after_s });
    }
    let right = hashing::matches(pin, &row.hash).await?;
    if right && row.failed_count == 0 {
        return Ok(());
    }
    let (count, at) =
        if right { (Expr::value(0), None) } else { (Expr::col(person_pin::Column::FailedCount).add(1), Some(now)) };
    person_pin::Entity::update_many()
        .col_expr(person_pin::Column::FailedCount, count)
        .col_expr(person_pin::Column::FailedAt, Expr::value(at))
        .filter(person_pin::Column::PersonId.eq(who))
        .exec(db)
        .await?;
    if right { Ok(()) } else { Err(Error::WrongPin) }
}

/// Whole seconds until the next try counts: half a minute, doubled with every wrong one, up to an hour.
fn wait_s(row: &person_pin::Model, now: Moment) -> Option<u64> {
    let beyond = row.failed_count.checked_sub(FREE_FAILURES).and_then(|n| u32::try_from(n).ok())?;
    let wait_s = FIRST_WAIT_S.saturating_mul(2_u64.saturating_pow(beyond)).clamp(0, LONGEST_WAIT_S);
    let passed_ms = u64::try_from(now.since(row.failed_at?)).unwrap_or(0);
    let left_ms = (wait_s * 1000).saturating_sub(passed_ms);
    (left_ms > 0).then(|| left_ms.div_ceil(1000))
}

fn check_strength(pin: &str) -> Result<()> {
    let digits: Vec<u8> = pin.bytes().collect();
    if digits.len() != LENGTH || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Error::WeakPin("口令须为 6 位数字"));
    }
    let steps: Vec<i16> =
        digits.windows(2).filter_map(|two| Some(i16::from(*two.last()?) - i16::from(*two.first()?))).collect();
    let even = steps.iter().all(|step| Some(step) == steps.first());
    let twice = digits.chunks(2).all(|two| Some(two) == digits.get(..2)) || digits.get(..3) == digits.get(3..);
    if even || twice {
        return Err(Error::WeakPin("口令太容易猜到，不要用 123456、111111 或重复的数字"));
    }
    Ok(())
}

async fn put(
    db: &DatabaseConnection,
    who: PersonId,
    pin: &str,
    (by, action): (AccountId, Verb),
    now: Moment,
) -> Result<()> {
    let permit = hashing::permit().await?;
    let hash = hashing::hash(pin).await?;
    drop(permit);
    let txn = entity::writing::begin(db).await?;
    let row = person_pin::ActiveModel {
        person_id: Set(who),
        hash: Set(hash),
        set_at: Set(now),
        failed_count: Set(0),
        failed_at: Set(None),
    };
    let all = [
        person_pin::Column::Hash,
        person_pin::Column::SetAt,
        person_pin::Column::FailedCount,
        person_pin::Column::FailedAt,
    ];
    let again = OnConflict::column(person_pin::Column::PersonId).update_columns(all).to_owned();
    person_pin::Entity::insert(row).on_conflict(again).exec_without_returning(&txn).await?;
    audit::note(&txn, Some(by), action, format!("person:{who}"), String::new(), now).await?;
    Ok(txn.commit().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn easy_digits_are_no_pin() {
        for weak in ["", "12345", "1234567", "12345a", "123456", "654321", "111111", "121212", "135135", "１２３４５６"]
        {
            assert!(check_strength(weak).is_err(), "{weak}");
        }
        for fine in ["482913", "907153", "100293"] {
            assert!(check_strength(fine).is_ok(), "{fine}");
        }
    }

    #[test]
    fn waits_double_up_to_an_hour() {
        let failed = |count| person_pin::Model {
            person_id: PersonId(1),
            hash: String::new(),
            set_at: Moment(0),
            failed_count: count,
            failed_at: Some(Moment(0)),
        };
        let waits: Vec<_> = (2..12).map(|count| wait_s(&failed(count), Moment(0))).collect();
        let expected =
            [None, Some(30), Some(60), Some(120), Some(240), Some(480), Some(960), Some(1920), Some(3600), Some(3600)];
        assert_eq!(waits, expected);
        assert_eq!(wait_s(&failed(3), Moment(29_500)), Some(1));
        assert_eq!(wait_s(&failed(3), Moment(30_000)), None);
    }
}
