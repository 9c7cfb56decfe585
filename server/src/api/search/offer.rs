//! What suggest takes and answers as JSON.

use crate::api::paging::PageSize;
use catalog::search::{Suggestion, SuggestionKind};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What somebody has typed so far.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SuggestParams {
    /// Han, pinyin or initials. Empty: what many others search for.
    #[serde(default)]
    pub q: String,
    /// Most suggestions wanted, 1 to 20; 8 when absent.
    #[serde(default)]
    #[param(inline)]
    pub size: PageSize<8, 20>,
}

/// What to offer while somebody types.
#[derive(Serialize, ToSchema)]
pub struct SuggestAnswer {
    /// Best first.
    pub suggestions: Vec<SuggestionAnswer>,
}

/// Something to search for.
#[derive(Serialize, ToSchema)]
pub struct SuggestionAnswer {
    /// The words.
    text: String,
    /// The words as safe HTML with `<mark>` around what was typed.
    html: String,
    /// `hot`, `crop`, `tag`, `lecturer`, `course` or `title`.
    kind: &'static str,
    /// The kind as people read it.
    kind_label: &'static str,
    /// The page of a course.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
}

impl From<Suggestion> for SuggestionAnswer {
    fn from(found: Suggestion) -> Self {
        let slug = found.slug.filter(|_| found.kind == SuggestionKind::Course);
        Self {
            text: found.text,
            html: found.html,
            kind: found.kind.as_str(),
            kind_label: found.kind.label(),
            href: slug.map(|slug| format!("/courses/{slug}")),
        }
    }
}
