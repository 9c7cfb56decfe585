//! One's own training archive of a year: what counts, what is missing, and every entry with its reasons.

use super::card::Card;
use super::standing::{Standing, short};
use super::{make_up, quiz};
use crate::auth::identity::SignedIn;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use crate::pages::chart::Chart;
use crate::pages::figures;
use crate::pages::office::declared::{self, StudyView};
use crate::pages::office::late::LateView;
use crate::pages::office::pictures::by_category;
use crate::pages::parts::{Bar, Pager};
use crate::pages::reasons::{Account, Limits};
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use archive::Hundredths;
use archive::record::{EntryRow, Pending, Record};
use askama::Template;
use chrono::Datelike;
use entity::{Day, LessonId, Moment, Source, appeal, lesson};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use serde::Deserialize;
use std::collections::HashMap;

/// Which part of the archive.
#[derive(Deserialize)]
pub struct Wanted {
    year: Option<String>,
    page: Option<String>,
    done: Option<String>,
}

#[derive(Template)]
#[template(path = "phone/record.html")]
struct RecordPage {
    shell: Shell,
    years: Vec<i32>,
    year: i32,
    sealed: bool,
    late: Vec<LateView>,
    studies: Vec<StudyView>,
    declared: bool,
    person_name: String,
    person_code: String,
    unit_name: String,
    posts: String,
    credit: String,
    tiles: Vec<(String, &'static str)>,
    standings: Vec<Standing>,
    missing: Option<String>,
    make_up: Vec<Card>,
    more: u64,
    months: Vec<Bar>,
    charts: Vec<Chart>,
    pending: Vec<Waiting>,
    entries: Vec<Entry>,
    pager: Pager,
}

/// One entry as people read it.
pub(super) struct Entry {
    pub(super) seq: i64,
    pub(super) href: Option<String>,
    pub(super) title: String,
    pub(super) credited: String,
    pub(super) day: Day,
    pub(super) source: &'static str,
    pub(super) quiz: Option<String>,
    pub(super) account: Account,
    pub(super) appeal: Option<AppealState>,
    pub(super) is_correction: bool,
}

/// A session that is not in the ledger yet.
struct Waiting {
    title: String,
    state: &'static str,
    credited: String,
    day: Day,
    mode: &'static str,
    account: Account,
}

/// Where an appeal stands: what is said, and its colour.
pub(super) type AppealState = (&'static str, &'static str);

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
    let quizzes =
        quiz::results(&db.read, person, &entries.rows.iter().filter_map(|row| row.lesson_id).collect::<Vec<_>>())
            .await?;
    let seqs: Vec<i64> = entries.rows.iter().map(|row| row.seq).collect();
    let appeals = archive::appeals::of_entries(&db.read, &seqs).await?;
    let entry = |row: EntryRow| {
        let quiz = row.lesson_id.and_then(|id| quizzes.get(&id)).cloned();
        Entry { quiz, ..Entry::of(&row, &slugs, appeals.get(&row.seq).and_then(|made| made.first())) }
    };
    let unit = roster::org::unit(&db.read, record.unit_id).await?;
    let gap = archive::gap::of_person(&db.read, person, year, today).await?;
    let offer = match year == today.year() {
        true => make_up::offer(&db, &gap, today).await?,
        false => make_up::Offer::default(), // nobody makes up for a year that is over
    };
    let size = entries.total.div_ceil(entries.pages.max(1)).max(1);
    crate::pages::draw(&RecordPage {
        shell: Shell::new(&caller, format!("{year} 年度培训档案"), "/record"),
        years: years(today.year(), year),
        year,
        sealed: archive::seal::closed(&db.read, person, year).await?.is_some(),
        late: archive::late::of_person(&db.read, person, year).await?.into_iter().map(LateView::from).collect(),
        studies: declared::of_person(&db, person).await?,
        declared: wanted.done.as_deref() == Some("declared"),
        unit_name: roster::org::full_name(&db.read, &unit).await?,
        posts: record.posts.iter().map(|post| post.label()).collect::<Vec<_>>().join("、"),
        credit: record.total.credit.to_string(),
        tiles: tiles(&record),
        standings: gap.targets.iter().map(Standing::from).collect(),
        missing: offer.missing,
        make_up: offer.cards,
        more: offer.more,
        months: months(&record),
        charts: charts(&record),
        pager: Pager::new("/record", &[("year", &year.to_string())], entries.page, size, entries.total),
        entries: entries.rows.into_iter().map(entry).collect(),
        pending: if page == 1 { record.pending.iter().map(Waiting::of).collect() } else { Vec::new() },
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

/// The year day by day, and what was learnt.
fn charts(record: &Record) -> Vec<Chart> {
    let minutes =
        record.days.iter().map(|(day, total)| (*day, Hundredths::minutes(total.credited_ms).0 / 100)).collect();
    let year = Chart::year("year", &format!("{} 年每天的学习", record.year), record.year, &minutes);
    let all = [year, by_category(&record.categories)];
    if record.days.is_empty() { Vec::new() } else { all.into_iter().filter(|chart| !chart.is_empty()).collect() }
}

impl Entry {
    pub(super) fn of(row: &EntryRow, slugs: &HashMap<LessonId, String>, newest: Option<&appeal::Model>) -> Self {
        let slug = row.lesson_id.and_then(|id| slugs.get(&id));
        let limits = Limits {
            daily_cap: row.daily_cap_minutes,
            minimum: row.minimum_watch_minutes,
            of_class: row.source == Source::Class,
        };
        let account = Account::of(row.claimed_ms, row.credited_ms, &row.reasons, limits);
        Self {
            seq: row.seq,
            href: slug.map(|slug| format!("/lessons/{slug}")),
            title: row.title.clone(),
            credited: match row.source {
                Source::Solo | Source::Group | Source::Correction => figures::minutes(row.credited_ms),
                _ => format!("{} 学时", short(row.credit.hundredths())),
            },
            day: row.day,
            source: row.source.label(),
            quiz: None,
            account: match newest.is_some_and(|made| made.decided_at.is_some()) {
                true => account.answered(),
                false => account,
            },
            appeal: newest.map(state),
            is_correction: row.source == Source::Correction,
        }
    }
}

impl Waiting {
    fn of(session: &Pending) -> Self {
        Self {
            title: session.title.clone(),
            state: if session.open { "正在学习" } else { "待记入" },
            credited: figures::minutes(session.credited_ms),
            day: session.began_at.day(),
            mode: session.mode.label(),
            account: Account::of(session.claimed_ms, session.credited_ms, &session.reasons, Limits::default()),
        }
    }
}

/// Where an appeal stands.
pub(super) fn state(made: &appeal::Model) -> AppealState {
    match made.granted {
        None => ("申诉处理中", "warn"),
        Some(true) => ("申诉已准予", "ok"),
        Some(false) => ("申诉未准予", "off"),
    }
}

/// The addresses of the lessons of these entries.
pub(super) async fn slugs(db: &impl ConnectionTrait, rows: &[EntryRow]) -> ApiResult<HashMap<LessonId, String>> {
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
