//! The forms of a session's guests: write one down, name one, find out who one is, take that back.

use super::view::{Candidate, GuestView, stay};
use super::{SessionPage, SessionQuery, page};
use crate::auth::identity::{Matcher, Reader};
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use crate::gathering;
use crate::matching;
use crate::pages::choose::typed;
use crate::pages::go;
use actix_web::HttpResponse;
use actix_web::web::{Data, Form, Path};
use entity::{GuestId, Moment, PersonId, PlaybackId, Scope, guest};
use player::classroom::guest::{self as guests, Told};
use roster::people::{PeopleFilter, PersonRow, alike};
use serde::Deserialize;

/// People offered for one guest.
const OFFERED: u64 = 6;

/// A guest, as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct GuestForm {
    pub(super) name: String,
    pub(super) place: String,
    pub(super) phone: String,
}

/// Who a guest is found to be.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct MatchForm {
    person: String,
}

/// Why a match is taken back.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct PartForm {
    reason: String,
}

/// `POST /sessions/{id}/guests`: write down a guest.
///
/// # Errors
/// `not_found` for a session beyond the caller's reach.
pub async fn add(
    (reader, matcher): (Reader, Matcher),
    id: Path<PlaybackId>,
    form: Form<GuestForm>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    matching::session(&db, &matcher.reach(), *id).await?;
    let told = Told::parse(&form.name, &form.place, &form.phone);
    let added = match told {
        Ok(told) => guests::add(&db.write, *id, told, matcher.account_id, Moment::now()).await.map(|_| ()),
        Err(cause) => Err(cause),
    };
    match added {
        Ok(()) => Ok(back(*id, "added")),
        Err(cause) => {
            let mut page = page(&reader, &db, *id, &SessionQuery::default()).await?;
            page.typed = form.into_inner();
            refused(page, cause.into())
        }
    }
}

/// `POST /guests/{id}/name`: say what a guest is called.
///
/// # Errors
/// `not_found` for a guest beyond the caller's reach.
pub async fn name(
    (reader, matcher): (Reader, Matcher),
    id: Path<GuestId>,
    form: Form<GuestForm>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let known = matching::guest(&db, &matcher.reach(), *id).await?;
    let named = match Told::parse(&form.name, &form.place, &form.phone) {
        Ok(told) => guests::name(&db.write, *id, told, matcher.account_id, Moment::now()).await,
        Err(cause) => Err(cause),
    };
    match named {
        Ok(()) => Ok(back(known.playback_id, "named")),
        Err(cause) => again(&reader, &db, &known, cause.into()).await,
    }
}

/// `POST /guests/{id}/match`: match a guest with a person.
///
/// # Errors
/// `not_found` for a guest or a person beyond the caller's reach.
pub async fn join(
    (reader, matcher): (Reader, Matcher),
    id: Path<GuestId>,
    form: Form<MatchForm>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let known = matching::guest(&db, &matcher.reach(), *id).await?;
    let who: PersonId = form.person.parse().map_err(|_| ApiError::new(Code::NotFound))?;
    match matching::join(&db, &matcher.reach(), (*id, who), matcher.account_id, Moment::now()).await {
        Ok(()) => Ok(back(known.playback_id, "matched")),
        Err(error) if error.code() == Code::WrongState => again(&reader, &db, &known, error).await,
        Err(error) => Err(error),
    }
}

/// `POST /guests/{id}/unmatch`: take a match back.
///
/// # Errors
/// `not_found` for a guest beyond the caller's reach.
pub async fn part(
    (reader, matcher): (Reader, Matcher),
    id: Path<GuestId>,
    form: Form<PartForm>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let known = matching::guest(&db, &matcher.reach(), *id).await?;
    match matching::part(&db, &matcher.reach(), (*id, &form.reason), matcher.account_id, Moment::now()).await {
        Ok(()) => Ok(back(known.playback_id, "parted")),
        Err(error) if error.code() == Code::InvalidRequest => again(&reader, &db, &known, error).await,
        Err(error) => Err(error),
    }
}

/// The guests of a session as its page shows them; of the one looked up also who it may be.
pub(super) async fn views(
    db: &Database,
    scope: &Scope,
    guests: &[guest::Model],
    looked_up: Option<GuestId>,
    q: &str,
) -> ApiResult<Vec<GuestView>> {
    let names = gathering::names(db, guests.iter().filter_map(|guest| guest.person_id)).await?;
    let mut views = Vec::with_capacity(guests.len());
    for guest in guests {
        let open = looked_up == Some(guest.id) && guest.person_id.is_none();
        views.push(GuestView {
            id: guest.id,
            name: guest.name.clone(),
            place: guest.place.clone(),
            phone: guest.phone.clone().unwrap_or_default(),
            stay: stay(guest.arrived_at, guest.left_at),
            person: guest.person_id.map(|who| (who, names.get(&who).cloned().unwrap_or_default())),
            candidates: if open { candidates(db, scope, guest, q).await? } else { Vec::new() },
            q: if open { q.to_owned() } else { String::new() },
            open,
        });
    }
    Ok(views)
}

/// By what was typed, or by what the guest said of themselves.
async fn candidates(db: &Database, scope: &Scope, guest: &guest::Model, q: &str) -> ApiResult<Vec<Candidate>> {
    let q = typed(q);
    let rows = if q.is_empty() {
        alike(&db.read, scope, (&guest.name, guest.phone.as_deref()), OFFERED).await?
    } else {
        let filter = PeopleFilter { q: Some(q), unit: None };
        roster::people::page(&db.read, scope, filter, 1, OFFERED).await?.rows
    };
    let candidate = |row: PersonRow| {
        let phone = row.phone.map(|phone| format!("　{phone}")).unwrap_or_default();
        Candidate {
            id: row.id,
            name: row.name,
            about: format!("{}　{}{phone}", row.unit_name, entity::person::masked(&row.code)),
        }
    };
    Ok(rows.into_iter().map(candidate).collect())
}

fn back(id: PlaybackId, done: &str) -> HttpResponse {
    go(&format!("/sessions/{id}?done={done}#guests"))
}

async fn again(reader: &Reader, db: &Database, guest: &guest::Model, error: ApiError) -> ApiResult<HttpResponse> {
    let query = SessionQuery { guest: guest.id.to_string(), ..SessionQuery::default() };
    refused(page(reader, db, guest.playback_id, &query).await?, error)
}

/// The page once more, with what went wrong.
fn refused(mut page: SessionPage, error: ApiError) -> ApiResult<HttpResponse> {
    if error.code() == Code::Internal {
        return Err(error);
    }
    page.problem = Some(error.message().to_owned());
    crate::pages::draw_as(error.code().status(), &page)
}
