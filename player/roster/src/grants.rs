//! Roles given to accounts at units.
//!
//! A grant reaches its unit and all below it; what a role may do is the server's table, not ours.

use crate::{Result, audit};
use entity::{AccountId, Moment, Role, UnitId, Verb, org_unit, role_grant};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, Set};
use std::collections::{BTreeSet, HashMap};

/// A role and where it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Which role.
    pub role: Role,
    /// The unit it was given at.
    pub unit_id: UnitId,
    /// That unit's path: the role reaches every path that starts so.
    pub path: String,
}

/// Gives the role at the unit; giving it twice changes nothing. `by` is `None` for the command line.
///
/// # Errors
/// Only those of the database.
pub async fn give(
    txn: &impl ConnectionTrait,
    account: AccountId,
    role: Role,
    unit: UnitId,
    by: Option<AccountId>,
    now: Moment,
) -> Result<()> {
    if put(txn, account, role, unit, now).await? {
        note(txn, Verb::RoleGive, (account, role, unit), by, now).await?;
    }
    Ok(())
}

/// [`give`] as part of a larger change that notes it; answers whether it was given now.
pub(crate) async fn put(
    txn: &impl ConnectionTrait,
    account: AccountId,
    role: Role,
    unit: UnitId,
    now: Moment,
) -> Result<bool> {
    let row = role_grant::ActiveModel {
        account_id: Set(account),
        role: Set(role),
        unit_id: Set(unit),
        granted_at: Set(now),
        ..Default::default()
    };
    let once = [role_grant::Column::AccountId, role_grant::Column::Role, role_grant::Column::UnitId];
    let added = role_grant::Entity::insert(row)
        .on_conflict(OnConflict::columns(once).do_nothing().to_owned())
        .exec_without_returning(txn)
        .await?;
    Ok(added > 0)
}

/// Takes the role at the unit away; taking what was not given changes nothing.
///
/// # Errors
/// Only those of the database.
pub async fn take(
    txn: &impl ConnectionTrait,
    account: AccountId,
    role: Role,
    unit: UnitId,
    by: Option<AccountId>,
    now: Moment,
) -> Result<()> {
    let taken = role_grant::Entity::delete_many()
        .filter(role_grant::Column::AccountId.eq(account))
        .filter(role_grant::Column::Role.eq(role))
        .filter(role_grant::Column::UnitId.eq(unit))
        .exec(txn)
        .await?;
    if taken.rows_affected > 0 {
        note(txn, Verb::RoleTake, (account, role, unit), by, now).await?;
    }
    Ok(())
}

async fn note(
    txn: &impl ConnectionTrait,
    verb: Verb,
    (account, role, unit): (AccountId, Role, UnitId),
    by: Option<AccountId>,
    now: Moment,
) -> Result<()> {
    let detail = format!("{}，unit:{unit}", role.label());
    Ok(audit::note(txn, by, verb, format!("account:{account}"), detail, now).await?)
}

/// Every grant of the account, oldest first. A grant at a unit that is gone reaches nothing and is left out.
pub async fn of_account(db: &impl ConnectionTrait, account: AccountId) -> Result<Vec<Grant>> {
    Ok(of_accounts(db, [account]).await?.remove(&account).unwrap_or_default())
}

/// The same for many accounts, at most some hundreds, in two statements.
pub async fn of_accounts(
    db: &impl ConnectionTrait,
    accounts: impl IntoIterator<Item = AccountId>,
) -> Result<HashMap<AccountId, Vec<Grant>>> {
    let rows = role_grant::Entity::find()
        .filter(role_grant::Column::AccountId.is_in(entity::padded(accounts)))
        .order_by_asc(role_grant::Column::Id)
        .all(db)
        .await?;
    let ids: BTreeSet<UnitId> = rows.iter().map(|row| row.unit_id).collect();
    let units = org_unit::Entity::find().filter(org_unit::Column::Id.is_in(entity::padded(ids))).all(db).await?;
    let paths: HashMap<UnitId, String> = units.into_iter().map(|unit| (unit.id, unit.path)).collect();
    let mut grants: HashMap<AccountId, Vec<Grant>> = HashMap::new();
    for row in rows {
        if let Some(path) = paths.get(&row.unit_id) {
            let grant = Grant { role: row.role, unit_id: row.unit_id, path: path.clone() };
            grants.entry(row.account_id).or_default().push(grant);
        }
    }
    Ok(grants)
}
