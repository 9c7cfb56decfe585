//! Classroom terminals: let in the one that shows a code, see when each was last heard of, revoke it.
//!
//! Site managers come here from a phone, standing before the television: the form is first, and the list is no table.

use super::lessons::row::short_time;
use crate::api::devices::{PairingLimits, let_in, shut_out};
use crate::auth::identity::Caretaker;
use crate::auth::known::Known;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use crate::pages::choose::{Choice, Errors, Tab, below, desk, page_number, tabs, unit, units};
use crate::pages::go;
use crate::pages::parts::Pager;
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::web::{Data, Form, Path, Query};
use askama::Template;
use entity::{DeviceId, Moment, Scope, UnitId, device, org_unit};
use roster::run::SILENCE_MS;
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
    /// The terminal that was just let in.
    paired: String,
    /// What stands in the field of the code.
    code: String,
}

/// A terminal to be let in.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DeviceForm {
    code: String,
    unit_id: String,
    name: String,
    /// The unit that is listed.
    unit: String,
}

#[derive(Template)]
#[template(path = "studio/devices.html")]
struct DevicesPage {
    shell: Shell,
    tabs: Vec<Tab>,
    paired: Option<String>,
    at: UnitId,
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

/// `GET /pair`: what a television tells people to type.
pub async fn short(_caretaker: Caretaker) -> HttpResponse {
    go("/studio/devices")
}

/// `GET /studio/devices`: the terminals of a unit and all below it.
///
/// # Errors
/// `not_found` for a unit beyond the caller's reach.
pub async fn list(caretaker: Caretaker, query: Query<DeviceQuery>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let at = unit(&db.read, &caretaker.reach(), Some(&query.unit)).await?;
    let mut page = page(&caretaker, &db, at, page_number(Some(&query.page)), "").await?;
    page.form.code = query.code.chars().take(20).collect();
    if let Ok(id) = query.paired.parse() {
        page.paired = paired(&caretaker, &db, id).await?;
    }
    crate::pages::draw(&page)
}

/// `POST /studio/devices`: let in the terminal that shows this code. A failure keeps what was typed.
///
/// # Errors
/// `not_found` for a unit beyond the caller's reach.
pub async fn approve(
    caretaker: Caretaker,
    form: Form<DeviceForm>,
    db: Data<Database>,
    limits: Data<PairingLimits>,
) -> ApiResult<HttpResponse> {
    let form = form.into_inner();
    let at = unit(&db.read, &caretaker.reach(), Some(&form.unit)).await?;
    if form.unit_id.trim().is_empty() {
        let nowhere = ApiError::say(Code::InvalidRequest, "请选择电视放在哪个村");
        return again(&caretaker, &db, at, form, ("unit_id", &nowhere)).await;
    }
    let place = unit(&db.read, &caretaker.reach(), Some(&form.unit_id)).await?;
    match let_in(&caretaker, place.id, &form.code, &form.name, &db, &limits).await {
        Ok(id) => Ok(go(&format!("/studio/devices?unit={}&paired={id}", at.id))),
        Err(error) => {
            let field = match error.code() {
                Code::NotFound | Code::SlowDown => "code",
                Code::InvalidRequest => "name",
                _ => return Err(error),
            };
            again(&caretaker, &db, at, form, (field, &error)).await
        }
    }
}

/// `POST /studio/devices/{id}/revoke`: end a terminal's access.
///
/// # Errors
/// `not_found` for a terminal beyond the caller's reach.
pub async fn revoke(
    caretaker: Caretaker,
    id: Path<DeviceId>,
    db: Data<Database>,
    known: Data<Known>,
) -> ApiResult<HttpResponse> {
    let at = shut_out(&caretaker, *id, &db, &known).await?;
    Ok(go(&format!("/studio/devices?unit={at}")))
}

/// The form once more, with what is wrong with it.
async fn again(
    caretaker: &Caretaker,
    db: &Database,
    at: org_unit::Model,
    form: DeviceForm,
    (field, error): (&str, &ApiError),
) -> ApiResult<HttpResponse> {
    let mut page = page(caretaker, db, at, 1, &form.unit_id).await?;
    page.errors.put(field, error.message());
    page.form = form;
    crate::pages::draw_as(error.code().status(), &page)
}

/// What was just let in, as `村部电视（甲村）`, when it is still one of the caller's.
async fn paired(caretaker: &Caretaker, db: &Database, id: DeviceId) -> ApiResult<Option<String>> {
    let Some(device) = device::Entity::find_by_id(id).one(&db.read).await? else { return Ok(None) };
    let unit = roster::org::unit(&db.read, device.unit_id).await?;
    let theirs = caretaker.reach().contains(&unit.path);
    Ok(theirs.then(|| format!("{}（{}）", device.name, unit.name)))
}

async fn page(
    caretaker: &Caretaker,
    db: &Database,
    at: org_unit::Model,
    number: u64,
    chosen: &str,
) -> ApiResult<DevicesPage> {
    let reach = caretaker.reach();
    let here = Scope::of([at.path.clone()]).reaches((device::Entity, device::Column::UnitId));
    let found = device::Entity::find().filter(here).filter(device::Column::RevokedAt.is_null());
    let total = found.clone().count(&db.read).await?;
    let offset = (number - 1).saturating_mul(PAGE).min(total);
    let devices = found.order_by_desc(device::Column::Id).offset(offset).limit(PAGE).all(&db.read).await?;
    Ok(DevicesPage {
        shell: Shell::new(caretaker, "教室终端", desk(caretaker)),
        tabs: tabs(caretaker, "/studio/devices"),
        paired: None,
        at: at.id,
        units: units(&db.read, &reach, &at).await?,
        places: below(&db.read, &at, chosen).await?,
        form: DeviceForm { name: "村部电视".into(), ..DeviceForm::default() },
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
        let (state, kind) = state(&device, now);
        Row {
            id: device.id,
            unit: names.get(&device.unit_id).cloned().unwrap_or_default(),
            state,
            kind,
            seen: device.last_seen_at.map_or("从未".into(), |at| short_time(at, now.day())),
            name: device.name,
        }
    };
    Ok(devices.into_iter().map(row).collect())
}

fn state(device: &device::Model, now: Moment) -> (&'static str, &'static str) {
    let on = device.last_seen_at.is_some_and(|at| now.since(at) <= SILENCE_MS);
    match (device.paired_at, device.pairing_expires_at) {
        (Some(_), _) if on => ("开着", "ok"),
        (Some(_), _) => ("关着", "off"),
        (None, Some(until)) if until > now => ("等电视接上", "warn"),
        (None, _) => ("没有接上，请停用后重新配对", "bad"),
    }
}
