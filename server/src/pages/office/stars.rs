//! The star rating (创星升级) of a year: the villages of a unit with their points, and of one village what every point
//! rests on, with the form for the items that people mark.

use super::bulletin::{Files, SheetsPrint};
use super::form_data::FormData;
use super::person::{year_of, years};
use super::sheet::Titled;
use crate::api::evidence::EVIDENCE_BYTES;
use crate::api::stars::give;
use crate::auth::identity::{Assessor, Reader};
use crate::auth::reach;
use crate::body::Coming;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code, bad_mark};
use crate::pages::choose::{Choice, Errors, Tab, page_number, tabs, unit, units};
use crate::pages::go;
use crate::pages::parts::Pager;
use crate::pages::shell::Shell;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use archive::About;
use archive::report::{ReportQuery, Sheets, SheetsKind, sheets};
use archive::stars::{Measure, NewMark, Rated, Rating, ratings};
use askama::Template;
use content::store::Store;
use entity::{Moment, Role, Scope, UnitId, UnitLevel, org_unit, star_mark};
use serde::Deserialize;

/// Villages of a page on the screen.
const PAGE: u64 = 100;
/// Villages of one print.
const MOST_ON_PAPER: usize = 1_000;

/// Which unit and year.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StarsQuery {
    unit: String,
    year: String,
    page: String,
    done: String,
}

#[derive(Template)]
#[template(path = "office/stars.html")]
struct StarsPage {
    shell: Shell,
    tabs: Vec<Tab>,
    notice: Option<&'static str>,
    units: Vec<Choice>,
    unit: String,
    unit_id: UnitId,
    year: i32,
    years: Vec<Tab>,
    files: Files,
    tables: Vec<Titled>,
    pager: Pager,
    village: Option<Village>,
}

/// One village: its items, and how each is fed.
struct Village {
    points: String,
    stars: String,
    items: Vec<ItemView>,
    may_mark: bool,
}

struct ItemView {
    id: String,
    name: String,
    most: i64,
    points: String,
    basis: String,
    /// What is wanted as evidence, of an item that people mark.
    evidence: Option<String>,
    /// Address and day of every session it cites.
    sessions: Vec<String>,
    /// The marks, the newest first.
    marks: Vec<MarkView>,
    /// What was typed before a mark was refused.
    typed: (String, String),
    errors: Errors,
}

struct MarkView {
    about: String,
    reason: String,
    evidence: String,
    url: String,
}

/// `GET /office/stars`: the rating of a unit's villages.
///
/// # Errors
/// `not_found` for a unit beyond the caller's reach.
pub async fn show(reader: Reader, query: Query<StarsQuery>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let at = unit(&db.read, &reader.reach(), Some(&query.unit)).await?;
    let mut page = page(&reader, &db, at, year_of(&query.year), page_number(Some(&query.page))).await?;
    page.notice = (query.done == "marked").then_some("评分和证据已存档。");
    crate::pages::draw(&page)
}

/// `POST /office/stars`: mark an item, with evidence.
///
/// # Errors
/// `not_found` for a unit beyond the caller's reach; what is wrong with the mark is said on the page.
pub async fn take(
    reader: Reader,
    assessor: Assessor,
    request: HttpRequest,
    body: Coming,
    db: Data<Database>,
    store: Data<Store>,
) -> ApiResult<HttpResponse> {
    let form = FormData::read(&request, body, EVIDENCE_BYTES + (64 << 10)).await?;
    let unit_id = form.text("unit").parse().map_err(|_| ApiError::new(Code::NotFound))?;
    let at = reach::unit(&db, &assessor.reach(), unit_id).await?;
    let (year, item) = (year_of(form.text("year")), form.text("item"));
    let (points, reason) = (form.text("points"), form.text("reason"));
    let file = form.file("evidence").unwrap_or_default();
    let new = NewMark { unit_id, year, item, points: points.trim().parse().unwrap_or(-1), reason, evidence_sha256: "" };
    let Err(cause) = give_if_right(&assessor, &db, &store, new, (file.0.as_str(), file.1)).await? else {
        return Ok(go(&format!("/office/stars?unit={unit_id}&year={year}&done=marked")));
    };
    let mut page = page(&reader, &db, at, year, 1).await?;
    let items = page.village.iter_mut().flat_map(|village| &mut village.items);
    let marked = items.into_iter().find(|shown| shown.id == item).ok_or(Code::NotFound)?;
    marked.typed = (points.to_owned(), reason.to_owned());
    marked.errors.put(cause, bad_mark(cause));
    crate::pages::draw_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// Gives the mark, or says which field is wrong.
async fn give_if_right(
    assessor: &Assessor,
    db: &Database,
    store: &Store,
    new: NewMark<'_>,
    (name, file): (&str, bytes::Bytes),
) -> ApiResult<Result<star_mark::Model, &'static str>> {
    let checked = archive::stars::check(&new, Moment::now());
    let missing = file.is_empty().then_some(archive::Error::BadMark("evidence"));
    match checked.and(missing.map_or(Ok(()), Err)) {
        Err(archive::Error::BadMark(field)) => Ok(Err(field)),
        Err(cause) => Err(cause.into()),
        Ok(()) => Ok(Ok(give(assessor, db, store, new, (name, file)).await?)),
    }
}

