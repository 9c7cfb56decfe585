//! PINs for the classroom: one's own, set on the phone, and the one a site manager or trainer gives, shown once.

use crate::auth::identity::{Matcher, SignedIn};
use crate::auth::reach;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path};
use askama::Template;
use entity::{Moment, PersonId};
use serde::Deserialize;

/// A PIN, twice.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct PinForm {
    pin: String,
    again: String,
}

#[derive(Template)]
#[template(path = "phone/pin.html")]
struct PinPage {
    shell: Shell,
    has: bool,
    saved: bool,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "office/pin.html")]
struct GivenPage {
    shell: Shell,
    id: PersonId,
    name: String,
    pin: String,
}

/// `GET /pin`: the form that sets one's own PIN.
///
/// # Errors
/// `not_found` for an account without a person.
pub async fn form(caller: SignedIn, db: Data<Database>) -> ApiResult<HttpResponse> {
    crate::pages::draw(&page(&caller, &db, own(&caller)?).await?)
}

/// `POST /pin`: sets one's own PIN. What is wrong shows the form again.
///
/// # Errors
/// `not_found` for an account without a person.
pub async fn set(caller: SignedIn, form: Form<PinForm>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let who = own(&caller)?;
    let kept = match form.pin == form.again {
        true => roster::pin::set(&db.write, who, form.pin.trim(), caller.account_id, Moment::now()).await,
        false => Err(roster::Error::WeakPin("两遍口令不一样，请重输")),
    };
    let mut page = page(&caller, &db, who).await?;
    match kept {
        Ok(()) => page.saved = true,
        Err(cause @ roster::Error::WeakPin(_)) => page.problem = Some(cause.to_string()),
        Err(cause) => return Err(cause.into()),
    }
    let mut answer = crate::pages::draw(&page)?;
    if page.problem.is_some() {
        *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(answer)
}

fn own(caller: &SignedIn) -> ApiResult<PersonId> {
    caller.person_id.ok_or_else(|| ApiError::say(Code::NotFound, "此账号不对应花名册上的人，不需要教室口令"))
}

async fn page(caller: &SignedIn, db: &Database, who: PersonId) -> ApiResult<PinPage> {
    let has = roster::pin::has(&db.read, who).await?;
    Ok(PinPage { shell: Shell::new(caller, "教室口令", "/record"), has, saved: false, problem: None })
}

/// `POST /office/people/{id}/pin`: gives somebody within reach a new PIN and shows it, once.
///
/// # Errors
/// `not_found` for somebody beyond the caller's reach.
pub async fn give(matcher: Matcher, id: Path<PersonId>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let person = roster::people::person(&db.read, *id).await?;
    reach::unit(&db, &matcher.reach(), person.unit_id).await?;
    let pin = roster::pin::give(&db.write, person.id, matcher.account_id, Moment::now()).await?;
    let pin = pin.split_at_checked(3).map(|(first, last)| format!("{first} {last}")).unwrap_or(pin);
    let mut answer = crate::pages::draw(&GivenPage {
        shell: Shell::new(&matcher, "教室口令", "/office"),
        id: person.id,
        name: person.name,
        pin,
    })?;
    let once = actix_web::http::header::HeaderValue::from_static("no-store");
    answer.headers_mut().insert(actix_web::http::header::CACHE_CONTROL, once);
    Ok(answer)
}
