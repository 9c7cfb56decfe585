//! The code on the wall: large, with its picture, drawn anew every half-minute, without a script.

use super::one::after;
use crate::api::room::shown;
use crate::auth::identity::Trainer;
use crate::database::Database;
use crate::error::{ApiError, ApiResult};
use crate::pages::shell::Shell;
use crate::pages::{draw_again, go};
use crate::qr::Qr;
use actix_web::web::{Data, Form, Path};
use actix_web::{HttpRequest, HttpResponse};
use archive::classes::{list, roster, sign_in};
use askama::Template;
use entity::rotating_code::{Codes, Door};
use entity::{ClassId, Moment};
use serde::Deserialize;

/// Which half-day begins; nothing ends it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SigningForm {
    half_day: String,
}

#[derive(Template)]
#[template(path = "studio/class_wall.html")]
struct WallPage {
    shell: Shell,
    id: ClassId,
    title: String,
    /// Nobody may sign in now without one.
    code: Option<Shown>,
    /// How many stand on the roster.
    people: u64,
}

struct Shown {
    half_day: i32,
    digits: String,
    qr: Option<Qr>,
    /// How many have signed in to this half-day.
    signed: usize,
}

/// `POST /studio/classes/{id}/signing`: let people sign in to a half-day, or end it.
///
/// # Errors
/// `not_found` for a class beyond the caller's reach.
pub async fn begin(
    trainer: Trainer,
    id: Path<ClassId>,
    form: Form<SigningForm>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    list::one(&db.read, &trainer.reach(), *id).await?;
    let half_day = form.half_day.trim().parse().ok();
    match sign_in::begin(&db.write, *id, half_day, trainer.account_id, Moment::now()).await {
        Ok(_) if half_day.is_some() => Ok(go(&format!("/studio/classes/{id}/code"))),
        outcome => after(&trainer, &db, *id, outcome.map(drop).map_err(ApiError::from), "roll").await,
    }
}

/// `GET /studio/classes/{id}/code`: the page for the projector.
///
/// # Errors
/// `not_found` for a class beyond the caller's reach.
pub async fn show(
    request: HttpRequest,
    trainer: Trainer,
    id: Path<ClassId>,
    db: Data<Database>,
    codes: Data<Codes>,
) -> ApiResult<HttpResponse> {
    let (class, now) = (list::one(&db.read, &trainer.reach(), *id).await?, Moment::now());
    let (code, again_s) = match sign_in::running(&class, now) {
        None => (None, None),
        Some(half_day) => {
            let there = sign_in::half_days_of(&db.read, class.id).await?;
            let code = shown(&request, &codes, Door::HalfDay(class.id, half_day), now);
            let signed = there.values().filter(|there| there.contains(&half_day)).count();
            let again_s = code.next_in_ms / 1000 + 1;
            (Some(Shown { half_day, digits: code.digits, qr: code.qr, signed }), Some(again_s))
        }
    };
    let page = WallPage {
        shell: Shell::bare(format!("{} 签到", class.title)), // what the whole hall sees offers nothing else
        id: class.id,
        code,
        people: roster::page(&db.read, class.id, 1, 1).await?.total,
        title: class.title,
    };
    draw_again(&page, again_s)
}
