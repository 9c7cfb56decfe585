//! Signing in to a room or a class with one's own telephone: from the picture on the screen, or by typing its six digits.
//!
//! Opening the address marks nobody: a preview of a link must not. The press of the button does.

use crate::api::join::{Asked, Joined as Opened, Patience, admit};
use crate::auth::identity::SignedIn;
use crate::auth::limiter::{Doors, Limiter};
use crate::database::Database;
use crate::error::{ApiResult, Code};
use crate::pages::shell::Shell;
use actix_web::web::{Data, Form, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use entity::rotating_code::Codes;
use entity::{AccountId, ClassId, PlaybackId, lesson};
use sea_orm::EntityTrait;
use serde::Deserialize;

/// What the picture on the screen leads with, and what is typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Code6 {
    room: String,
    class: String,
    code: String,
}

#[derive(Template)]
#[template(path = "phone/join.html")]
struct JoinPage {
    shell: Shell,
    room: String,
    class: String,
    code: String,
    scanned: bool,
    problem: Option<String>,
    joined: Option<Joined>,
}

struct Joined {
    title: String,
    unit: String,
    name: String,
    /// Which half-day of a class; none in a room.
    half_day: Option<i32>,
}

/// `GET /join`: the code, to be confirmed or typed.
///
/// # Errors
/// When the page cannot be drawn.
pub async fn form(caller: SignedIn, typed: Query<Code6>) -> ApiResult<HttpResponse> {
    let typed = typed.into_inner();
    let scanned = typed.code.len() == 6 && !(typed.room.is_empty() && typed.class.is_empty());
    crate::pages::draw(&page(&caller, typed, scanned))
}

/// `POST /join`: marks the caller present. A wrong code shows the form again.
///
/// # Errors
/// Only what is no fault of the code.
pub async fn join(
    request: HttpRequest,
    caller: SignedIn,
    typed: Form<Code6>,
    db: Data<Database>,
    codes: Data<Codes>,
    doors: Data<Doors>,
    guesses: Data<Limiter<AccountId>>,
) -> ApiResult<HttpResponse> {
    let typed = typed.into_inner();
    let limits = Patience { limiter: &doors.room, guesses: &guesses };
    let (room, class) = (typed.room.parse().ok().map(PlaybackId), typed.class.parse().ok().map(ClassId));
    match admit(&request, &caller, Asked { room, class, code: &typed.code }, &db, &codes, &limits).await {
        Ok(opened) => {
            let mut page = page(&caller, Code6::default(), false);
            page.joined = Some(joined(&caller, &db, opened).await?);
            crate::pages::draw(&page)
        }
        Err(error) if error.code() == Code::Internal => Err(error),
        Err(error) => {
            // The picture may be of an older room: the digits decide.
            let typed = Code6 { code: typed.code, ..Code6::default() };
            let mut page = page(&caller, typed, false);
            page.problem = Some(error.message().to_owned());
            crate::pages::draw_as(error.code().status(), &page)
        }
    }
}

fn page(caller: &SignedIn, Code6 { room, class, code }: Code6, scanned: bool) -> JoinPage {
    let code: String = code.chars().filter(char::is_ascii_digit).take(6).collect();
    JoinPage { shell: Shell::new(caller, "签到", ""), room, class, code, scanned, problem: None, joined: None }
}

async fn joined(caller: &SignedIn, db: &Database, opened: Opened) -> ApiResult<Joined> {
    let (unit_id, title, half_day) = match opened {
        Opened::Class(class, half_day) => (class.unit_id, class.title, Some(half_day)),
        Opened::Room(room) => {
            let lesson = lesson::Entity::find_by_id(room.lesson_id).one(&db.read).await?;
            (room.unit_id, lesson.map(|lesson| lesson.title).unwrap_or_default(), None)
        }
    };
    let unit = roster::org::unit(&db.read, unit_id).await?;
    Ok(Joined { title, unit: unit.name, name: caller.name.clone(), half_day })
}
