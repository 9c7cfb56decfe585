//! The versions of a lesson: what changed in each, word by word, and a way back.

use super::notes::minute;
use super::place::Back;
use crate::auth::identity::Author;
use crate::auth::reach;
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::go;
use crate::pages::names::names;
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::web::{Data, Form, Path, Query};
use askama::Template;
use catalog::history::{self, Difference, Piece, Snapshot};
use entity::{AccountId, LessonId, LessonState, Moment, lesson, lesson_version, media, org_unit};
use sea_orm::EntityTrait;
use serde::Deserialize;
use std::collections::HashMap;

/// Which version to look into.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct VersionsQuery {
    v: String,
}

/// A press on "restore".
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RestoreForm {
    restore: String,
    version: String,
}

#[derive(Template)]
#[template(path = "studio/versions.html")]
struct VersionsPage {
    shell: Shell,
    action: String,
    lesson: LessonId,
    /// The list, at the place the lesson was opened from, and what carries that place on.
    list: String,
    back: String,
    carried: String,
    version: i32,
    problem: Option<String>,
    may_restore: bool,
    rows: Vec<Row>,
    open: Option<i32>,
    differences: Vec<Difference>,
}

struct Row {
    version: i32,
    at: String,
    who: String,
    changed: String,
    current: bool,
    open: bool,
}

/// `GET /studio/lessons/{id}/versions`: the versions, and what changed in one of them.
///
/// # Errors
/// `not_found` for a lesson beyond the caller's reach.
pub async fn show(
    author: Author,
    id: Path<LessonId>,
    query: Query<VersionsQuery>,
    back: Query<Back>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let lesson = reach::lesson(&db, &author.reach(), *id).await?;
    page(&author, &db, (lesson, &back), query.v.parse().ok(), None).await
}

/// `POST /studio/lessons/{id}/versions`: make the lesson say again what it said in a version.
///
/// # Errors
/// `not_found` for a lesson beyond the caller's reach, or a version that is not kept.
pub async fn restore(
    author: Author,
    id: Path<LessonId>,
    back: Query<Back>,
    form: Form<RestoreForm>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let lesson = reach::lesson(&db, &author.reach(), *id).await?;
    let (wanted, seen) = (form.restore.parse().unwrap_or(0), form.version.parse().unwrap_or(0));
    let restored = history::restore(&db.write, lesson.id, wanted, seen, Some(author.account_id), Moment::now()).await;
    let problem = match restored {
        Ok(_) => return Ok(go(&format!("/studio/lessons/{id}?done=restored{}", back.carried()))),
        Err(catalog::Error::Stale { .. }) => "您打开这一页以后，有人保存了这一课。请看过新的版本再决定。".to_owned(),
        Err(catalog::Error::WrongState { state }) => format!("这一课现在是“{}”，要先退回或撤回才能改。", state.label()),
        Err(catalog::Error::Invalid { reason, .. }) => format!("不能恢复：{reason}"),
        Err(catalog::Error::MediaNotFound) => "不能恢复：那一版的音视频已经不在库里了。".to_owned(),
        Err(cause) => return Err(cause.into()),
    };
    let lesson = catalog::lesson::get(&db.read, lesson.id).await?;
    let mut answer = page(&author, &db, (lesson, &back), Some(wanted), Some(problem)).await?;
    *answer.status_mut() = actix_web::http::StatusCode::CONFLICT;
    Ok(answer)
}

async fn page(
    author: &Author,
    db: &Database,
    (lesson, back): (lesson::Model, &Back),
    open: Option<i32>,
    problem: Option<String>,
) -> ApiResult<HttpResponse> {
    let kept = history::of_lesson(&db.read, lesson.id).await?;
    let snapshots = kept.iter().map(history::snapshot_of).collect::<catalog::Result<Vec<Snapshot>>>()?;
    let names = names(&db.read, kept.iter().filter_map(|row| row.account_id).collect()).await?;
    let place = kept.iter().position(|row| Some(row.version) == open);
    let pair = place.and_then(|place| snapshots.get(place + 1).zip(snapshots.get(place)));
    let differences = pair.map(|(before, after)| before.differences(after)).unwrap_or_default();
    let row = |(place, row): (usize, &lesson_version::Model)| Row {
        version: row.version,
        at: minute(row.at),
        who: row.account_id.map_or_else(|| "命令行".to_owned(), |id| name_of(&names, id)),
        changed: match snapshots.get(place + 1).zip(snapshots.get(place)) {
            Some((before, after)) => before.changed(after).join("、"),
            None => "最早保留的一版".to_owned(),
        },
        current: place == 0,
        open: Some(row.version) == open,
    };
    let rows = kept.iter().enumerate().map(row).collect();
    crate::pages::draw(&VersionsPage {
        shell: Shell::new(author, format!("{} · 历史版本", lesson.title), "/studio"),
        action: format!("/studio/lessons/{}/versions", lesson.id),
        lesson: lesson.id,
        list: back.place().at(lesson.id),
        back: back.only(),
        carried: back.carried(),
        version: lesson.version,
        problem,
        may_restore: matches!(lesson.state, LessonState::Draft | LessonState::Withdrawn),
        rows,
        open: place.and(open),
        differences: readable(db, differences).await?,
    })
}

fn name_of(names: &HashMap<AccountId, String>, id: AccountId) -> String {
    names.get(&id).cloned().unwrap_or_else(|| id.to_string())
}

/// Keys told by what people call the thing: a file by its name, a unit by its own.
async fn readable(db: &Database, mut differences: Vec<Difference>) -> ApiResult<Vec<Difference>> {
    for difference in &mut differences {
        for piece in &mut difference.pieces {
            let (Piece::Same(text) | Piece::Gone(text) | Piece::New(text)) = piece;
            let found = match difference.field {
                "音视频" | "封面" => {
                    media::Entity::find_by_id(&*text).one(&db.read).await?.map(|blob| blob.filename)
                }
                "面向单位" => match text.parse() {
                    Ok(id) => {
                        let unit = org_unit::Entity::find_by_id(entity::UnitId(id)).one(&db.read).await?;
                        unit.map(|unit| unit.name)
                    }
                    Err(_) => None,
                },
                _ => None,
            };
            if let Some(name) = found {
                *text = name;
            }
        }
    }
    Ok(differences)
}
