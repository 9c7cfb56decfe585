//! What people of the caller's counties search for, and how it was answered: the request list as JSON and CSV.
//!
//! The counts hold nothing of who asked; see `catalog::asked`.

use super::paging::{PageNumber, PageSize};
use super::search::shape::several;
use crate::auth::identity::Author;
use crate::auth::reach;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code, ErrorBody};
use crate::pages::parts::encoded;
use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use actix_web::web::{Data, Json, Query};
use catalog::asked::{Order, Wanted, WantedFilter, wanted};
use catalog::{MAX_PAGE_SIZE, Page};
use entity::{Day, LessonId, Moment, Scope, SearchTier, UnitId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which wishes, and in which form.
#[derive(Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct SearchesQuery {
    /// How they were answered: `none` (nothing), `weak` (only related lessons), `full`; several apart by commas, all
    /// when absent.
    #[param(pattern = "^((none|weak|full)(,(none|weak|full))*)?$")]
    pub tier: Option<String>,
    /// First civil day, as `2026-01-01`.
    #[param(format = Date)]
    pub from: Option<String>,
    /// Last civil day, itself included.
    #[param(format = Date)]
    pub to: Option<String>,
    /// This unit and all below; everything in the caller's reach when absent. Counts are kept by county.
    pub unit: Option<i64>,
    /// `most` (the usual) or `latest`.
    pub sort: Option<String>,
    /// `csv` for a file of at most 2,000 rows; JSON when absent.
    pub format: Option<String>,
    /// Which page, from 1.
    #[param(inline)]
    pub page: PageNumber,
    /// Rows of a page, 1 to 100; 20 when absent.
    #[param(inline)]
    pub size: PageSize<20, 100>,
}

/// One page of wishes.
#[derive(Serialize, ToSchema)]
pub struct SearchesAnswer {
    /// How many there are.
    total: u64,
    /// Which page, from 1.
    page: u64,
    /// Rows of a full page.
    size: u64,
    /// The wishes.
    searches: Vec<WantedAnswer>,
}

/// Something people wish to learn, all spellings together.
#[derive(Serialize, ToSchema)]
pub struct WantedAnswer {
    /// What groups its spellings: pinyin.
    meaning: String,
    /// The usual spelling.
    query: String,
    /// Other spellings.
    others: Vec<String>,
    /// How often it was searched for.
    asked: i64,
    /// How often of these nothing was found.
    unanswered: i64,
    /// In how many counties.
    counties: i64,
    /// The last civil day.
    last_day: String,
}

/// Rows of a file.
const FILE_ROWS: u64 = 2_000;

/// What people search for in the caller's counties.
#[utoipa::path(get, path = "/api/v1/searches", tag = "catalog", params(SearchesQuery), responses(
    (status = 200, description = "a page of wishes", content((SearchesAnswer = "application/json"), (String = "text/csv"))),
    (status = 400, description = "invalid_request: a parameter is wrong", body = ErrorBody),
    (status = 403, description = "forbidden", body = ErrorBody),
    (status = 404, description = "not_found: no such unit within reach", body = ErrorBody),
))]
pub async fn list(author: Author, query: Query<SearchesQuery>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let scope = match query.unit {
        Some(id) => Scope::of([reach::unit(&db, &author.reach(), UnitId(id)).await?.path]),
        None => author.reach(),
    };
    let filter = query.filter()?;
    match query.format.as_deref() {
        None | Some("" | "json") => {
            let page = wanted(&db.read, &scope, &filter, query.page.get(), query.size.get()).await?;
            Ok(HttpResponse::Ok().json(SearchesAnswer::from(page)))
        }
        Some("csv") => Ok(file(&all(&db, &scope, &filter).await?)),
        Some(_) => Err(wrong("format", "csv 或 json")),
    }
}

/// A lesson that answers a wish.
#[derive(Deserialize, ToSchema)]
pub struct AnswerBody {
    /// The wish, in any of its spellings.
    query: String,
    /// The lesson: published, and for everybody below the unit.
    lesson_id: i64,
    /// For the people of this unit and all below it; the top of the caller's reach when absent.
    unit_id: Option<i64>,
}

