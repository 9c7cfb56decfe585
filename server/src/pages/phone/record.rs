//! One's own training archive of a year: what counts, what is missing, and every entry with its reasons.

use super::standing::{Standing, short};
use crate::auth::identity::SignedIn;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use crate::pages::figures;
use crate::pages::parts::{Bar, Pager};
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use archive::record::{EntryRow, Record};
use askama::Template;
use chrono::Datelike;
use entity::{Day, LessonId, Moment, Source, lesson};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use serde::Deserialize;
use std::collections::HashMap;

/// Which part of the archive.
#[derive(Deserialize)]
pub struct Wanted {
    year: Option<String>,
    page: Option<String>,
}

#[derive(Template)]
#[template(path = "phone/record.html")]
struct RecordPage {
    shell: Shell,
    years: Vec<i32>,
    year: i32,
    person_name: String,
    person_code: String,
    unit_name: String,
    posts: String,
    credit: String,
    tiles: Vec<(String, &'static str)>,
    standings: Vec<Standing>,
    short: bool,
    months: Vec<Bar>,
    entries: Vec<Entry>,
    pager: Pager,
}

/// One entry as people read it.
struct Entry {
    href: Option<String>,
    title: String,
    credited: String,
    day: Day,
    source: &'static str,
    reasons: Vec<(&'static str, String)>,
}

/// The page of one's own archive.
pub async fn record(caller: SignedIn, wanted: Query<Wanted>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let person =
        caller.person_id.ok_or_else(|| ApiError::say(Code::NotFound, "此账号不对应花名册上的人，没有培训档案"))?;
    let today = Moment::now().day();
    let year = wanted.year.as_deref().and_then(|year| year.parse().ok()).unwrap_or(today.year());
    let page = wanted.page.as_deref().and_then(|page| page.parse().ok()).unwrap_or(1);
    let record = archive::record::of_person(&db.read, person, year, today).await?;
    let entries = match page {
        1 => record.entries.clone(),
        _ => archive::record::entries(&db.read, person, year, page).await?,
    };
    let slugs = slugs(&db.read, &entries.rows).await?;
    let unit = roster::org::unit(&db.read, record.unit_id).await?;
    let size = entries.total.div_ceil(entries.pages.max(1)).max(1);
    crate::pages::draw(&RecordPage {
        shell: Shell::new(&caller, format!("{year} 年度培训档案"), "/record"),
        years: years(today.year(), year),
        year,
        unit_name: roster::org::full_name(&db.read, &unit).await?,
        posts: record.posts.iter().map(|post| post.label()).collect::<Vec<_>>().join("、"),
        credit: record.total.credit.to_string(),
        tiles: tiles(&record),
        standings: record.standings.iter().map(Standing::from).collect(),
        short: record.standings.iter().any(|standing| !standing.met),
        months: months(&record),
        pager: Pager::new("/record", &[("year", &year.to_string())], entries.page, size, entries.total),
        entries: entries.rows.into_iter().map(|row| entry(row, &slugs)).collect(),
        person_name: record.name,
        person_code: record.code,
    })
}

/// This year and the two before, and the one asked for.
fn years(now: i32, asked: i32) -> Vec<i32> {
    let mut years = vec![now, now - 1, now - 2, asked];
    years.sort_unstable_by(|a, b| b.cmp(a));
    years.dedup();
    years
}

fn tiles(record: &Record) -> Vec<(String, &'static str)> {
    let by_source = record.sources.iter().map(|(source, total)| (short(total.credit.hundredths()), source.label()));
    let pending = (record.pending_ms > 0).then(|| (figures::minutes(record.pending_ms), "正在记入"));
    by_source.chain(pending).collect()
}

fn months(record: &Record) -> Vec<Bar> {
    if record.total.credited_ms <= 0 {
        return Vec::new();
    }
    let month = |(index, total): (usize, &archive::Total)| {
        let hundredths = total.credit.hundredths();
        ((index + 1).to_string(), hundredths.0, figures::brief(hundredths.to_f64()))
    };
    Bar::chart(record.months.iter().enumerate().map(month))
}

fn entry(row: EntryRow, slugs: &HashMap<LessonId, String>) -> Entry {
    let slug = row.lesson_id.and_then(|id| slugs.get(&id));
    Entry {
        href: slug.map(|slug| format!("/lessons/{slug}")),
        title: row.title,
        credited: match row.source {
            Source::Class => format!("{} 学时", short(row.credit.hundredths())),
            _ => figures::minutes(row.credited_ms),
        },
        day: row.day,
        source: row.source.label(),
        reasons: row.reasons.into_iter().map(|(reason, ms)| (reason.label(), figures::minutes(ms))).collect(),
    }
}

async fn slugs(db: &impl ConnectionTrait, rows: &[EntryRow]) -> ApiResult<HashMap<LessonId, String>> {
    let ids = rows.iter().filter_map(|row| row.lesson_id);
    let named: Vec<(LessonId, String)> = lesson::Entity::find()
        .select_only()
        .columns([lesson::Column::Id, lesson::Column::Slug])
        .filter(lesson::Column::Id.is_in(ids))
        .into_tuple()
        .all(db)
        .await?;
    Ok(named.into_iter().collect())
}
