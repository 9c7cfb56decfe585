//! The org tree, of any depth.
//!
//! Owns how a unit gets its path and its full name. Who may see a unit is `entity::Scope` and the server.

use crate::{Error, Result, people};
use entity::{Scope, UnitId, UnitLevel, org_unit, person, scope};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, JoinType, QueryFilter, QueryOrder,
    QuerySelect, Set, TransactionSession, TransactionTrait,
};
use std::collections::HashMap;

/// The longest unit code, in characters.
pub const MAX_CODE: usize = 64;

/// The longest unit name, in characters.
pub const MAX_NAME: usize = 100;

/// A unit to be added.
#[derive(Clone, Debug)]
pub struct NewUnit {
    /// The unit above; `None` for a root.
    pub parent: Option<UnitId>,
    /// The administrative code; unique.
    pub code: String,
    /// The name people read.
    pub name: String,
    /// How high it stands.
    pub level: UnitLevel,
}

/// The unit with this id.
///
/// # Errors
/// [`Error::NoSuchUnit`].
pub async fn unit(db: &impl ConnectionTrait, id: UnitId) -> Result<org_unit::Model> {
    org_unit::Entity::find_by_id(id).one(db).await?.ok_or(Error::NoSuchUnit)
}

/// The unit with this administrative code.
pub async fn unit_by_code(db: &impl ConnectionTrait, code: &str) -> Result<Option<org_unit::Model>> {
    Ok(org_unit::Entity::find().filter(org_unit::Column::Code.eq(code)).one(db).await?)
}

/// The units right below this one, by code.
pub async fn children(db: &impl ConnectionTrait, id: UnitId) -> Result<Vec<org_unit::Model>> {
    let below = org_unit::Entity::find().filter(org_unit::Column::ParentId.eq(id));
    Ok(below.order_by_asc(org_unit::Column::Code).all(db).await?)
}

/// The top of the tree, once there is one.
pub async fn root(db: &impl ConnectionTrait) -> Result<Option<org_unit::Model>> {
    let top = org_unit::Entity::find().filter(org_unit::Column::ParentId.is_null());
    Ok(top.order_by_asc(org_unit::Column::Id).one(db).await?)
}

/// Adds a unit below its parent. Also runs inside a larger transaction.
///
/// # Errors
/// [`Error::NoSuchUnit`] for the parent, [`Error::UnitCodeTaken`], [`Error::BadUnit`].
pub async fn add<C: ConnectionTrait + TransactionTrait>(db: &C, new: NewUnit) -> Result<org_unit::Model> {
    check(&new)?;
    let txn = db.begin().await?;
    let above = match new.parent {
        Some(parent) => unit(&txn, parent).await?.path,
        None => "/".to_owned(),
    };
    let row = org_unit::ActiveModel {
        parent_id: Set(new.parent),
        // The path ends in the id, which the insert makes; until then the code keeps the unique key happy.
        path: Set(format!("new:{}", new.code)),
        code: Set(new.code),
        name: Set(new.name),
        level: Set(new.level),
        ..Default::default()
    };
    let mut row =
        row.insert(&txn).await.map_err(|e| Error::unless_unique(e, Error::UnitCodeTaken))?.into_active_model();
    row.path = Set(format!("{above}{}/", row.id.as_ref()));
    let unit = row.update(&txn).await?;
    txn.commit().await?;
    Ok(unit)
}

/// The names from the county down to this unit, joined by spaces: `南丹县 芒场镇 巴平村`. The city alone is its own name.
pub async fn full_name(db: &impl ConnectionTrait, unit: &org_unit::Model) -> Result<String> {
    let ids = scope::ancestors_of(&unit.path);
    let above = org_unit::Entity::find().filter(org_unit::Column::Id.is_in(ids));
    let mut line = above.order_by_asc(org_unit::Column::Path).all(db).await?;
    line.sort_by_key(|unit| unit.path.len());
    Ok(joined(line.iter().map(|unit| (unit.level, unit.name.as_str()))).unwrap_or_else(|| unit.name.clone()))
}

/// How many people are on the roster of a unit and all below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headcount {
    /// Everybody in the subtree.
    pub total: u64,
    /// The part of them in the subtree of each unit right below; a unit without people is left out.
    pub children: HashMap<UnitId, u64>,
}

/// Counts the people on the roster below this unit.
pub async fn headcount(db: &impl ConnectionTrait, unit: &org_unit::Model) -> Result<Headcount> {
    let here: Vec<(String, i64)> = person::Entity::find()
        .select_only()
        .column(org_unit::Column::Path)
        .column_as(person::Column::Id.count(), "people")
        .join(JoinType::InnerJoin, people::home())
        .filter(Scope::of([unit.path.clone()]).of_units())
        .filter(person::Column::LeftOn.is_null())
        .group_by(org_unit::Column::Path)
        .into_tuple()
        .all(db)
        .await?;
    let mut count = Headcount::default();
    for (path, people) in here {
        let people = u64::try_from(people).unwrap_or_default();
        count.total += people;
        let below = path.strip_prefix(&unit.path).and_then(|rest| rest.split('/').next()?.parse().ok());
        if let Some(child) = below {
            *count.children.entry(child).or_default() += people;
        }
    }
    Ok(count)
}

/// Joins the names of a line of units from the top down, without the city; `None` when nothing is left.
pub(crate) fn joined<'a>(line: impl Iterator<Item = (UnitLevel, &'a str)>) -> Option<String> {
    let names: Vec<&str> = line.filter(|(level, _)| *level != UnitLevel::City).map(|(_, name)| name).collect();
    (!names.is_empty()).then(|| names.join(" "))
}

fn check(new: &NewUnit) -> Result<()> {
    let fits = |text: &str, most| !text.trim().is_empty() && text.chars().count() <= most;
    if !fits(&new.code, MAX_CODE) {
        return Err(Error::BadUnit("单位编码应为 1 到 64 个字符"));
    }
    if !fits(&new.name, MAX_NAME) {
        return Err(Error::BadUnit("单位名称应为 1 到 100 个字"));
    }
    Ok(())
}
