//! Signing in to a room with one's own telephone: from the picture on the screen, or by typing its six digits.
//!
//! Opening the address marks nobody: a preview of a link must not. The press of the button does.

use crate::api::join::{Patience, admit};
use crate::auth::identity::SignedIn;
use crate::auth::limiter::{Doors, Limiter};
use crate::database::Database;
use crate::error::{ApiResult, Code};
use crate::pages::shell::Shell;
use actix_web::web::{Data, Form, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use entity::{AccountId, PlaybackId, lesson, playback};
use player::classroom::code::Codes;
use sea_orm::EntityTrait;
use serde::Deserialize;

/// What the picture on the screen leads with, and what is typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Code6 {
    room: String,
    code: String,
}

#[derive(Template)]
#[template(path = "phone/join.html")]
struct JoinPage {
    shell: Shell,
    room: String,
    code: String,
    scanned: bool,
    problem: Option<String>,
    joined: Option<Joined>,
}

struct Joined {
    title: String,
    unit: String,
    name: String,
}

/// `GET /join`: the code, to be confirmed or typed.
///
/// # Errors
/// When the page cannot be drawn.
pub async fn form(caller: SignedIn, typed: Query<Code6>) -> ApiResult<HttpResponse> {
    let Code6 { room, code } = typed.into_inner();
    let scanned = code.len() == 6 && !room.is_empty();
    crate::pages::draw(&page(&caller, Code6 { room, code }, scanned))
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
    let room = typed.room.parse().ok().map(PlaybackId);
    match admit(&request, &caller, (room, &typed.code), &db, &codes, &limits).await {
        Ok(row) => {
            let mut page = page(&caller, Code6::default(), false);
            page.joined = Some(joined(&caller, &db, &row).await?);
            crate::pages::draw(&page)
        }
        Err(error) if error.code() == Code::Internal => Err(error),
        Err(error) => {
            let typed = Code6 { room: String::new(), ..typed }; // the picture may be of an older room: the digits decide
            let mut page = page(&caller, typed, false);
            page.problem = Some(error.message().to_owned());
            let mut answer = crate::pages::draw(&page)?;
            *answer.status_mut() = error.code().status();
            Ok(answer)
        }
    }
}

fn page(caller: &SignedIn, Code6 { room, code }: Code6, scanned: bool) -> JoinPage {
    let code: String = code.chars().filter(char::is_ascii_digit).take(6).collect();
    JoinPage { shell: Shell::new(caller, "教室签到", ""), room, code, scanned, problem: None, joined: None }
}

async fn joined(caller: &SignedIn, db: &Database, row: &playback::Model) -> ApiResult<Joined> {
    let lesson = lesson::Entity::find_by_id(row.lesson_id).one(&db.read).await?;
    let unit = roster::org::unit(&db.read, row.unit_id).await?;
    let title = lesson.map(|lesson| lesson.title).unwrap_or_default();
    Ok(Joined { title, unit: unit.name, name: caller.name.clone() })
}
