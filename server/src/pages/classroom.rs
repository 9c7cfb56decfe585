//! The village classroom on a television: pick a lesson, call the roll, play, see what everybody got.
//!
//! Every page is moved by four arrows, OK and Back (`player/web/remote.js`). Who may be on the roll is checked when the
//! playback begins; here the roll is only shown.

mod open;
pub mod pair;
pub mod pick;
pub mod play;
pub mod quiz;
pub mod roll;

use crate::auth::identity::{Identity, OPERATORS};
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use entity::{UnitId, org_unit, person};
use std::collections::HashMap;

/// The unit whose room this is: the one asked for if it is in reach, else the caller's own.
pub(crate) async fn room(db: &Database, caller: &Identity, asked: Option<&str>) -> ApiResult<org_unit::Model> {
    let own = || caller.home.as_ref().map(|(unit, _)| *unit);
    let granted = || caller.grants.iter().find(|grant| OPERATORS.contains(&grant.role)).map(|grant| grant.unit_id);
    let id: UnitId = match asked {
        Some(text) => text.parse().map_err(|_| Code::NotFound)?,
        None => own().or_else(granted).ok_or(Code::NotFound)?,
    };
    let unit = roster::org::unit(&db.read, id).await?;
    if asked.is_some() && !caller.scope(OPERATORS).contains(&unit.path) {
        return Err(ApiError::new(Code::NotFound));
    }
    Ok(unit)
}

/// Those who share their name with somebody on the roll, by the end of their roster number.
fn apart(people: &[person::Model]) -> HashMap<i64, String> {
    let mut named: HashMap<&str, u32> = HashMap::new();
    for person in people {
        *named.entry(person.name.as_str()).or_default() += 1;
    }
    let shared = people.iter().filter(|person| named.get(person.name.as_str()).is_some_and(|count| *count > 1));
    let tail = |code: &str| code.chars().skip(code.chars().count().saturating_sub(4)).collect();
    shared.map(|person| (person.id.0, tail(&person.code))).collect()
}
