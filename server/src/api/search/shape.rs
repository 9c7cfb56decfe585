//! What a search takes and answers as JSON. The contract; the index's own types may change behind it.

use crate::api::paging::{PageNumber, PageSize};
use crate::error::{ApiError, ApiResult, Code};
use catalog::search::{Answer, Cursor, FacetCount, Facets, Hit, LengthBand, SearchQuery, SizeBand, Sort};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::{IntoParams, ToSchema};

/// Most values of one filter.
const VALUES: usize = 20;

/// What to search for. Filters take several values, apart by commas.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SearchParams {
    /// Words, pinyin, initials or a question; at most 200 characters. Empty lists everything.
    #[serde(default)]
    q: String,
    /// Only these categories: `agriculture`, `marketing`, `mediation`, `party`, `policy`, `governance`, `law`, `health`,
    /// `other`, or their Chinese names.
    category: Option<String>,
    /// Only lessons taught in one of these languages, such as 桂柳话, or with a voice in it.
    language: Option<String>,
    /// Only these levels: `entry`, `advanced`, `expert`, or their Chinese names.
    level: Option<String>,
    /// Only these crops or animals.
    crop: Option<String>,
    /// Only lessons this long, in minutes: `upto5`, `5to15`, `15to30`, `over30`.
    length: Option<String>,
    /// `true`: only lessons with captions; `false`: only those without.
    captions: Option<String>,
    /// Only lessons whose smallest form is this large, in MB: `none` (an article), `upto5`, `5to20`, `20to50`, `over50`.
    size_band: Option<String>,
    /// `relevance` (the usual), `newest`, `plays`, `shortest` or `smallest`.
    sort: Option<String>,
    /// Which page, from 1.
    #[serde(default)]
    #[param(inline)]
    page: PageNumber,
    /// Hits of a page, 1 to 100; 20 when absent.
    #[serde(default)]
    #[param(inline)]
    size: PageSize<20, 100>,
    /// `next_cursor` of the page before, in place of `page`: nothing comes twice and nothing that stays is left out,
    /// whatever changes in between. All other parameters stay as they were.
    cursor: Option<String>,
    /// Take the words as typed: no pinyin, no homophones.
    #[serde(default)]
    literal: bool,
}

impl SearchParams {
    /// The query these parameters mean.
    ///
    /// # Errors
    /// `invalid_request`, naming the parameter and its value.
    pub fn parse(self) -> ApiResult<SearchQuery> {
        let cursor = match given(self.cursor) {
            Some(text) => Some(
                Cursor::parse(&text)
                    .ok_or_else(|| ApiError::say(Code::InvalidRequest, "cursor 有误，请从第一页重新查起"))?,
            ),
            None => None,
        };
        Ok(SearchQuery {
            q: self.q,
            category: several("category", self.category, catalog::category_named)?,
            language: several("language", self.language, |text| Some(text.to_owned()))?,
            level: several("level", self.level, catalog::level_named)?,
            crop: several("crop", self.crop, |text| Some(text.to_owned()))?,
            length: several("length", self.length, LengthBand::parse)?,
            captions: one("captions", self.captions, yes_or_no)?,
            size_band: several("size_band", self.size_band, SizeBand::parse)?,
            sort: one("sort", self.sort, Sort::parse)?.unwrap_or_default(),
            page: self.page.get(),
            size: self.size.get(),
            cursor,
            literal: self.literal,
        })
    }
}

