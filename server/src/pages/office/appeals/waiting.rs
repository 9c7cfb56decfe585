//! An entry that waits because a clock was wrong, without an appeal: looked at and decided as an appeal is, on the same page.

use super::view::CasePage;
use super::{DecisionForm, PATH, say};
use crate::api::appeals::settle_waiting;
use crate::auth::identity::{AppealReader, DECIDERS, Decider, Identity};
use crate::auth::known::Known;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use crate::pages::choose::Errors;
use crate::pages::go;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path};
use archive::appeals;

/// `GET /office/appeals/entries/{seq}`: one that waits; once there is an appeal, that.
///
/// # Errors
/// `not_found` beyond the caller's reach.
pub async fn show(reader: AppealReader, seq: Path<i64>, db: Data<Database>) -> ApiResult<HttpResponse> {
    match page(&reader, &db, *seq).await {
        Ok(page) => crate::pages::draw(&page),
        Err(refused) if refused.code() == Code::NotFound => to_the_appeal(&reader, &db, *seq).await,
        Err(other) => Err(other),
    }
}

/// `POST /office/appeals/entries/{seq}`: decide it; where somebody was quicker, to what became of it.
///
/// # Errors
/// `not_found` beyond the caller's reach.
pub async fn decide(
    decider: Decider,
    seq: Path<i64>,
    form: Form<DecisionForm>,
    db: Data<Database>,
    known: Data<Known>,
) -> ApiResult<HttpResponse> {
    let mut errors = Errors::default();
    if let Some(verdict) = form.verdict(&mut errors) {
        match settle_waiting(&decider, *seq, verdict, &form.reason, &db, &known).await {
            Ok(made) => return Ok(go(&format!("{PATH}/{}?done=decided", made.id))),
            Err(refused) => say(refused, &mut errors)?,
        }
    }
    match page(&decider, &db, *seq).await {
        Ok(mut page) => {
            page.typed(&form);
            page.errors = errors;
            crate::pages::draw_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(refused) if refused.code() == Code::NotFound => to_the_appeal(&decider, &db, *seq).await,
        Err(other) => Err(other),
    }
}

async fn page(reader: &Identity, db: &Database, seq: i64) -> ApiResult<CasePage> {
    let case = appeals::waiting::case_of(&db.read, &reader.appeals(true), seq).await?;
    let may_decide = reader.has(DECIDERS)
        && reader.person_id != Some(case.person_id)
        && appeals::waiting::entry(&db.read, &reader.appeals(false), seq).await.is_ok();
    CasePage::of(reader, db, case, may_decide).await
}

/// To the newest appeal against the entry, which is what became of it.
async fn to_the_appeal(reader: &Identity, db: &Database, seq: i64) -> ApiResult<HttpResponse> {
    let against = appeals::of_entries(&db.read, &[seq]).await?.remove(&seq).unwrap_or_default();
    let newest = against.first().ok_or_else(|| ApiError::new(Code::NotFound))?;
    let found = appeals::one(&db.read, &reader.appeals(true), newest.id).await?;
    Ok(go(&format!("{PATH}/{}", found.id)))
}