/// `GET /office/stars/print`: the same on paper.
///
/// # Errors
/// As [`show`].
pub async fn print(reader: Reader, query: Query<StarsQuery>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let at = unit(&db.read, &reader.reach(), Some(&query.unit)).await?;
    let year = year_of(&query.year);
    let mut made = make(&reader, &db, &at, year).await?;
    only_what_is_read(&mut made, &at, MOST_ON_PAPER);
    let title = format!("{} {year} 年{}", at.name, SheetsKind::Stars.title());
    let mut shell = Shell::new(&reader, title.clone(), "/office");
    shell.theme = "plain";
    crate::pages::draw(&SheetsPrint {
        shell,
        title,
        unit: roster::org::full_name(&db.read, &at).await?,
        period: made.period(),
        notice: Some("公示期：　　　年　　月　　日至　　　年　　月　　日　　　公示地点："),
        signers: &["评定人：", "审核人：", "单位负责人：", "日期："],
        printed: Moment::now().local().format("%Y-%m-%d %H:%M").to_string(),
        by: reader.name.clone(),
        back: format!("/office/stars?unit={}&year={year}", at.id),
        charts: Vec::new(),
        tables: made.tables.iter().map(|table| Titled::of(table, at.level, |_| String::new())).collect(),
    })
}

async fn make(reader: &Reader, db: &Database, at: &org_unit::Model, year: i32) -> ApiResult<Sheets> {
    let (scope, today) = (reader.reach(), Moment::now().day());
    let report = ReportQuery {
        unit: Some(at.id),
        from: None,
        to: None,
        year: Some(year),
        about: About::Everything,
        scope,
        today,
    };
    Ok(sheets(&db.read, SheetsKind::Stars, &report).await?)
}

/// What the points rest on is read village by village or township by township; of a county it is in the files.
fn only_what_is_read(made: &mut Sheets, at: &org_unit::Model, most: usize) {
    if matches!(at.level, UnitLevel::City | UnitLevel::County) {
        made.tables.truncate(1);
    }
    made.tables.iter_mut().for_each(|table| table.rows.truncate(most));
}

async fn page(reader: &Reader, db: &Database, at: org_unit::Model, year: i32, number: u64) -> ApiResult<StarsPage> {
    let mut made = make(reader, db, &at, year).await?;
    only_what_is_read(&mut made, &at, usize::MAX);
    let total = made.tables.first().map_or(0, |table| table.rows.len() as u64);
    if let Some(table) = made.tables.first_mut() {
        let first = usize::try_from((number - 1).saturating_mul(PAGE)).unwrap_or(usize::MAX).min(table.rows.len());
        table.rows.drain(..first);
        table.units.drain(..first);
        table.rows.truncate(PAGE as usize);
    }
    let link = |unit: UnitId| format!("/office/stars?unit={unit}&year={year}");
    let (unit_id, shown) = (at.id.to_string(), format!("unit={}&year={year}", at.id));
    let kept = [("unit", unit_id.as_str()), ("year", &year.to_string())];
    Ok(StarsPage {
        shell: Shell::new(reader, format!("{} {year} 年创星升级", at.name), "/office"),
        tabs: tabs(reader, "/office/stars"),
        notice: None,
        units: units(&db.read, &reader.reach(), &at).await?,
        years: years(year, &format!("/office/stars?unit={}&year=", at.id)),
        files: Files::of(SheetsKind::Stars, &shown, &shown),
        village: village(reader, db, &at, year).await?,
        tables: made.tables.iter().map(|table| Titled::of(table, at.level, link)).collect(),
        pager: Pager::new("/office/stars", &kept, number, PAGE, total),
        unit: at.name,
        unit_id: at.id,
        year,
    })
}

/// The village's own rating, when the unit is one.
async fn village(reader: &Reader, db: &Database, at: &org_unit::Model, year: i32) -> ApiResult<Option<Village>> {
    if !matches!(at.level, UnitLevel::Village | UnitLevel::Other) {
        return Ok(None);
    }
    let scope = Scope::of([at.path.clone()]);
    let all = ratings(&db.read, &scope, year, Moment::now().day()).await?;
    let Some(rating) = all.into_iter().find(|rating| rating.unit.id == at.id) else { return Ok(None) };
    let marks = archive::stars::marks(&db.read, at.id, year).await?;
    let Rating { items, points, stars, .. } = rating;
    Ok(Some(Village {
        points: points.to_string(),
        stars: if stars == 0 { "未达一星".to_owned() } else { format!("{} {stars} 星", "★".repeat(stars)) },
        items: items.into_iter().map(|rated| ItemView::of(rated, &marks)).collect(),
        may_mark: reader.scope(&[Role::Assessor]).contains(&at.path),
    }))
}

impl ItemView {
    fn of(rated: Rated, marks: &[star_mark::Model]) -> Self {
        let own = marks.iter().filter(|mark| mark.item == rated.item.id).map(MarkView::of);
        Self {
            marks: own.collect(),
            evidence: (rated.item.measure == Measure::Manual).then_some(rated.item.evidence),
            id: rated.item.id,
            name: rated.item.name,
            most: rated.item.points,
            points: rated.points.map_or_else(|| "未评".to_owned(), |points| points.to_string()),
            basis: rated.basis,
            sessions: rated.sessions.iter().map(ToString::to_string).collect(),
            typed: Default::default(),
            errors: Errors::default(),
        }
    }
}

impl MarkView {
    fn of(mark: &star_mark::Model) -> Self {
        Self {
            about: format!("{} 分，{}", mark.points, mark.marked_at.local().format("%Y-%m-%d %H:%M")),
            reason: mark.reason.clone(),
            evidence: mark.evidence_name.clone(),
            url: format!("/media/{}", mark.evidence_sha256),
        }
    }
}
