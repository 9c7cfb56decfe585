//! What of the recordings and voices of lessons failed in preparation, waits or is under way, and what to do about it.

use super::place::Back;
use crate::api::media::preparation::{PartAnswer, again, part};
use crate::auth::identity::Author;
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::choose::{Tab, page_number, tabs};
use crate::pages::go;
use crate::pages::parts::Pager;
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::web::{Data, Form, Query};
use askama::Template;
use catalog::lesson::Preparation;
use entity::{JobState, LessonId, RenditionKind, Scope, job, lesson, voice};
use sea_orm::{ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use serde::Deserialize;
use std::collections::HashMap;

const PAGE: u64 = 50;

/// Which jobs are listed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct PreparationQuery {
    state: String,
    page: String,
    done: String,
}

/// A press on "retry".
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RetryForm {
    media: String,
    kind: String,
    state: String,
}

#[derive(Template)]
#[template(path = "studio/preparations.html")]
struct PreparationPage {
    shell: Shell,
    /// The list, at the place this page was come to from, and what carries that place on.
    list: String,
    back: String,
    tabs: Vec<Tab>,
    notice: bool,
    state: Preparation,
    states: Vec<Tab>,
    rows: Vec<Row>,
    pager: Pager,
}

struct Row {
    media: String,
    lessons: Vec<(LessonId, String)>,
    part: PartAnswer,
    advice: &'static str,
}

/// `GET /studio/preparation`: the jobs for recordings of lessons within the caller's reach; those that failed first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    author: Author,
    query: Query<PreparationQuery>,
    back: Query<Back>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let state = Preparation::parse(&query.state).unwrap_or(Preparation::Failed);
    let reach = author.reach();
    let counts = counts(&db, &reach).await?;
    let total = counts_of(&counts, state);
    let page = page_number(Some(&query.page)).min(total.div_ceil(PAGE).max(1));
    let jobs = job::Entity::find()
        .filter(within(&reach))
        .filter(job::Column::State.is_in(state.states().iter().copied()))
        .order_by_desc(job::Column::UpdatedAt)
        .order_by_desc(job::Column::Id)
        .paginate(&db.read, PAGE)
        .fetch_page(page - 1)
        .await?;
    let lessons = lessons(&db, &reach, &jobs).await?;
    let row = |job: job::Model| Row {
        media: job.media_sha256.clone(),
        lessons: lessons.get(&job.media_sha256).cloned().unwrap_or_default(),
        advice: advice(&job),
        part: part(None, job),
    };
    let rows = jobs.into_iter().map(row).collect();
    let tab = |other: &Preparation| Tab {
        href: format!("/studio/preparation?state={}{}", other.as_str(), back.carried()),
        label: format!("{} {}", other.label(), counts_of(&counts, *other)),
        current: *other == state,
    };
    crate::pages::draw(&PreparationPage {
        shell: Shell::new(&author, "转码情况", "/studio"),
        list: back.place().address(),
        back: back.only(),
        tabs: tabs(&author, "/studio"),
        notice: query.done == "again",
        states: Preparation::ALL.iter().map(tab).collect(),
        pager: Pager::new(
            "/studio/preparation",
            &[("state", state.as_str()), ("back", back.place().query().as_str())],
            page,
            PAGE,
            total,
        ),
        state,
        rows,
    })
}

/// `POST /studio/preparation`: make a part again.
///
/// # Errors
/// `not_found` for a recording beyond the caller's reach, or no such part of it.
pub async fn retry(
    author: Author,
    form: Form<RetryForm>,
    back: Query<Back>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    again(&db, &author, &form.media, &form.kind).await?;
    let state = Preparation::parse(&form.state).unwrap_or(Preparation::Failed);
    Ok(go(&format!("/studio/preparation?state={}&done=again{}", state.as_str(), back.carried())))
}