fn given(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// `true` or `1`, `false` or `0`.
pub fn yes_or_no(text: &str) -> Option<bool> {
    match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

fn one<T>(name: &str, text: Option<String>, parse: impl Fn(&str) -> Option<T>) -> ApiResult<Option<T>> {
    given(text).map(|text| parse(&text).ok_or_else(|| wrong(name, &text))).transpose()
}

/// The values of a filter, apart by commas.
///
/// # Errors
/// `invalid_request` for too many, or for one that is none.
pub fn several<T>(name: &str, text: Option<String>, parse: impl Fn(&str) -> Option<T>) -> ApiResult<Vec<T>> {
    let text = text.unwrap_or_default();
    let values: Vec<&str> = text.split([',', '，']).map(str::trim).filter(|value| !value.is_empty()).collect();
    if values.len() > VALUES {
        return Err(ApiError::say(Code::InvalidRequest, format!("参数 {name} 最多可选 {VALUES} 项")));
    }
    values.into_iter().map(|value| parse(value).ok_or_else(|| wrong(name, value))).collect()
}

fn wrong(name: &str, value: &str) -> ApiError {
    let shown: String = value.chars().filter(|c| !c.is_control()).take(20).collect();
    ApiError::say(Code::InvalidRequest, format!("参数 {name} 的值“{shown}”不在可选范围内"))
}

/// One page of hits.
#[derive(Serialize, ToSchema)]
pub struct SearchAnswer<'a> {
    /// Lessons that match, of both tiers, for this caller.
    total: u64,
    /// How many of them match only weakly (没有完全匹配，以下相关).
    weak_total: u64,
    /// Which page, from 1.
    page: u64,
    /// Hits of a full page.
    size: u64,
    /// Asks for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<&'a str>,
    /// How long the answer took, with the wait for its turn.
    took_ms: f64,
    /// The hits; those of the weaker tier after all others.
    hits: Vec<HitAnswer<'a>>,
    /// What the hits could be narrowed by, each counted without its own filter.
    facets: FacetsAnswer<'a>,
    /// What typed pinyin, or a word nobody wrote, was read as; search with `literal=true` to go back.
    #[serde(skip_serializing_if = "Option::is_none")]
    read_as: Option<&'a str>,
}

/// One lesson found.
#[derive(Serialize, ToSchema)]
pub struct HitAnswer<'a> {
    /// The lesson.
    lesson_id: i64,
    /// Its name in addresses.
    slug: &'a str,
    /// Its course.
    course_id: i64,
    /// Its title.
    title: &'a str,
    /// Its title as safe HTML with `<mark>` around matches.
    title_html: &'a str,
    /// The passage that matches best, as safe HTML with `<mark>` around matches.
    snippet: &'a str,
    /// Its category.
    category: &'static str,
    /// `entry`, `advanced` or `expert`.
    level: &'static str,
    /// The language it is taught in.
    language: &'a str,
    /// Who teaches.
    lecturer: &'a str,
    /// Its crop or animal.
    #[serde(skip_serializing_if = "Option::is_none")]
    crop: Option<&'a str>,
    /// Its length.
    duration_ms: i64,
    /// Bytes of its media; 0 for an article lesson.
    size_bytes: i64,
    /// Bytes of its smallest form that can be played.
    smallest_bytes: i64,
    /// It has captions.
    captions: bool,
    /// The civil day it was first published.
    published: Option<String>,
    /// How often it was played.
    plays: i64,
    /// Where in the recording the passage of `snippet` is said: the begin of its caption. Without captions it is told
    /// from the passage's place in the transcript, in proportion to the length; an article has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    match_at_ms: Option<i64>,
    /// The place is that of a caption.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    match_is_exact: bool,
    /// It belongs to the weaker tier.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    weak: bool,
    /// Its season fits today (正当季).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    in_season: bool,
}

/// What hits could be narrowed by.
#[derive(Serialize, ToSchema)]
pub struct FacetsAnswer<'a> {
    /// By category.
    category: Vec<FacetAnswer<'a>>,
    /// By crop or animal, the most frequent.
    crop: Vec<FacetAnswer<'a>>,
    /// By level.
    level: Vec<FacetAnswer<'a>>,
    /// By language: a lesson counts for its own, and for that of each of its voices.
    language: Vec<FacetAnswer<'a>>,
    /// By length.
    length: Vec<FacetAnswer<'a>>,
    /// With and without captions.
    captions: Vec<FacetAnswer<'a>>,
    /// By the size of the smallest form.
    size_band: Vec<FacetAnswer<'a>>,
}

/// How many hits one value would leave.
#[derive(Serialize, ToSchema)]
pub struct FacetAnswer<'a> {
    /// The value as the parameter takes it.
    value: &'a str,
    /// The value as people read it.
    label: &'a str,
    /// Hits that have it.
    count: u64,
}

impl<'a> SearchAnswer<'a> {
    /// The answer to a search of pages of this size, which took so long.
    pub fn of(answer: &'a Answer, size: u64, took: Duration) -> Self {
        Self {
            total: answer.total,
            weak_total: answer.weak_total,
            page: answer.page,
            size,
            next_cursor: answer.next_cursor.as_deref(),
            took_ms: took.as_secs_f64() * 1e3,
            hits: answer.hits.iter().map(HitAnswer::from).collect(),
            facets: (&answer.facets).into(),
            read_as: answer.read_as.as_deref(),
        }
    }
}

impl<'a> From<&'a Hit> for HitAnswer<'a> {
    fn from(hit: &'a Hit) -> Self {
        Self {
            lesson_id: hit.lesson_id.0,
            slug: &hit.slug,
            course_id: hit.course_id.0,
            title: &hit.title,
            title_html: &hit.title_html,
            snippet: &hit.snippet,
            category: hit.category.as_str(),
            level: hit.level.as_str(),
            language: &hit.language,
            lecturer: &hit.lecturer,
            crop: hit.crop.as_deref(),
            duration_ms: hit.duration_ms,
            size_bytes: hit.size_bytes,
            smallest_bytes: hit.smallest_bytes,
            captions: hit.captions,
            published: hit.published.map(|day| day.to_string()),
            plays: hit.plays,
            match_at_ms: hit.match_at_ms,
            match_is_exact: hit.match_is_exact,
            weak: hit.weak,
            in_season: hit.in_season,
        }
    }
}

impl<'a> From<&'a Facets> for FacetsAnswer<'a> {
    fn from(facets: &'a Facets) -> Self {
        let all = |counts: &'a [FacetCount]| counts.iter().map(FacetAnswer::from).collect();
        Self {
            category: all(&facets.category),
            crop: all(&facets.crop),
            level: all(&facets.level),
            language: all(&facets.language),
            length: all(&facets.length),
            captions: all(&facets.captions),
            size_band: all(&facets.size_band),
        }
    }
}

impl<'a> From<&'a FacetCount> for FacetAnswer<'a> {
    fn from(facet: &'a FacetCount) -> Self {
        Self { value: &facet.value, label: &facet.label, count: facet.count }
    }
}
