//! Group sessions on a phone or desk: the list of a unit, and one session with its guests.

pub mod guests;
mod view;

use crate::auth::identity::{MATCHERS, Reader};
use crate::database::Database;
use crate::error::ApiResult;
use crate::gathering;
use crate::matching;
use crate::pages::choose::{Choice, Tab, page_number, tabs, unit, units};
use crate::pages::parts::Pager;
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use askama::Template;
use entity::{GuestId, PlaybackId, Scope};
use serde::Deserialize;
use view::{AttendeeView, CheckView, GuestView, HandsView, LineView};

/// Sessions on one page.
const PAGE: u64 = 20;

/// Which unit's sessions.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ListQuery {
    unit: String,
    page: String,
}

/// Which guest is being looked up, and by what.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SessionQuery {
    guest: String,
    q: String,
    done: String,
}

#[derive(Template)]
#[template(path = "sessions/list.html")]
struct ListPage {
    shell: Shell,
    tabs: Vec<Tab>,
    units: Vec<Choice>,
    rows: Vec<LineView>,
    pager: Pager,
}

#[derive(Template)]
#[template(path = "sessions/one.html")]
struct SessionPage {
    shell: Shell,
    id: PlaybackId,
    title: String,
    unit: String,
    when: String,
    running: bool,
    played: String,
    people: Vec<AttendeeView>,
    guests: Vec<GuestView>,
    checks: Vec<CheckView>,
    trust: String,
    trust_kind: &'static str,
    hands: Vec<HandsView>,
    may_match: bool,
    notice: Option<&'static str>,
    problem: Option<String>,
    typed: guests::GuestForm,
}

/// `GET /sessions`: the group sessions of a unit and all below it, the newest first.
///
/// # Errors
/// `not_found` for a unit beyond the caller's reach.
pub async fn list(reader: Reader, query: Query<ListQuery>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let reach = reader.reach();
    let at = unit(&db.read, &reach, Some(&query.unit)).await?;
    let number = page_number(Some(&query.page));
    let (lines, total) = gathering::page(&db, &Scope::of([at.path.clone()]), number, PAGE).await?;
    crate::pages::draw(&ListPage {
        shell: Shell::new(&reader, "集体学习", "/office"),
        tabs: tabs(&reader, "/sessions"),
        units: units(&db.read, &reach, &at).await?,
        rows: lines.into_iter().map(LineView::of).collect(),
        pager: Pager::new("/sessions", &[("unit", &at.id.to_string())], number, PAGE, total),
    })
}

/// `GET /sessions/{id}`: who was there and what each got, guests, drawn names, raised hands.
///
/// # Errors
/// `not_found` for a session beyond the caller's reach.
pub async fn show(
    reader: Reader,
    id: Path<PlaybackId>,
    query: Query<SessionQuery>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let mut page = page(&reader, &db, *id, &query).await?;
    page.notice = match query.done.as_str() {
        "added" => Some("来宾已记下。"),
        "named" => Some("来宾的姓名已改好。"),
        "matched" => Some("已对应到人，这堂课的时间算给本人。"),
        "parted" => Some("已撤回；已计入的时间另记一笔更正退回。"),
        _ => None,
    };
    crate::pages::draw(&page)
}

async fn page(reader: &Reader, db: &Database, id: PlaybackId, query: &SessionQuery) -> ApiResult<SessionPage> {
    let row = matching::session(db, &reader.reach(), id).await?;
    let known = gathering::of(db, row).await?;
    let may_match = reader.has(MATCHERS);
    let looked_up: Option<GuestId> = query.guest.parse().ok().filter(|_| may_match);
    let guests = guests::views(db, &reader.scope(MATCHERS), &known.guests, looked_up, &query.q).await?;
    let (trust, trust_kind) = view::trust(&known.confidence);
    Ok(SessionPage {
        shell: Shell::new(reader, format!("集体学习 {}", known.title), "/office"),
        id,
        when: view::when(&known.row),
        running: known.row.closed_at.is_none(),
        played: crate::pages::figures::minutes(known.row.credited_ms),
        unit: roster::org::full_name(&db.read, &known.unit).await?,
        people: known.people.iter().map(AttendeeView::of).collect(),
        guests,
        checks: known.checks.iter().map(CheckView::of).collect(),
        trust,
        trust_kind,
        hands: known.hands.iter().map(HandsView::of).collect(),
        title: known.title,
        may_match,
        notice: None,
        problem: None,
        typed: guests::GuestForm::default(),
    })
}
