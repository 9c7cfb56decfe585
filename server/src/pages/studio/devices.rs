//! Classroom terminals: register one and read out its code, see when each was last heard of, revoke it.

use super::lessons::short_time;
use crate::auth::identity::Caretaker;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use crate::pages::choose::{Choice, Errors, Tab, desk, page_number, tabs, unit, units};
use crate::pages::go;
use crate::pages::parts::Pager;
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path, Query};
use askama::Template;
use entity::{DeviceId, Moment, Scope, UnitId, device, org_unit};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Deserialize;
use std::collections::HashMap;

const PAGE: u64 = 50;

/// Which unit's terminals are listed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DeviceQuery {
    unit: String,
    page: String,
}

/// A terminal to be registered.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DeviceForm {
    unit_id: String,
    name: String,
}

#[derive(Template)]
#[template(path = "studio/devices.html")]
struct DevicesPage {
    shell: Shell,
    tabs: Vec<Tab>,
    code: Option<String>,
    paired_at: String,
    units: Vec<Choice>,
    places: Vec<Choice>,
    form: DeviceForm,
    errors: Errors,
    rows: Vec<Row>,
    pager: Pager,
}

struct Row {
    id: DeviceId,
    name: String,
    unit: String,
    state: &'static str,
    kind: &'static str,
    seen: String,
}

/// `GET /studio/devices`: the terminals of a unit and all below it.
///
/// # Errors
/// `not_found` for a unit beyond the caller's reach.
pub async fn list(caretaker: Caretaker, query: Query<DeviceQuery>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let at = unit(&db.read, &caretaker.reach(), Some(&query.unit)).await?;
    let page = page(&caretaker, &db, at, page_number(Some(&query.page))).await?;
    crate::pages::draw(&page)
}

/// `POST /studio/devices`: register a terminal and show its code, once.
///
/// # Errors
/// `not_found` for a unit beyond the caller's reach.
pub async fn register(caretaker: Caretaker, form: Form<DeviceForm>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let form = form.into_inner();
    let at = unit(&db.read, &caretaker.reach(), Some(&form.unit_id)).await?;
    let made = roster::device::register(&db.write, at.id, &form.name, Some(caretaker.account_id), Moment::now()).await;
    let place = at.name.clone();
    let mut page = page(&caretaker, &db, at, 1).await?;
    page.form = form;
    match made {
        Ok((_, code)) => page.code = Some(in_two(&code)),
        Err(cause @ roster::Error::BadDeviceName) => page.errors.put("name", cause.to_string()),
        Err(cause) => return Err(cause.into()),
    }
    page.paired_at = place;
    let mut answer = crate::pages::draw(&page)?;
    if !page.errors.is_empty() {
        *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(answer)
}

/// `POST /studio/devices/{id}/revoke`: end a terminal's access.
///
/// # Errors
/// `not_found` for a terminal beyond the caller's reach.
pub async fn revoke(caretaker: Caretaker, id: Path<DeviceId>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let device = roster::device::device(&db.read, *id).await?;
    let at = roster::org::unit(&db.read, device.unit_id).await?;
    if !caretaker.reach().contains(&at.path) {
        return Err(ApiError::new(Code::NotFound));
    }
    roster::device::revoke(&db.write, *id, Some(caretaker.account_id), Moment::now()).await?;
    Ok(go(&format!("/studio/devices?unit={}", at.id)))
}

async fn page(caretaker: &Caretaker, db: &Database, at: org_unit::Model, number: u64) -> ApiResult<DevicesPage> {
    let reach = caretaker.reach();
    let here = Scope::of([at.path.clone()]).reaches((device::Entity, device::Column::UnitId));
    let found = device::Entity::find().filter(here).filter(device::Column::RevokedAt.is_null());
    let total = found.clone().count(&db.read).await?;
    let offset = (number - 1).saturating_mul(PAGE).min(total);
    let devices = found.order_by_desc(device::Column::Id).offset(offset).limit(PAGE).all(&db.read).await?;
    let options = units(&db.read, &reach, &at).await?;
    Ok(DevicesPage {
        shell: Shell::new(caretaker, "教室终端", desk(caretaker)),
        tabs: tabs(caretaker, "/studio/devices"),
        code: None,
        paired_at: String::new(),
        places: options.clone(),
        units: options,
        form: DeviceForm::default(),
        errors: Errors::default(),
        rows: rows(db, devices).await?,
        pager: Pager::new("/studio/devices", &[("unit", &at.id.to_string())], number, PAGE, total),
    })
}

async fn rows(db: &Database, devices: Vec<device::Model>) -> ApiResult<Vec<Row>> {
    let now = Moment::now();
    let ids = devices.iter().map(|device| device.unit_id);
    let found = org_unit::Entity::find().filter(org_unit::Column::Id.is_in(ids)).all(&db.read).await?;
    let names: HashMap<UnitId, String> = found.into_iter().map(|unit| (unit.id, unit.name)).collect();
    let row = |device: device::Model| {
        let (state, kind) = match (device.paired_at, device.pairing_expires_at) {
            (Some(_), _) => ("已配对", "ok"),
            (None, Some(until)) if until > now => ("等待配对", "warn"),
            (None, _) => ("配对码已过期", "off"),
        };
        Row {
            id: device.id,
            unit: names.get(&device.unit_id).cloned().unwrap_or_default(),
            state,
            kind,
            seen: device.last_seen_at.or(device.paired_at).map_or("从未".into(), |at| short_time(at, now.day())),
            name: device.name,
        }
    };
    Ok(devices.into_iter().map(row).collect())
}

/// `123456` as it is read out: `123 456`.
fn in_two(code: &str) -> String {
    code.split_at_checked(3).map_or_else(|| code.to_owned(), |(first, second)| format!("{first} {second}"))
}
