//! Searching and suggesting, off the async workers and never more at once than the machine has cores for.

use crate::auth::identity::SignedIn;
use crate::error::{ApiError, ApiResult, Code, ErrorBody};
use actix_web::web::{self, Data, Json, Query};
use catalog::search::{Answer, FacetCount, Facets, Hit, Index, SearchQuery, Sort};
use entity::Moment;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::sync::Semaphore;
use utoipa::{IntoParams, ToSchema};

/// What lets searches run: as many at once as there are cores, a bounded number waiting, and no more.
pub struct Searches {
    running: Semaphore,
    waiting: Semaphore,
}

/// Searches that may wait for each that runs.
const WAITING_EACH: usize = 16;
/// How long a search may wait before the caller is sent away.
const PATIENCE: Duration = Duration::from_secs(2);

impl Default for Searches {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self { running: Semaphore::new(cores), waiting: Semaphore::new(cores * WAITING_EACH) }
    }
}

impl Searches {
    /// Run a search off the workers when its turn comes.
    ///
    /// # Errors
    /// `busy` when too many wait already or the turn does not come; whatever the search fails with.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> catalog::Result<T> + Send + 'static,
    ) -> ApiResult<T> {
        let busy = || ApiError::new(Code::Busy).retry_after(1);
        let waiting = self.waiting.try_acquire().map_err(|_| busy())?;
        let turn = tokio::time::timeout(PATIENCE, self.running.acquire()).await.map_err(|_| busy())?;
        drop(waiting);
        let done = web::block(work).await?;
        drop(turn);
        Ok(done?)
    }
}

/// What to search for.
#[derive(Deserialize, IntoParams)]
pub struct SearchParams {
    /// Words, pinyin, initials or a question; at most 200 characters. Empty lists everything.
    #[serde(default)]
    q: String,
    /// Only this category: `agriculture`, `marketing`, `mediation`, `party`, `policy`, `governance`, `law`, `health`,
    /// `other`, or its Chinese name.
    category: Option<String>,
    /// Only this language, such as 桂柳话.
    language: Option<String>,
    /// Only this level: `entry`, `advanced`, `expert`, or its Chinese name.
    level: Option<String>,
    /// Only this crop or animal.
    crop: Option<String>,
    /// `relevance` (the usual), `newest`, `plays`, `shortest` or `smallest`.
    sort: Option<String>,
    /// Which page, from 1.
    page: Option<u64>,
    /// Hits of a page, 1 to 100; 20 when absent.
    size: Option<u64>,
    /// Take the words as typed: no pinyin, no homophones.
    #[serde(default)]
    literal: bool,
}

/// One page of hits.
#[derive(Serialize, ToSchema)]
pub struct SearchAnswer {
    /// Lessons that match, of both tiers, for this caller.
    total: u64,
    /// How many of them match only weakly (没有完全匹配，以下相关).
    weak_total: u64,
    /// Which page, from 1.
    page: u64,
    /// Hits of a full page.
    size: u64,
    /// How long the search took.
    took_ms: f64,
    /// The hits; those of the weaker tier after all others.
    hits: Vec<HitAnswer>,
    /// What the hits could be narrowed by, each counted without its own filter.
    facets: FacetsAnswer,
    /// What typed pinyin, or a word nobody wrote, was read as; search with `literal=true` to go back.
    #[serde(skip_serializing_if = "Option::is_none")]
    read_as: Option<String>,
}

/// One lesson found.
#[derive(Serialize, ToSchema)]
pub struct HitAnswer {
    /// The lesson.
    lesson_id: i64,
    /// Its name in addresses.
    slug: String,
    /// Its course.
    course_id: i64,
    /// Its title.
    title: String,
    /// Its title as safe HTML with `<mark>` around matches.
    title_html: String,
    /// The passage that matches best, as safe HTML with `<mark>` around matches.
    snippet: String,
    /// Its category.
    category: &'static str,
    /// `entry`, `advanced` or `expert`.
    level: &'static str,
    /// The language it is taught in.
    language: String,
    /// Who teaches.
    lecturer: String,
    /// Its crop or animal.
    #[serde(skip_serializing_if = "Option::is_none")]
    crop: Option<String>,
    /// Its length.
    duration_ms: i64,
    /// Bytes of its media; 0 for an article lesson.
    size_bytes: i64,
    /// The civil day it was first published.
    published: Option<String>,
    /// How often it was played.
    plays: i64,
    /// Where in the lesson the passage is said, roughly: told from its place in the transcript.
    #[serde(skip_serializing_if = "Option::is_none")]
    match_at_ms: Option<i64>,
    /// It belongs to the weaker tier.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    weak: bool,
    /// Its season fits today (正当季).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    in_season: bool,
}

/// What hits could be narrowed by.
#[derive(Serialize, ToSchema)]
pub struct FacetsAnswer {
    /// By category.
    category: Vec<FacetAnswer>,
    /// By crop or animal, the most frequent.
    crop: Vec<FacetAnswer>,
    /// By level.
    level: Vec<FacetAnswer>,
    /// By language.
    language: Vec<FacetAnswer>,
}

/// How many hits one value would leave.
#[derive(Serialize, ToSchema)]
pub struct FacetAnswer {
    /// The value as the parameter takes it.
    value: String,
    /// The value as people read it.
    label: String,
    /// Hits that have it.
    count: u64,
}

