//! Wrong passwords, and the wait they cost.
//!
//! They are counted by what was typed as the login, whether there is such an account or not, so that waiting tells nobody
//! which logins there are. A login is kept as its hash: what people type there may be anything, also their password.

use crate::{Result, hashing};
use entity::{Moment, sign_in_failure};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Set};

/// Wrong passwords that cost nothing but the hash.
const FREE: i32 = 5;

/// The longest wait between two tries, in seconds.
const LONGEST_WAIT_S: u64 = 60;

/// How long after the last one they are forgotten. What may be tried in an hour bounds the table.
const KEPT_MS: i64 = 3_600_000;

/// The wrong passwords of one login since its last right one.
pub(super) struct Failures {
    login: String,
    count: i32,
    last: Option<Moment>,
}

impl Failures {
    /// Those of this login. Capital letters make no other login of it.
    pub(super) async fn of(db: &impl ConnectionTrait, login: &str) -> Result<Self> {
        let login = hashing::fingerprint(&login.trim().to_lowercase());
        let found = sign_in_failure::Entity::find_by_id(login.clone()).one(db).await?;
        Ok(Self { login, count: found.as_ref().map_or(0, |row| row.count), last: found.map(|row| row.at) })
    }

    /// Whole seconds until the next try counts: 2, 4, 8, ... up to a minute after the last; `None` for at once.
    pub(super) fn wait_s(&self, now: Moment) -> Option<u64> {
        let beyond = self.count.checked_sub(FREE).and_then(|n| u32::try_from(n).ok())?;
        let wait_s = 2_u64.saturating_pow(beyond.saturating_add(1)).clamp(0, LONGEST_WAIT_S);
        let passed_ms = u64::try_from(now.since(self.last?)).unwrap_or(0);
        let left_ms = (wait_s * 1000).saturating_sub(passed_ms);
        (left_ms > 0).then(|| left_ms.div_ceil(1000))
    }

    /// One more.
    pub(super) async fn add(self, db: &impl ConnectionTrait, now: Moment) -> Result<()> {
        let row = sign_in_failure::ActiveModel { login: Set(self.login), count: Set(1), at: Set(now) };
        let count = Expr::col((sign_in_failure::Entity, sign_in_failure::Column::Count)).add(1);
        let again = OnConflict::column(sign_in_failure::Column::Login)
            .value(sign_in_failure::Column::Count, count)
            .update_column(sign_in_failure::Column::At)
            .to_owned();
        sign_in_failure::Entity::insert(row).on_conflict(again).exec_without_returning(db).await?;
        Ok(())
    }

    /// None any more.
    pub(super) async fn forget(self, db: &impl ConnectionTrait) -> Result<()> {
        if self.count > 0 {
            sign_in_failure::Entity::delete_by_id(self.login).exec(db).await?;
        }
        Ok(())
    }
}

/// Drops what is forgotten; answers how much.
///
/// # Errors
/// When the database fails.
pub async fn forget_failures(db: &impl ConnectionTrait, now: Moment) -> Result<u64> {
    let old = sign_in_failure::Column::At.lt(now.plus_ms(-KEPT_MS));
    Ok(sign_in_failure::Entity::delete_many().filter(old).exec(db).await?.rows_affected)
}
