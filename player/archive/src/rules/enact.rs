//! Setting a rule: the preset of the root, and those of the city and its counties from a day to come.

use super::{PRESET, Rules, bounds, history};
use crate::{Error, Result};
use entity::{AccountId, Day, Moment, RuleId, UnitId, UnitLevel, Verb, audit, org_unit, rule};
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection,
    EntityTrait, QueryFilter,
};

/// Give the root the preset rule unless it has one of that day. Run at every start; changes nothing the second time.
///
/// # Errors
/// Only those of the database.
pub async fn ensure_presets(db: &impl ConnectionTrait, root: UnitId, now: Moment) -> Result<()> {
    let preset = Rules::parse(PRESET)?;
    if !day_taken(db, root, preset.valid_from).await? {
        insert(db, root, &preset, PRESET, None, now).await?;
    }
    Ok(())
}

/// Set a new rule for the city, or for a county within the bounds that the city's rule leaves it, from a day to come.
///
/// # Errors
/// [`Error::BrokenRules`] also when a county goes beyond its bounds, [`Error::RuleTooEarly`] when it would reach back,
/// [`Error::RuleDayTaken`], [`Error::NoRuleHere`] for a unit below the counties.
pub async fn enact(
    db: &DatabaseConnection,
    unit: UnitId,
    toml_text: &str,
    by: AccountId,
    now: Moment,
) -> Result<RuleId> {
    let txn = entity::writing::begin(db).await?;
    let rules = allowed(&txn, unit, toml_text).await?;
    if rules.valid_from <= now.day() {
        return Err(Error::RuleTooEarly(rules.valid_from));
    }
    if day_taken(&txn, unit, rules.valid_from).await? {
        return Err(Error::RuleDayTaken(rules.valid_from));
    }
    let id = insert(&txn, unit, &rules, toml_text, Some(by), now).await?;
    let detail = format!("{}，自 {} 起", rules.name, rules.valid_from);
    let line = audit::line(now, Some(by), Verb::RuleEnact, format!("rule:{id}"), detail);
    line.insert(&txn).await?;
    txn.commit().await?;
    Ok(id)
}

/// The text as a rule that this unit may set.
pub(super) async fn allowed(db: &impl ConnectionTrait, unit: UnitId, toml_text: &str) -> Result<Rules> {
    let rules = Rules::parse(toml_text)?;
    let unit = org_unit::Entity::find_by_id(unit).one(db).await?.ok_or(Error::NoSuchUnit(unit))?;
    match unit.level {
        UnitLevel::City => Ok(rules),
        UnitLevel::County => {
            let above = history::above(db, &unit, rules.valid_from).await?.ok_or(Error::NoRule(rules.valid_from))?;
            bounds::within(&above.body, toml_text)?;
            Ok(rules)
        }
        UnitLevel::Township | UnitLevel::Village | UnitLevel::Other => Err(Error::NoRuleHere),
    }
}

async fn day_taken(db: &impl ConnectionTrait, unit: UnitId, day: Day) -> Result<bool> {
    let found = rule::Entity::find()
        .filter(rule::Column::UnitId.eq(unit))
        .filter(rule::Column::ValidFrom.eq(day))
        .one(db)
        .await?;
    Ok(found.is_some())
}

async fn insert(
    db: &impl ConnectionTrait,
    unit: UnitId,
    rules: &Rules,
    body: &str,
    by: Option<AccountId>,
    now: Moment,
) -> Result<RuleId> {
    let row = rule::ActiveModel {
        id: NotSet,
        unit_id: Set(unit),
        valid_from: Set(rules.valid_from),
        name: Set(rules.name.clone()),
        body: Set(body.to_owned()),
        created_by: Set(by),
        created_at: Set(now),
    };
    Ok(row.insert(db).await?.id)
}