/// How many were told.
#[derive(Serialize, ToSchema)]
pub struct AnsweredAnswer {
    /// People who had asked to be told.
    told: u64,
}

/// Answer what people searched for and did not find with a lesson; those who asked to be told are.
#[utoipa::path(post, path = "/api/v1/searches/answers", tag = "catalog", request_body = AnswerBody, responses(
    (status = 200, description = "answered", body = AnsweredAnswer),
    (status = 400, description = "invalid_request, naming the field", body = ErrorBody),
    (status = 404, description = "not_found: no such unit within reach", body = ErrorBody),
))]
pub async fn answer(author: Author, body: Json<AnswerBody>, db: Data<Database>) -> ApiResult<Json<AnsweredAnswer>> {
    let unit_id = super::courses::keeper(&db, &author, body.unit_id).await?;
    let unit = reach::unit(&db, &author.reach(), unit_id).await?;
    let (lesson, by) = (LessonId(body.lesson_id), author.account_id);
    let told = catalog::asked::answer(&db.write, &unit, &body.query, lesson, by, Moment::now()).await?;
    Ok(Json(AnsweredAnswer { told }))
}

impl SearchesQuery {
    /// The filter these parameters mean.
    ///
    /// # Errors
    /// `invalid_request`, naming the parameter.
    pub fn filter(&self) -> ApiResult<WantedFilter> {
        let day = |name, text: &Option<String>| match text.as_deref().map(str::trim) {
            None | Some("") => Ok(None),
            Some(text) => text.parse::<Day>().map(Some).map_err(|_| wrong(name, "2026-01-31 这样的日期")),
        };
        let order = match self.sort.as_deref() {
            None | Some("") => Order::Most,
            Some(text) => Order::parse(text).ok_or_else(|| wrong("sort", "most 或 latest"))?,
        };
        Ok(WantedFilter {
            tiers: several("tier", self.tier.clone(), SearchTier::parse)?,
            from: day("from", &self.from)?,
            to: day("to", &self.to)?,
            order,
        })
    }
}

fn wrong(name: &str, right: &str) -> ApiError {
    ApiError::say(Code::InvalidRequest, format!("参数 {name} 须为 {right}"))
}

async fn all(db: &Database, scope: &Scope, filter: &WantedFilter) -> ApiResult<Vec<Wanted>> {
    let mut rows = Vec::new();
    for number in 1..=FILE_ROWS / MAX_PAGE_SIZE {
        let page = wanted(&db.read, scope, filter, number, MAX_PAGE_SIZE).await?;
        let last = page.items.is_empty() || number * MAX_PAGE_SIZE >= page.total;
        rows.extend(page.items);
        if last {
            break;
        }
    }
    Ok(rows)
}

/// UTF-8 with a byte order mark, as Excel and WPS need it to read Chinese.
fn file(rows: &[Wanted]) -> HttpResponse {
    let mut text = "\u{feff}想学什么,其他写法,搜索次数,其中没有找到,县区数,最近一天\r\n".to_owned();
    for row in rows {
        let others = row.others.join("、");
        let (asked, unanswered, counties) = (row.asked, row.unanswered, row.counties);
        text += &format!("{},{},{asked},{unanswered},{counties},{}\r\n", cell(&row.query), cell(&others), row.last);
    }
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename*=UTF-8''{}", encoded("想学清单.csv"))))
        .content_type("text/csv; charset=utf-8")
        .body(text)
}

/// Quoted (RFC 4180); what a table would take for a formula gets an apostrophe before it.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    format!("\"{}{}\"", if formula { "'" } else { "" }, text.replace('"', "\"\""))
}

impl From<Page<Wanted>> for SearchesAnswer {
    fn from(page: Page<Wanted>) -> Self {
        let searches = page.items.into_iter().map(|row| WantedAnswer {
            meaning: row.meaning,
            query: row.query,
            others: row.others,
            asked: row.asked,
            unanswered: row.unanswered,
            counties: row.counties,
            last_day: row.last.to_string(),
        });
        Self { searches: searches.collect(), total: page.total, page: page.page, size: page.size }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula_and_never_ends_early() {
        assert_eq!(cell("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        assert_eq!(cell("沙糖桔"), "\"沙糖桔\"");
    }
}
