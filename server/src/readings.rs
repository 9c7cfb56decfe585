//! Who read of whom: every answer that tells of other people's training leaves a line in the audit log.
//!
//! The URL map says of each route what its answers tell ([`Tells`]); here that becomes a line, before the answer goes out.
//! A list is one line, however many people are on it. What was refused told nothing, and reading of oneself is nobody's
//! business. Pages that show two people's archives at once write their own lines (`pages/office/merge.rs`).

use crate::auth::access::identify;
use crate::auth::identity::{Identity, READERS};
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Shown};
use crate::pages::choose::{top_of, typed};
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, ResponseError, Route};
use entity::{AccountId, Moment, PersonId, Verb, audit, person};
use sea_orm::ActiveModelTrait;
use std::collections::HashMap;

/// What the answers of a route tell of other people's training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tells {
    /// Nothing.
    Nothing,
    /// The archive of the person whom the address names first; the word says which part of it.
    Archive(&'static str),
    /// Hours of whoever was in the thing that the address names first: its kind in the log, and what people call it.
    Thing(&'static str, &'static str),
    /// Hours of the people of a unit: that of the address, that of the query, or the highest the caller reaches. The word
    /// says what the list is called.
    Unit(&'static str),
    /// A report as a file, which the address names first.
    Report,
    /// The audit log as a file.
    Log,
}

/// The route, its answers noted.
pub fn noted(route: Route, tells: Tells) -> Route {
    match tells {
        Tells::Nothing => route,
        tells => route.wrap(from_fn(move |request: ServiceRequest, next: Next<BoxBody>| note(tells, request, next))),
    }
}

async fn note(
    tells: Tells,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let response = next.call(request).await?;
    if !tells_anything(&response) {
        return Ok(response);
    }
    match write(tells, response.request()).await {
        Ok(()) => Ok(response),
        // What is not written down is not shown.
        Err(cause) => Ok(response.into_response(cause.error_response())),
    }
}

/// Neither sent on elsewhere nor refused; a page that says what is wrong with a form tells as much as the page itself.
fn tells_anything(response: &ServiceResponse<BoxBody>) -> bool {
    let refused = response.response().extensions().contains::<Shown>();
    !refused && !response.status().is_redirection() && response.request().method() != Method::HEAD
}

async fn write(tells: Tells, request: &HttpRequest) -> ApiResult<()> {
    let caller = identify(request).await?;
    let asked = Asked::of(request);
    let Some((verb, target)) = asked.line(tells, &caller) else { return Ok(()) };
    let db = request.app_data::<Data<Database>>().ok_or_else(|| ApiError::internal("the database is not set up"))?;
    let line = audit::line(Moment::now(), Some(caller.account_id), verb, target, asked.detail(tells));
    line.insert(&db.write).await?;
    Ok(())
}

/// Write down that somebody read another's archive, where one answer tells of two people.
///
/// # Errors
/// When the database fails: what is not written down is not shown.
pub async fn note_archive(by: AccountId, of: PersonId, db: &Database, now: Moment) -> ApiResult<()> {
    let line = audit::line(now, Some(by), Verb::ArchiveRead, format!("person:{of}"), "合并".to_owned());
    line.insert(&db.write).await?;
    Ok(())
}

/// What of a query is kept in a line, in this order. Never a word somebody searched by.
const KEPT: [&str; 16] = [
    "unit", "kind", "year", "from", "to", "who", "state", "lesson", "course", "class", "plan", "action", "person",
    "target", "page", "with",
];

/// What a request asks for.
struct Asked {
    /// The first variable part of the address.
    first: String,
    /// Whether the address itself names a unit.
    names_unit: bool,
    query: HashMap<String, String>,
}

impl Asked {
    fn of(request: &HttpRequest) -> Self {
        let query = Query::<HashMap<String, String>>::from_query(request.query_string());
        Self {
            first: request.match_info().iter().next().map(|(_, value)| value.to_owned()).unwrap_or_default(),
            names_unit: request.path().contains("/units/"),
            query: query.map(Query::into_inner).unwrap_or_default(),
        }
    }

    /// The verb and the target, unless it tells of nobody but the caller.
    fn line(&self, tells: Tells, caller: &Identity) -> Option<(Verb, String)> {
        let file = || self.first.rsplit_once('.').map_or(self.first.as_str(), |(word, _)| word);
        match tells {
            Tells::Nothing => None,
            Tells::Archive(_) => {
                let own = caller.person_id.is_some_and(|own| own.to_string() == self.first);
                (!own).then(|| (Verb::ArchiveRead, format!("person:{}", self.first)))
            }
            Tells::Thing(kind, _) => Some((Verb::HoursRead, format!("{kind}:{}", self.first))),
            Tells::Unit(_) => {
                let own = !caller.has(READERS) || self.query.get("mine").is_some_and(|mine| mine == "true");
                (!own).then(|| (Verb::HoursRead, self.unit(caller)))
            }
            Tells::Report => Some((Verb::ReportRead, format!("report:{}", file()))),
            Tells::Log => Some((Verb::LogRead, "log".to_owned())),
        }
    }

    fn unit(&self, caller: &Identity) -> String {
        let asked = if self.names_unit { Some(&self.first) } else { self.query.get("unit") };
        let asked = asked.and_then(|text| text.trim().parse::<i64>().ok());
        let unit = asked.or_else(|| top_of(&caller.scope(READERS)).map(|unit| unit.0));
        unit.map_or_else(|| "unit".to_owned(), |unit| format!("unit:{unit}"))
    }

    /// What it is called, and what it was narrowed to.
    fn detail(&self, tells: Tells) -> String {
        let called = match tells {
            Tells::Archive(word) | Tells::Thing(_, word) | Tells::Unit(word) => word,
            Tells::Report | Tells::Log => self.first.rsplit_once('.').map_or("", |(_, format)| format),
            Tells::Nothing => "",
        };
        let asked = KEPT.into_iter().filter_map(|key| Some((key, shown(self.query.get(key)?)?)));
        std::iter::once(called.to_owned())
            .chain(asked.map(|(key, value)| format!("{key}={value}")))
            .collect::<Vec<_>>()
            .join("；")
    }
}

/// The value of a query as the log may hold it; `None` for an empty one, and for what hides a long number among words.
fn shown(value: &str) -> Option<String> {
    let value = person::masked(&typed(value));
    let digits = value.chars().filter(char::is_ascii_digit).count();
    (!value.is_empty() && digits < 15).then_some(value)
}
