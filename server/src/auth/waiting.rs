//! How much waits for somebody's decision: what stands beside the desk's tabs and on the first page of an office.

use super::identity::{DECIDERS, Identity};
use crate::error::ApiResult;
use archive::appeals::{self, Filter};
use archive::{classes, late};
use entity::Role;
use sea_orm::DatabaseConnection;

/// What waits within the reach of somebody who decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Appeals.
    pub appeals: u64,
    /// Entries of which something waits because a clock was wrong, and against which nobody has appealed.
    pub clocks: u64,
    /// Classes in person that were handed in.
    pub classes: u64,
    /// Other studies that were declared.
    pub studies: u64,
    /// What was learnt in a sealed year and came later.
    pub late: u64,
}

/// What waits for this account; nothing for who decides nothing.
///
/// # Errors
/// When the database fails.
pub async fn of(db: &DatabaseConnection, identity: &Identity) -> ApiResult<Waiting> {
    if !identity.has(DECIDERS) {
        return Ok(Waiting::default());
    }
    let theirs = Filter { reach: identity.appeals(false), ..Filter::default() };
    let appeals = appeals::open_count(db, &theirs.reach).await?;
    let clocks = appeals::waiting::count(db, &theirs).await?;
    let reach = identity.scope(&[Role::Assessor]);
    if reach.is_empty() {
        return Ok(Waiting { appeals, clocks, ..Waiting::default() });
    }
    let (classes, studies) = classes::list::waiting(db, &reach).await?;
    Ok(Waiting { appeals, clocks, classes, studies, late: late::open_count(db, &reach).await? })
}
