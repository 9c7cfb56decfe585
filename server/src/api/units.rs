//! Units of the org tree, as staff see them.

use crate::auth::identity::Reader;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code, ErrorBody};
use actix_web::web::{Data, Json, Path};
use entity::{UnitId, device, org_unit};
use roster::org::Headcount;
use roster::{device as terminals, org};
use serde::Serialize;
use utoipa::ToSchema;

/// A unit, what lies right below it, and its terminals.
#[derive(Serialize, ToSchema)]
pub struct UnitAnswer {
    /// The key.
    id: i64,
    /// The administrative code.
    code: String,
    /// The name.
    name: String,
    /// Its names from the county down.
    full_name: String,
    /// `city`, `county`, `township`, `village` or `other`.
    level: &'static str,
    /// The unit above.
    parent_id: Option<i64>,
    /// People on the roster here and below.
    headcount: u64,
    /// The units right below, by code.
    children: Vec<ChildAnswer>,
    /// The terminals that stand here.
    devices: Vec<DeviceAnswer>,
}

/// A unit right below another.
#[derive(Serialize, ToSchema)]
pub struct ChildAnswer {
    /// The key.
    id: i64,
    /// The administrative code.
    code: String,
    /// The name.
    name: String,
    /// `county`, `township`, `village` or `other`.
    level: &'static str,
    /// People on the roster there and below.
    headcount: u64,
}

/// A classroom terminal.
#[derive(Serialize, ToSchema)]
pub struct DeviceAnswer {
    /// The key.
    id: i64,
    /// What people call it.
    name: String,
    /// Whether it has come since it was approved.
    paired: bool,
    /// When it was last heard of, in milliseconds.
    last_seen_at: Option<i64>,
}

/// A unit within the caller's reach.
#[utoipa::path(get, path = "/api/v1/units/{id}", tag = "units", params(("id" = i64, Path, description = "the unit")), responses(
    (status = 200, description = "the unit", body = UnitAnswer),
    (status = 404, description = "not_found", body = ErrorBody),
))]
pub async fn show(reader: Reader, id: Path<i64>, db: Data<Database>) -> ApiResult<Json<UnitAnswer>> {
    let unit = org::unit(&db.read, UnitId(*id)).await?;
    if !reader.reach().contains(&unit.path) {
        return Err(ApiError::new(Code::NotFound));
    }
    let full_name = org::full_name(&db.read, &unit).await?;
    let children = org::children(&db.read, unit.id).await?;
    let count = org::headcount(&db.read, &unit).await?;
    let devices = terminals::of_unit(&db.read, unit.id).await?;
    Ok(Json(UnitAnswer {
        id: unit.id.0,
        code: unit.code,
        name: unit.name,
        full_name,
        level: unit.level.as_str(),
        parent_id: unit.parent_id.map(|parent| parent.0),
        headcount: count.total,
        children: children.into_iter().map(|child| ChildAnswer::of(child, &count)).collect(),
        devices: devices.into_iter().map(DeviceAnswer::from).collect(),
    }))
}

impl ChildAnswer {
    fn of(child: org_unit::Model, count: &Headcount) -> Self {
        let headcount = count.children.get(&child.id).copied().unwrap_or_default();
        Self { id: child.id.0, code: child.code, name: child.name, level: child.level.as_str(), headcount }
    }
}

impl From<device::Model> for DeviceAnswer {
    fn from(device: device::Model) -> Self {
        Self {
            id: device.id.0,
            name: device.name,
            paired: device.paired_at.is_some(),
            last_seen_at: device.last_seen_at.map(|at| at.0),
        }
    }
}