/// A condition on `job` rows: for the recording, or a voice, of a lesson kept within reach.
fn within(reach: &Scope) -> Condition {
    let recordings = lesson::Entity::find()
        .select_only()
        .column(lesson::Column::MediaSha256)
        .filter(lesson::Column::MediaSha256.is_not_null())
        .filter(reach.reaches((lesson::Entity, lesson::Column::UnitId)));
    let kept = lesson::Entity::find().select_only().column(lesson::Column::Id);
    let kept = kept.filter(reach.reaches((lesson::Entity, lesson::Column::UnitId)));
    let voices = voice::Entity::find().select_only().column(voice::Column::MediaSha256);
    let voices = voices.filter(voice::Column::LessonId.in_subquery(kept.into_query()));
    Condition::any()
        .add(job::Column::MediaSha256.in_subquery(recordings.into_query()))
        .add(job::Column::MediaSha256.in_subquery(voices.into_query()))
}

async fn counts(db: &Database, reach: &Scope) -> ApiResult<HashMap<JobState, i64>> {
    let counts: Vec<(JobState, i64)> = job::Entity::find()
        .select_only()
        .column(job::Column::State)
        .column_as(job::Column::Id.count(), "jobs")
        .filter(within(reach))
        .group_by(job::Column::State)
        .into_tuple()
        .all(&db.read)
        .await?;
    Ok(counts.into_iter().collect())
}

fn counts_of(counts: &HashMap<JobState, i64>, state: Preparation) -> u64 {
    let sum = state.states().iter().filter_map(|state| counts.get(state)).sum::<i64>();
    u64::try_from(sum).unwrap_or(0)
}

/// The lessons within reach that play these recordings or have them for a voice.
async fn lessons(
    db: &Database,
    reach: &Scope,
    jobs: &[job::Model],
) -> ApiResult<HashMap<String, Vec<(LessonId, String)>>> {
    let hashes = || jobs.iter().map(|job| job.media_sha256.clone());
    let voices = voice::Entity::find().filter(voice::Column::MediaSha256.is_in(hashes())).all(&db.read).await?;
    let spoken = lesson::Column::Id.is_in(voices.iter().map(|voice| voice.lesson_id));
    let rows: Vec<(Option<String>, LessonId, String)> = lesson::Entity::find()
        .select_only()
        .columns([lesson::Column::MediaSha256, lesson::Column::Id, lesson::Column::Title])
        .filter(Condition::any().add(lesson::Column::MediaSha256.is_in(hashes())).add(spoken))
        .filter(reach.reaches((lesson::Entity, lesson::Column::UnitId)))
        .order_by_asc(lesson::Column::Id)
        .into_tuple()
        .all(&db.read)
        .await?;
    let mut lessons: HashMap<String, Vec<(LessonId, String)>> = HashMap::new();
    for (media, id, title) in rows {
        for voice in voices.iter().filter(|voice| voice.lesson_id == id) {
            let title = format!("{title}（{}配音）", voice.language);
            lessons.entry(voice.media_sha256.clone()).or_default().push((id, title));
        }
        lessons.entry(media.unwrap_or_default()).or_default().push((id, title));
    }
    Ok(lessons)
}

/// What a person can do about it.
fn advice(job: &job::Model) -> &'static str {
    match (job.state, job.kind) {
        (JobState::Failed, RenditionKind::Playable) => {
            "点“重试”；再失败，请在电脑上打开原文件看能不能放，换成 MP4 再上传。原文件还在，没有丢。"
        }
        (JobState::Failed, _) => "点“重试”；再失败也不影响播放，只是少这一种清晰度或画面。",
        (JobState::Waiting, _) => "请系统管理员在服务器上安装 ffmpeg；装好后自动开始，不必重新上传。",
        (JobState::Queued, _) if job.error.is_some() => "过一会儿会自动再试，不用管它。",
        _ => "正在后台处理，不影响保存和发布。",
    }
}
