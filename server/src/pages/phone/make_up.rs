//! The make-up list (补学): lessons to tap, each with what it is worth, until what is missing is made up.

use super::card::{Card, cards};
use super::standing::short;
use crate::auth::identity::SignedIn;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use crate::make_up::{self, Lessons};
use crate::pages::choose::page_number;
use crate::pages::parts::Pager;
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use archive::gap::{self, Gap};
use askama::Template;
use chrono::Datelike;
use entity::{Day, Moment, lesson};
use serde::Deserialize;

/// Lessons on the record itself, and on a page of the list.
const OFFERED: u64 = 4;
const PAGE: u64 = 12;

/// What a record offers to learn next.
#[derive(Debug, Default)]
pub(super) struct Offer {
    /// The credit hours that are missing, when some are.
    pub(super) missing: Option<String>,
    /// The first lessons.
    pub(super) cards: Vec<Card>,
    /// How many more there are.
    pub(super) more: u64,
}

/// Which page.
#[derive(Deserialize)]
pub struct Wanted {
    page: Option<String>,
}

#[derive(Template)]
#[template(path = "phone/make_up.html")]
struct MakeUpPage {
    shell: Shell,
    missing: Option<String>,
    cards: Vec<Card>,
    pager: Pager,
}

/// The first lessons of the list, when hours are missing.
pub(super) async fn offer(db: &Database, gap: &Gap, today: Day) -> ApiResult<Offer> {
    let Some(missing) = missing(gap) else { return Ok(Offer::default()) };
    let lessons = make_up::lessons(db, gap, today, 1, OFFERED).await?;
    let more = lessons.page.total.saturating_sub(OFFERED);
    Ok(Offer { missing: Some(missing), cards: worth(db, gap, &lessons).await?, more })
}

/// `GET /record/make-up`: a page of the list.
///
/// # Errors
/// `not_found` for an account without a learner of its own.
pub async fn list(caller: SignedIn, wanted: Query<Wanted>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let person =
        caller.person_id.ok_or_else(|| ApiError::say(Code::NotFound, "此账号不对应花名册上的人，没有培训档案"))?;
    let today = Moment::now().day();
    let gap = gap::of_person(&db.read, person, today.year(), today).await?;
    let lessons = make_up::lessons(&db, &gap, today, page_number(wanted.page.as_deref()), PAGE).await?;
    crate::pages::draw(&MakeUpPage {
        shell: Shell::new(&caller, "补学", "/record"),
        missing: missing(&gap),
        cards: worth(&db, &gap, &lessons).await?,
        pager: Pager::new("/record/make-up", &[], lessons.page.page, PAGE, lessons.page.total),
    })
}

fn missing(gap: &Gap) -> Option<String> {
    Some(gap.missing_hours()).filter(|missing| missing.0 > 0).map(short)
}

/// The cards, each with what it is worth and whether it costs no data.
async fn worth(db: &Database, gap: &Gap, lessons: &Lessons) -> ApiResult<Vec<Card>> {
    let rows = &lessons.page.items;
    let why = |(card, row): (Card, &lesson::Model)| {
        let at_station = if lessons.held.contains(&row.id) { "，村里教室已存" } else { "" };
        card.because(format!("学完计 {} 学时{at_station}", short(gap.worth(row.duration_ms))))
    };
    Ok(cards(&db.read, rows).await?.into_iter().zip(rows).map(why).collect())
}
