//! The first page of a phone: the search box, what to go on with, what is in season, what is new.

use super::card::{Card, cards};
use super::required::{Required, required};
use super::standing::{Standing, short};
use crate::api::search::path_of;
use crate::auth::identity::{Identity, SignedIn};
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::figures;
use crate::pages::notices::{self, Notice};
use crate::pages::parts::encoded;
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use catalog::asked::Asked;
use catalog::lesson::LessonFilter;
use catalog::search::Index;
use catalog::{audience, season};
use chrono::Datelike;
use entity::{Category, Day, LessonId, Moment, PersonId, PlaybackMode, lesson, person_merge, playback};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

#[derive(Template)]
#[template(path = "phone/home.html")]
struct HomePage {
    shell: Shell,
    q: &'static str,
    notices: Vec<Notice>,
    required: Vec<Required>,
    hours: Option<Hours>,
    continuing: Vec<Card>,
    in_season: Vec<Card>,
    newest: Vec<Card>,
    date: String,
    term: &'static str,
    hot: Vec<Hot>,
    categories: &'static [Category],
}

/// A word many search for.
struct Hot {
    word: String,
    href: String,
}

/// The year so far.
struct Hours {
    year: i32,
    credit: String,
    target: Option<Standing>,
    /// What else is missing, in words: hours alone would look like the whole.
    others: Vec<String>,
}

/// The home page.
pub async fn home(
    caller: SignedIn,
    index: Data<Index>,
    asked: Data<Asked>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let today = Moment::now().day();
    let viewer = caller.viewer();
    let season_here = index.in_season(&viewer, today);
    let seasonal = catalog::lesson::in_season(&db.read, &viewer, &season_here, 4).await?;
    let new = catalog::lesson::list(&db.read, &viewer, &LessonFilter::default(), today, 1, 6).await?;
    let why = |(card, row): (Card, &lesson::Model)| match (&row.season, &row.crop) {
        (Some(season), _) if !season.trim().is_empty() => card.because(format!("适合{season}")),
        (_, Some(crop)) => card.because(format!("{crop}正当季")),
        _ => card,
    };
    let in_season = cards(&db.read, &seasonal).await?.into_iter().zip(&seasonal).map(why).collect();
    crate::pages::draw(&HomePage {
        shell: Shell::new(&caller, "首页", "/home"),
        q: "",
        notices: notices::unseen(&db, &caller).await?,
        required: required(&db, &caller, today).await?,
        hours: hours(&db, &caller, today).await?,
        continuing: continuing(&db, &caller, today).await?,
        in_season,
        newest: cards(&db.read, &new.items).await?,
        date: format!("{}月{}日", today.month(), today.day()),
        term: season::term_of(today),
        hot: asked.hot.of(path_of(&caller)).iter().map(Hot::from).collect(),
        categories: Category::ALL,
    })
}

impl From<&String> for Hot {
    fn from(word: &String) -> Self {
        Self { href: format!("/search?q={}", encoded(word)), word: word.clone() }
    }
}

async fn hours(db: &Database, caller: &Identity, today: Day) -> ApiResult<Option<Hours>> {
    let Some(person) = caller.person_id else { return Ok(None) };
    let record = archive::record::of_person(&db.read, person, today.year(), today).await?;
    let mut standings: Vec<Standing> = record.standings.iter().map(Standing::from).collect();
    let shown = standings.iter().position(|standing| standing.unit == "学时");
    let target = shown.map(|at| standings.remove(at));
    let short_of = |standing: &Standing| format!("{}还差 {} {}", standing.name, standing.missing, standing.unit);
    let others = standings.iter().filter(|standing| !standing.met && !standing.exempt).map(short_of).collect();
    Ok(Some(Hours { year: record.year, credit: short(record.total.credit.hundredths()), target, others }))
}

/// Lessons begun and not finished, the latest first; each must still be one the caller may see.
async fn continuing(db: &Database, caller: &Identity, today: Day) -> ApiResult<Vec<Card>> {
    let Some(person) = caller.person_id else { return Ok(Vec::new()) };
    let begun = begun(&db.read, person).await?;
    let visible = audience::published_for(&caller.viewer(), today);
    let ids = begun.iter().map(|(id, ..)| *id);
    let rows = lesson::Entity::find().filter(lesson::Column::Id.is_in(ids)).filter(visible).all(&db.read).await?;
    let known = cards(&db.read, &rows).await?;
    let place = |(id, at, of): (LessonId, i64, i64)| {
        let card = known.iter().find(|card| card.id == id)?.clone();
        Some(card.because(format!("上次到 {}，共 {}", figures::clock(at), figures::clock(of))))
    };
    Ok(begun.into_iter().filter_map(place).take(2).collect())
}

/// The lessons a person last watched alone and did not finish: which, how far, how long.
async fn begun(db: &impl ConnectionTrait, person: PersonId) -> ApiResult<Vec<(LessonId, i64, i64)>> {
    let recent: Vec<(LessonId, i64, i64)> = playback::Entity::find()
        .select_only()
        .columns([playback::Column::LessonId, playback::Column::LastPositionMs, playback::Column::DurationMs])
        .filter(person_merge::of_one(playback::Column::PersonId, person))
        .filter(playback::Column::Mode.eq(PlaybackMode::Solo))
        .filter(playback::Column::LastSeq.gt(0))
        .order_by_desc(playback::Column::LastBeatAt)
        .order_by_desc(playback::Column::Id)
        .limit(30)
        .into_tuple()
        .all(db)
        .await?;
    let mut lessons: Vec<(LessonId, i64, i64)> = Vec::new();
    for (id, at, of) in recent {
        if lessons.iter().all(|(known, ..)| *known != id) {
            lessons.push((id, at, of));
        }
    }
    lessons.retain(|(_, at, of)| *at > 5_000 && !nearly_over(*at, *of));
    Ok(lessons)
}

/// As good as the end: the player begins such a lesson from the start again.
pub(super) fn nearly_over(position_ms: i64, duration_ms: i64) -> bool {
    let left_ms = duration_ms - position_ms;
    left_ms <= 15_000 || left_ms <= duration_ms / 20
}
