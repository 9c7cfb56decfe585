//! The exemptions of a person: what is granted, for how long, by whom; granting one, and ending one early.

use crate::api::exemptions::owner;
use crate::auth::identity::{Assessor, Reader};
use crate::auth::reach;
use crate::database::Database;
use crate::error::{ApiError, ApiResult};
use crate::pages::choose::{Choice, Errors};
use crate::pages::shell::Shell;
use crate::pages::{Done, go};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path, Query};
use archive::Error;
use archive::exemptions::{self, Granted, NewExemption};
use askama::Template;
use chrono::Datelike;
use entity::{Day, ExemptionId, ExemptionKind, Moment, PersonId, Role};
use serde::Deserialize;

/// Exemptions shown of one person at most.
const SHOWN: u64 = 100;

/// An exemption, as typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct GrantForm {
    kind: String,
    begins_on: String,
    ends_on: String,
    reason: String,
}

/// An early end, as typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct EndForm {
    last_day: String,
    end_reason: String,
}

#[derive(Template)]
#[template(path = "office/exemptions.html")]
struct ExemptionsPage {
    shell: Shell,
    notice: Option<&'static str>,
    id: PersonId,
    name: String,
    rows: Vec<Row>,
    may_grant: bool,
    today: Day,
    kinds: Vec<Choice>,
    form: GrantForm,
    errors: Errors,
}

struct Row {
    granted: Granted,
    state: (&'static str, &'static str),
    may_end: bool,
}

/// `GET /office/people/{id}/exemptions`.
///
/// # Errors
/// `not_found` for somebody beyond the caller's reach.
pub async fn show(
    reader: Reader,
    id: Path<PersonId>,
    query: Query<Done>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let today = Moment::now().day();
    let form = GrantForm {
        begins_on: today.to_string(),
        ends_on: Day::from_ymd_opt(today.year(), 12, 31).unwrap_or(today).to_string(),
        ..GrantForm::default()
    };
    let mut page = page(&reader, &db, *id, form).await?;
    page.notice = match query.done.as_str() {
        "granted" => Some("已登记，达标要求随之改变。"),
        "ended" => Some("已提前终止。"),
        _ => None,
    };
    crate::pages::draw(&page)
}

/// `POST /office/people/{id}/exemptions`: grant one.
///
/// # Errors
/// `not_found` for somebody beyond the caller's reach.
pub async fn grant(
    reader: Reader,
    assessor: Assessor,
    id: Path<PersonId>,
    form: Form<GrantForm>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    reach::person(&db, &assessor.reach(), *id).await?;
    let mut errors = Errors::default();
    if let Some(new) = read(*id, &form, &mut errors) {
        match exemptions::grant(&db.write, new, assessor.account_id, Moment::now()).await {
            Ok(_) => return Ok(go(&format!("/office/people/{id}/exemptions?done=granted"))),
            Err(cause) => say(cause, &mut errors)?,
        }
    }
    refused(&reader, &db, *id, form.into_inner(), errors).await
}

/// `POST /office/exemptions/{exemption}/end`: end one early.
///
/// # Errors
/// `not_found` for somebody beyond the caller's reach.
pub async fn end(
    reader: Reader,
    assessor: Assessor,
    id: Path<ExemptionId>,
    form: Form<EndForm>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let person = owner(&db, &assessor.reach(), *id).await?;
    let mut errors = Errors::default();
    match form.last_day.parse() {
        Err(_) => errors.put("end", "请填写日期，如 2026-06-30"),
        Ok(last_day) => {
            let (by, now) = (assessor.account_id, Moment::now());
            match exemptions::end(&db.write, *id, last_day, &form.end_reason, by, now).await {
                Ok(_) => return Ok(go(&format!("/office/people/{person}/exemptions?done=ended"))),
                Err(Error::NoReason) => errors.put("end", "请写明终止的原因，1 到 500 字"),
                Err(Error::BadExemption) => errors.put("end", "提前终止的日期须早于原定的最后一天，且只能终止一次"),
                Err(other) => return Err(other.into()),
            }
        }
    }
    refused(&reader, &db, person, GrantForm::default(), errors).await
}

async fn refused(
    reader: &Reader,
    db: &Database,
    id: PersonId,
    form: GrantForm,
    errors: Errors,
) -> ApiResult<HttpResponse> {
    let mut page = page(reader, db, id, form).await?;
    page.errors = errors;
    crate::pages::draw_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

fn read(person_id: PersonId, form: &GrantForm, errors: &mut Errors) -> Option<NewExemption> {
    let kind = ExemptionKind::parse(&form.kind);
    if kind.is_none() {
        errors.put("kind", "请选择免除的原因");
    }
    let mut day = |name: &str, text: &str| {
        let day: Option<Day> = text.trim().parse().ok();
        if day.is_none() {
            errors.put(name, "请填写日期，如 2026-06-30");
        }
        day
    };
    let (begins_on, ends_on) = (day("begins_on", &form.begins_on), day("ends_on", &form.ends_on));
    Some(NewExemption { person_id, kind: kind?, begins_on: begins_on?, ends_on: ends_on?, reason: form.reason.clone() })
}

fn say(cause: Error, errors: &mut Errors) -> ApiResult<()> {
    match cause {
        Error::NoReason => errors.put("reason", "请写明依据，1 到 500 字"),
        Error::BadExemption => errors.put("ends_on", "起止日期有误：最早从去年开始，最长十年"),
        Error::OwnExemption => errors.put("reason", "自己的免除须由他人批准"),
        other => return Err(ApiError::from(other)),
    }
    Ok(())
}

async fn page(reader: &Reader, db: &Database, id: PersonId, form: GrantForm) -> ApiResult<ExemptionsPage> {
    let person = reach::person(db, &reader.reach(), id).await?;
    let (today, may_grant) = (Moment::now().day(), reader.has(&[Role::Assessor]));
    let row = |granted: Granted| {
        let (begins, ends) = (granted.row.begins_on, granted.row.last_day());
        let state = match () {
            () if ends < begins => ("已撤销", "off"),
            () if today > ends => ("已到期", "off"),
            () if today < begins => ("尚未开始", "warn"),
            () => ("生效中", "ok"),
        };
        Row { may_end: may_grant && granted.row.ended_early_on.is_none() && today <= ends, state, granted }
    };
    let none = Choice::new("", "请选择", &form.kind);
    let kinds = ExemptionKind::ALL.iter().map(|kind| Choice::new(kind.as_str(), kind.label(), &form.kind));
    Ok(ExemptionsPage {
        shell: Shell::new(reader, format!("{} 免除", person.name), "/office"),
        notice: None,
        id,
        name: person.name,
        rows: exemptions::of_person(&db.read, id, (1, SHOWN)).await?.0.into_iter().map(row).collect(),
        may_grant,
        today,
        kinds: std::iter::once(none).chain(kinds).collect(),
        form,
        errors: Errors::default(),
    })
}
