//! Group sessions that were held: who was there and what each got, guests, drawn names, raised hands.

use crate::api::hands::QuestionAnswer;
use crate::api::paging::PageNumber;
use crate::api::room::ConfidenceAnswer;
use crate::auth::identity::Reader;
use crate::auth::reach;
use crate::database::Database;
use crate::error::{ApiResult, ErrorBody};
use crate::gathering::{self, Attendee, Gathering, Line};
use crate::matching;
use actix_web::web::{Data, Json, Path, Query};
use entity::{PlaybackId, Scope, UnitId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// Sessions on one page.
const SIZE: u64 = 50;

/// Which page.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SessionsQuery {
    /// From 1.
    #[serde(default)]
    #[param(inline)]
    page: PageNumber,
}

/// A page of sessions, the newest first.
#[derive(Serialize, ToSchema)]
pub struct SessionsAnswer {
    /// All of them.
    total: u64,
    /// This page, from 1.
    page: u64,
    /// The sessions.
    sessions: Vec<LineAnswer>,
}

/// One session in a list.
#[derive(Serialize, ToSchema)]
pub struct LineAnswer {
    /// The session.
    session_id: i64,
    /// When it began, in milliseconds since 1970.
    started_at: i64,
    /// When it ended; `null` while it runs.
    closed_at: Option<i64>,
    /// What was played.
    title: String,
    /// The unit of the room.
    unit_id: i64,
    /// Its name.
    unit: String,
    /// People who were there.
    people: usize,
    /// Guests.
    guests: usize,
    /// What the drawn names say.
    confidence: ConfidenceAnswer,
}

/// One session.
#[derive(Serialize, ToSchema)]
pub struct SessionAnswer {
    /// The session.
    session_id: i64,
    /// When it began, in milliseconds since 1970.
    started_at: i64,
    /// When it ended; `null` while it runs.
    closed_at: Option<i64>,
    /// What was played.
    title: String,
    /// The unit of the room.
    unit: String,
    /// Who was there, by pinyin.
    people: Vec<AttendeeAnswer>,
    /// Guests, in the order they were written down.
    guests: Vec<GuestAnswer>,
    /// Names drawn.
    checks: Vec<CheckAnswer>,
    /// What the answers say.
    confidence: ConfidenceAnswer,
    /// Questions that hands were counted for.
    questions: Vec<QuestionAnswer>,
}

/// Somebody who was there.
#[derive(Serialize, ToSchema)]
pub struct AttendeeAnswer {
    /// Who.
    person_id: i64,
    /// Their name.
    name: String,
    /// From when to when, in milliseconds since 1970; no end while they are there.
    #[schema(value_type = Vec<Vec<Option<i64>>>)]
    stays: Vec<(i64, Option<i64>)>,
    /// `roll`, `code`, `pin`, `guest`.
    marked: Vec<&'static str>,
    /// What counts, corrections included; `null` before it is posted.
    credited_ms: Option<i64>,
    /// What corrections changed.
    corrected_ms: i64,
    /// Why the rest does not count.
    reasons: BTreeMap<&'static str, i64>,
}

/// A guest.
#[derive(Serialize, ToSchema)]
#[schema(as = SessionGuestAnswer)]
pub struct GuestAnswer {
    /// The guest.
    guest_id: i64,
    /// Their name.
    name: String,
    /// Their village, as told.
    place: String,
    /// From when, in milliseconds since 1970.
    arrived_at: i64,
    /// Until when; `null` for until the end.
    left_at: Option<i64>,
    /// Who they were found to be.
    person_id: Option<i64>,
}

/// A name that was drawn.
#[derive(Serialize, ToSchema)]
#[schema(as = SessionCheckAnswer)]
pub struct CheckAnswer {
    /// Who.
    person_id: i64,
    /// Their name.
    name: String,
    /// When, in milliseconds since 1970.
    asked_at: i64,
    /// What was answered; `null` for nothing.
    present: Option<bool>,
}