/// What somebody has typed so far.
#[derive(Deserialize, IntoParams)]
pub struct SuggestParams {
    /// Han, pinyin or initials.
    #[serde(default)]
    q: String,
    /// Most suggestions wanted, 1 to 20; 8 when absent.
    size: Option<u64>,
}

/// What to offer while somebody types.
#[derive(Serialize, ToSchema)]
pub struct SuggestAnswer {
    /// Best first.
    suggestions: Vec<SuggestionAnswer>,
}

/// Something to search for.
#[derive(Serialize, ToSchema)]
pub struct SuggestionAnswer {
    /// The words.
    text: String,
    /// `crop`, `tag`, `lecturer` or `title`.
    kind: &'static str,
}

/// Search the lessons the caller may see.
#[utoipa::path(get, path = "/api/v1/search", tag = "catalog", params(SearchParams), responses(
    (status = 200, description = "a page of hits", body = SearchAnswer),
    (status = 400, description = "invalid_request: a parameter is wrong or the query too long", body = ErrorBody),
    (status = 503, description = "busy, with Retry-After", body = ErrorBody),
))]
pub async fn search(
    caller: SignedIn,
    params: Query<SearchParams>,
    index: Data<Index>,
    searches: Data<Searches>,
) -> ApiResult<Json<SearchAnswer>> {
    let query = params.into_inner().parse()?;
    let (page, size) = (query.page, query.size);
    let (viewer, today) = (caller.viewer(), Moment::now().day());
    let answer = searches.run(move || index.search(&query, &viewer, today)).await?;
    Ok(Json(SearchAnswer::of(answer, page, size)))
}

/// Suggest words while somebody types.
#[utoipa::path(get, path = "/api/v1/suggest", tag = "catalog", params(SuggestParams), responses(
    (status = 200, description = "suggestions", body = SuggestAnswer),
    (status = 400, description = "invalid_request", body = ErrorBody),
    (status = 503, description = "busy, with Retry-After", body = ErrorBody),
))]
pub async fn suggest(
    caller: SignedIn,
    params: Query<SuggestParams>,
    index: Data<Index>,
    searches: Data<Searches>,
) -> ApiResult<Json<SuggestAnswer>> {
    let SuggestParams { q, size } = params.into_inner();
    let most = match size.unwrap_or(8) {
        size @ 1..=20 => usize::try_from(size).unwrap_or(20),
        _ => return Err(ApiError::say(Code::InvalidRequest, "size 应为 1 到 20")),
    };
    let (viewer, today) = (caller.viewer(), Moment::now().day());
    let found = searches.run(move || index.suggest(&q, &viewer, today, most)).await?;
    let suggestions = found.into_iter().map(|s| SuggestionAnswer { text: s.text, kind: s.kind.as_str() }).collect();
    Ok(Json(SuggestAnswer { suggestions }))
}

impl SearchParams {
    fn parse(self) -> ApiResult<SearchQuery> {
        let given = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let wrong = |name: &str| ApiError::say(Code::InvalidRequest, format!("参数 {name} 的值不在可选范围内"));
        let category = given(self.category).map(|text| catalog::category_named(&text).ok_or_else(|| wrong("category")));
        let level = given(self.level).map(|text| catalog::level_named(&text).ok_or_else(|| wrong("level")));
        let sort = given(self.sort).map(|text| Sort::parse(&text).ok_or_else(|| wrong("sort")));
        Ok(SearchQuery {
            q: self.q,
            category: category.transpose()?,
            language: given(self.language),
            level: level.transpose()?,
            crop: given(self.crop),
            sort: sort.transpose()?.unwrap_or_default(),
            page: self.page.unwrap_or(1),
            size: self.size.unwrap_or(20),
            literal: self.literal,
        })
    }
}

impl SearchAnswer {
    fn of(answer: Answer, page: u64, size: u64) -> Self {
        Self {
            total: answer.total,
            weak_total: answer.weak_total,
            page,
            size,
            took_ms: answer.took_ms,
            hits: answer.hits.into_iter().map(HitAnswer::from).collect(),
            facets: answer.facets.into(),
            read_as: answer.read_as,
        }
    }
}

impl From<Hit> for HitAnswer {
    fn from(hit: Hit) -> Self {
        Self {
            lesson_id: hit.lesson_id.0,
            slug: hit.slug,
            course_id: hit.course_id.0,
            title: hit.title,
            title_html: hit.title_html,
            snippet: hit.snippet,
            category: hit.category.as_str(),
            level: hit.level.as_str(),
            language: hit.language,
            lecturer: hit.lecturer,
            crop: hit.crop,
            duration_ms: hit.duration_ms,
            size_bytes: hit.size_bytes,
            published: hit.published.map(|day| day.to_string()),
            plays: hit.plays,
            match_at_ms: hit.match_at_ms,
            weak: hit.weak,
            in_season: hit.in_season,
        }
    }
}

impl From<Facets> for FacetsAnswer {
    fn from(facets: Facets) -> Self {
        let all = |counts: Vec<FacetCount>| counts.into_iter().map(FacetAnswer::from).collect();
        Self {
            category: all(facets.category),
            crop: all(facets.crop),
            level: all(facets.level),
            language: all(facets.language),
        }
    }
}

impl From<FacetCount> for FacetAnswer {
    fn from(facet: FacetCount) -> Self {
        Self { value: facet.value, label: facet.label, count: facet.count }
    }
}
