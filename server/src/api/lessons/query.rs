//! Which lessons to list, as an address says it.

use crate::api::courses::optional_category;
use crate::api::paging::{PageNumber, PageSize};
use crate::auth::identity::Identity;
use crate::error::{ApiError, ApiResult, Code};
use catalog::lesson::{Lack, LessonFilter, Order, Preparation};
use entity::{CourseId, LessonState, Scope};
use serde::Deserialize;
use utoipa::IntoParams;

/// Which lessons to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LessonsQuery {
    /// `draft`, `review`, `published` or `withdrawn`, the others than `published` only within the caller's reach as
    /// an author or reviewer; `any` for all of these.
    state: Option<String>,
    /// Only this category, by its word or Chinese name.
    category: Option<String>,
    /// Only this course.
    course_id: Option<i64>,
    /// Only what the caller made.
    #[serde(default)]
    mine: bool,
    /// Only titles that hold this text.
    q: Option<String>,
    /// Only in this language.
    language: Option<String>,
    /// Only of this level, by its word or Chinese name.
    level: Option<String>,
    /// Only what lacks this: `content`, `media`, `captions`, `quiz`, `summary`, `lecturer`, `source`; or `expired`,
    /// `expiring` (within thirty days).
    lack: Option<String>,
    /// Only lessons whose recording is at this point of its preparation: `failed`, `waiting` (for ffmpeg), `underway`.
    preparation: Option<String>,
    /// Only what is kept by this unit or one below.
    pub(super) unit: Option<i64>,
    /// `updated` (last changed first, when absent), `title`, `plays` (most watched first), `longest`, `shortest`,
    /// `published` (last published first).
    sort: Option<String>,
    /// Which page, from 1.
    #[serde(default)]
    #[param(inline)]
    pub(super) page: PageNumber,
    /// Lessons of a page, 1 to 100; 20 when absent.
    #[serde(default)]
    #[param(inline)]
    pub(super) size: PageSize<20, 100>,
}

impl LessonsQuery {
    pub(super) fn parse(self, caller: &Identity, unit: Option<Scope>) -> ApiResult<LessonFilter> {
        let state = self.state.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let kept = state == Some("any");
        let named = state.filter(|_| !kept).map(|text| LessonState::parse(text).ok_or_else(|| wrong("state")));
        Ok(LessonFilter {
            state: named.transpose()?,
            kept,
            category: optional_category(self.category.as_deref())?,
            course_id: self.course_id.map(CourseId),
            language: self.language.filter(|text| !text.is_empty()),
            level: one_of("level", self.level.as_deref(), catalog::level_named)?,
            lack: one_of("lack", self.lack.as_deref(), Lack::parse)?,
            preparation: one_of("preparation", self.preparation.as_deref(), Preparation::parse)?,
            created_by: self.mine.then_some(caller.account_id),
            unit,
            q: self.q,
            order: one_of("sort", self.sort.as_deref(), Order::parse)?.unwrap_or_default(),
        })
    }
}

/// What a word of the address means; blank is no word.
fn one_of<T>(name: &str, text: Option<&str>, parse: impl Fn(&str) -> Option<T>) -> ApiResult<Option<T>> {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    text.map(|text| parse(text).ok_or_else(|| wrong(name))).transpose()
}

fn wrong(name: &str) -> ApiError {
    ApiError::say(Code::InvalidRequest, format!("参数 {name} 的值不在可选范围内"))
}