impl From<Line> for LineAnswer {
    fn from(line: Line) -> Self {
        Self {
            session_id: line.row.id.0,
            started_at: line.row.started_at.0,
            closed_at: line.row.closed_at.map(|at| at.0),
            title: line.title,
            unit_id: line.row.unit_id.0,
            unit: line.unit_name,
            people: line.people,
            guests: line.guests,
            confidence: line.confidence.into(),
        }
    }
}

impl From<Attendee> for AttendeeAnswer {
    fn from(attendee: Attendee) -> Self {
        Self {
            person_id: attendee.person.id.0,
            name: attendee.person.name,
            stays: attendee.stays.iter().map(|(from, to)| (from.0, to.map(|to| to.0))).collect(),
            marked: attendee.marked.iter().map(|how| how.as_str()).collect(),
            credited_ms: attendee.credited_ms,
            corrected_ms: attendee.corrected_ms,
            reasons: attendee.reasons.iter().map(|(reason, ms)| (reason.as_str(), *ms)).collect(),
        }
    }
}

impl From<entity::guest::Model> for GuestAnswer {
    fn from(guest: entity::guest::Model) -> Self {
        Self {
            guest_id: guest.id.0,
            name: guest.name,
            place: guest.place,
            arrived_at: guest.arrived_at.0,
            left_at: guest.left_at.map(|at| at.0),
            person_id: guest.person_id.map(|who| who.0),
        }
    }
}

impl From<Gathering> for SessionAnswer {
    fn from(gathering: Gathering) -> Self {
        let check = |(check, name): (entity::presence_check::Model, String)| CheckAnswer {
            person_id: check.person_id.0,
            name,
            asked_at: check.asked_at.0,
            present: check.present,
        };
        Self {
            session_id: gathering.row.id.0,
            started_at: gathering.row.started_at.0,
            closed_at: gathering.row.closed_at.map(|at| at.0),
            title: gathering.title,
            unit: gathering.unit.name,
            people: gathering.people.into_iter().map(AttendeeAnswer::from).collect(),
            guests: gathering.guests.into_iter().map(GuestAnswer::from).collect(),
            checks: gathering.checks.into_iter().map(check).collect(),
            confidence: gathering.confidence.into(),
            questions: gathering.hands.into_iter().map(QuestionAnswer::from).collect(),
        }
    }
}

/// The group sessions of a unit and all below it.
#[utoipa::path(get, path = "/api/v1/units/{id}/sessions", tag = "sessions", params(("id" = i64, Path, description = "the unit"), SessionsQuery), responses(
    (status = 200, description = "fifty to a page", body = SessionsAnswer),
    (status = 400, description = "invalid_request", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody),
))]
pub async fn list(
    reader: Reader,
    id: Path<UnitId>,
    query: Query<SessionsQuery>,
    db: Data<Database>,
) -> ApiResult<Json<SessionsAnswer>> {
    let unit = reach::unit(&db, &reader.reach(), *id).await?;
    let page = query.page.get();
    let (lines, total) = gathering::page(&db, &Scope::of([unit.path]), page, SIZE).await?;
    Ok(Json(SessionsAnswer { total, page, sessions: lines.into_iter().map(LineAnswer::from).collect() }))
}

/// One group session.
#[utoipa::path(get, path = "/api/v1/sessions/{id}", tag = "sessions", params(("id" = i64, Path, description = "the group session")), responses(
    (status = 200, description = "the session", body = SessionAnswer),
    (status = 404, description = "not_found", body = ErrorBody),
))]
pub async fn show(reader: Reader, id: Path<PlaybackId>, db: Data<Database>) -> ApiResult<Json<SessionAnswer>> {
    let row = matching::session(&db, &reader.reach(), *id).await?;
    Ok(Json(gathering::of(&db, row).await?.into()))
}
